"""`inge serve` and `inge migrate`: bring the tables up to date, run the gateway."""

from __future__ import annotations

from adapters.cli.console import ConfigOption, JsonOption, configuration, emit


def serve(config: ConfigOption = None) -> None:
    """Run the gateway until it is told to stop (SIGTERM, Ctrl-C); requests under way are finished."""
    from adapters.config import config_path
    from adapters.server import serve as run

    run(config_path(config))


def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the store's tables to the revision this program needs."""
    from store.migrate import migrate as bring_up_to_date
    from store.revision import HEAD

    bring_up_to_date(configuration(config).store.url)
    emit({"revision": HEAD}, f"the store has revision {HEAD}", as_json=as_json)
