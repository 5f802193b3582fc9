"""`inge hints`: persons that may be one, with the reasons in words. A hint never blocks anything."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from adapters.cli.cases import ActorOption, ReasonOption, weak_data
from adapters.cli.console import (
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

app = typer.Typer(help="List, show and decide hints that two persons may be one.", no_args_is_help=True)

PersonArgument = Annotated[str, typer.Argument(help="BAMF number or id of a person.")]


@app.command("list")
def list_hints(
    limit: Annotated[int, typer.Option(min=1, max=10000, help="At most so many.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the hints that the sweep found and nobody has decided, oldest first."""
    from gateway.clerks.hints import Reason
    from store.search import waiting_hints

    with opened_tools(configuration(config)) as (store, _), store.read() as reader:
        found = waiting_hints(reader.connection, limit=limit)
    data: list[dict[str, Any]] = []
    rows = []
    for hint in found:
        reasons = [Reason(**each) for each in hint.reasons]
        data.append(
            {
                "persons": [hint.low_id, hint.high_id],
                "found_at": hint.found_at,
                "reasons": [{"code": each.code, "de": each.german, "en": each.english} for each in reasons],
            }
        )
        words = " ".join(each.english for each in reasons)
        rows.append((hint.low_id, hint.high_id, f"{hint.found_at:%Y-%m-%d}", words))
    emit(data, table(["person", "person", "found", "reasons"], rows), as_json=as_json)
    tell_limit(len(found), limit)


_AT_ONCE = 500
"""Persons indexed in one transaction."""


@app.command("show")
def show(person: PersonArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Search now whom a person may be, with the reasons."""
    from gateway.clerks.desk import ClerkError, named_person
    from gateway.clerks.hints import appearance_of
    from gateway.clerks.sweep import HintSweep, weak_candidates

    with opened_tools(configuration(config)) as (store, tools):
        try:
            with store.unit_of_work() as work:
                found = named_person(work, person)
        except ClerkError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
        # Persons that came since the last turn of the scheduler are found too.
        sweep = HintSweep(store, tools.clock)
        while sweep.work(_AT_ONCE).more:
            pass
        with store.read() as reader:
            weak = list(weak_candidates(reader.connection, appearance_of(found), found.id))
    rows = [
        (other.id, other.surname, other.first_name, other.birth, " ".join(each.english for each in reasons))
        for other, reasons in weak
    ]
    text = table(["person", "surname", "first name", "birth", "reasons"], rows)
    emit({"person": found.id, "weak": weak_data(weak)}, text, as_json=as_json)


@app.command("decide")
def decide(
    one: PersonArgument,
    other: PersonArgument,
    actor: ActorOption,
    same: Annotated[bool, typer.Option("--same", help="They are one person: merge them.")] = False,
    different: Annotated[
        bool, typer.Option("--different", help="They are not: the pair is remembered and never shown again.")
    ] = False,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide whether two persons are one; it can be undone by `inge cases undo`."""
    from gateway.clerks.desk import ClerkError
    from gateway.clerks.pairs import decide_pair

    if same == different:
        raise CommandError("one of --same and --different is needed")
    with opened_tools(configuration(config)) as (store, tools):
        try:
            done = decide_pair(store, tools, one, other, are_same=same, actor=actor, reason=reason)
        except ClerkError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    lines = [f"work item {done.item.id}: {done.choice}", *(f"  - {event.words}" for event in done.events)]
    emit(done.as_data(), "\n".join(lines), as_json=as_json)
