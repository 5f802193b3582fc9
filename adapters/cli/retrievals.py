"""`inge retrievals`: what agencies were told about persons (§ 8 IntV), for the data-protection officer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from adapters.cli.console import (
    LARGEST_ID,
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    table,
    tell_limit,
)
from adapters.cli.opening import opened_tools

if TYPE_CHECKING:
    from gateway.information.officer import Entry

app = typer.Typer(help="Look at the log of retrievals, hold and delete entries.", no_args_is_help=True)

_FIRST_DAY = date(1970, 1, 1)

ActorOption = Annotated[str, typer.Option("--as", help="The user who acts; kept in the journal.")]
EntriesArgument = Annotated[
    list[int], typer.Argument(max=LARGEST_ID, help="Ids of entries, as `list` prints them.")
]


@app.command("list")
def list_entries(
    actor: ActorOption,
    party: Annotated[str | None, typer.Option(help="Only what this agency was told, by its key.")] = None,
    number: Annotated[str | None, typer.Option(help="Only about the person of this BAMF number.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this German day on.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to this German day, included.")] = None,
    held: Annotated[bool, typer.Option("--held", help="Only entries that are held.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List entries, the newest first: when, who, what for, about whom, which data. Journaled."""
    from gateway.information.officer import look
    from gateway.requests import number_of
    from store.retrievals import RetrievalQuery, persons_of_number

    first, last = _day(since, "--from"), _day(until, "--until")
    with opened_tools(configuration(config)) as (store, tools), _plain():
        persons = None
        if number is not None:
            with store.read() as reader:
                persons = persons_of_number(reader.connection, number_of(number) or "")
            if not persons:
                raise CommandError("nobody has this number", exit_code=REFUSED)
        query = RetrievalQuery(
            party_id=party,
            persons=persons,
            since=None if first is None else _begin(first),
            before=None if last is None else _begin(last + timedelta(days=1)),
            only_held=held,
        )
        found = look(store, tools, query, limit=limit, actor=actor)
    rows = [
        (
            entry.id, f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.party_id, entry.purpose, entry.relation,
            case or "–", entry.answer_type, entry.reason_code, ", ".join(entry.scope) or "nothing",
            "held" if entry.held_at else "",
        )
        for entry, case in found
    ]  # fmt: skip
    columns = ["id", "time (UTC)", "agency", "purpose", "relation", "number", "answer", "code", "data", ""]
    emit([_data(each) for each in found], table(columns, rows), as_json=as_json)
    tell_limit(len(found), limit)


@app.command("show")
def show(
    entry_id: Annotated[int, typer.Argument(max=LARGEST_ID, help="Id of the entry.")],
    actor: ActorOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry with everything it holds. Journaled."""
    from gateway.information import officer

    with opened_tools(configuration(config)) as (store, tools), _plain():
        found = officer.show(store, tools, entry_id, actor=actor)
    if found is None:
        raise CommandError(f"there is no entry {entry_id}", exit_code=REFUSED)
    data = _data(found)
    rows = [
        (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
        for name, value in data.items()
    ]
    emit(data, table(["", ""], rows), as_json=as_json)


@app.command("hold")
def hold(
    ids: EntriesArgument,
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="Which control needs them.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep entries beyond six months, until they are released; all of them or none."""
    from gateway.information import officer

    with opened_tools(configuration(config)) as (store, tools), _plain():
        done = officer.hold(store, tools, ids, actor=actor, reason=reason)
    emit({"held": done}, f"{done} entries are held", as_json=as_json)


@app.command("release")
def release(
    ids: EntriesArgument, actor: ActorOption, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Hold entries no longer: they are deleted when they are older than six months."""
    from gateway.information import officer

    with opened_tools(configuration(config)) as (store, tools), _plain():
        done = officer.release(store, tools, ids, actor=actor)
    emit({"released": done}, f"{done} entries are held no longer", as_json=as_json)


@app.command("delete-due")
def delete_due(
    actor: ActorOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what is older than six months and not held; the scheduler does it by itself."""
    from gateway.information import officer

    with opened_tools(configuration(config)) as (store, tools), _plain():
        waiting, held = officer.due(store, tools)
        done = 0 if dry_run else officer.delete_due(store, tools, actor=actor)
    told = f"{waiting} entries are due" if dry_run else f"{done} entries are deleted"
    data = {"due": waiting, "held": held, "deleted": done}
    emit(data, f"{told}; {held} older ones are held", as_json=as_json)


@contextmanager
def _plain() -> Iterator[None]:
    from gateway.information.officer import OfficerError

    try:
        yield
    except OfficerError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error


def _data(found: Entry) -> dict[str, Any]:
    entry, number = found
    return {**asdict(entry), "number": number}


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option} is a day like 2026-11-24, not {text!r}") from error
    if not _FIRST_DAY <= day < date.max:
        raise CommandError(f"{option}: no entry is of {day}")
    return day


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("Europe/Berlin")).astimezone(UTC)
