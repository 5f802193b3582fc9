"""`inge versions`: which versions of the standard are served, for whom, and who writes in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import ConfigOption, JsonOption, configuration, emit, table
from adapters.cli.opening import opened_tools

if TYPE_CHECKING:
    from datetime import date

    from schemas.folders import ContractFolder
    from store.senders import Sender


def versions(
    days: Annotated[
        int, typer.Option("--days", min=1, help="How far back to look for who wrote in which version.")
    ] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each version of the standard: when it is served, for how many parties, who writes in it."""
    from adapters.config_files import contract_folders
    from gateway.clock import german_day
    from messages.dialect import BUNDLED
    from store.senders import senders_since

    settings = configuration(config)
    known = [each for each in contract_folders(settings) if each.standard == BUNDLED.standard]
    with opened_tools(settings) as (store, tools), store.read() as reader:
        today = german_day(tools.clock.now())
        parties = reader.parties()
        senders = senders_since(reader, datetime.now(UTC) - timedelta(days=days))
    data: list[dict[str, Any]] = []
    for each in sorted(known, key=lambda folder: (folder.served_from, folder.version)):
        name = each.version_name
        data.append(
            {
                "version": name,
                "from": each.served_from.isoformat(),
                "until": None if each.served_until is None else each.served_until.isoformat(),
                "state": _state(each, today, settings.schemas.announce_end_days),
                "confirmed": sum(name in party.versions for party in parties),
                "senders": [_shown(sender) for sender in senders if sender.version == name],
            }
        )
    columns = ["version", "from", "until", "state", "confirmed", "senders"]
    rows = [[*(entry[name] for name in columns[:-1]), _who(entry["senders"])] for entry in data]
    emit(data, table(columns, rows), as_json=as_json)


def _state(folder: ContractFolder, today: date, announce_days: int) -> str:
    """Say where a version stands today; its end is announced in answers from some days before."""
    if folder.ended(today):
        return "ended"
    if not folder.served(today):
        return "not yet"
    last = folder.served_until
    return "ends" if last is not None and (last - today).days <= announce_days else "served"


def _shown(sender: Sender) -> dict[str, Any]:
    last = sender.last.isoformat(timespec="seconds")
    return {"party": sender.party_id, "messages": sender.messages, "last": last}


def _who(senders: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['party']} ({each['messages']})" for each in senders)
