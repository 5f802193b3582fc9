"""`inge serve` and `inge migrate`: bring the tables up to date, run the gateway."""

from __future__ import annotations

from adapters.cli.console import ConfigOption, JsonOption, configuration, emit


def serve(config: ConfigOption = None) -> None:
    """Run the gateway until it is told to stop (SIGTERM, Ctrl-C); requests under way are finished."""
    from adapters.config import config_path
    from adapters.server import serve as run

    run(config_path(config))


def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the tables of the store to the revision this program needs, and those of the acceptance store."""
    from store.acceptance.migrate import migrate_acceptance
    from store.migrate import head_revision
    from store.migrate import migrate as bring_up_to_date

    settings = configuration(config)
    if settings.acceptance.url is not None:
        migrate_acceptance(settings.acceptance.url)
    bring_up_to_date(settings.store.url)
    emit({"revision": head_revision()}, f"the store has revision {head_revision()}", as_json=as_json)
