"""`inge cases`: what waits for a clerk, both persons side by side, deciding and undoing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import (
    LARGEST_ID,
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    table,
)
from adapters.cli.opening import opened_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.clerks.comparison import Candidate, Described, Waiting
    from gateway.clerks.desk import Act
    from gateway.clerks.sweep import Weak
    from gateway.clerks.worklist import Entry, Shown
    from store.records import CaseRecord, RightRecord, WorkItemState
    from store.records_information import Takeover

app = typer.Typer(help="List, show, decide and undo the work items of clerks.", no_args_is_help=True)

ItemArgument = Annotated[
    int, typer.Argument(max=LARGEST_ID, help="Id of the work item, as `inge cases list` prints it.")
]
ActorOption = Annotated[str, typer.Option("--as", help="The user who acts; kept with the decision.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]


@app.command("list")
def list_items(
    office: Annotated[str | None, typer.Option(help="Only the items of this regional office.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only of this kind: duplicate, conflict, weak, block, inquiry.")
    ] = None,
    state: Annotated[str, typer.Option(help="open, closed or all.")] = "open",
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only those past the mark of three working days.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List work items by age, with the mark of three working days."""
    from gateway.clerks.worklist import list_entries
    from gateway.clock import german_day
    from gateway.identity import BLOCK, CONFLICT, DUPLICATE, INQUIRY, WEAK
    from store.offices import list_offices

    wanted = _state(state)
    if kind not in (None, DUPLICATE, CONFLICT, WEAK, BLOCK, INQUIRY):
        raise CommandError(f"--kind is duplicate, conflict, weak, block or inquiry, not {kind!r}")
    with opened_tools(configuration(config)) as (store, tools):
        entries = list_entries(store, tools, state=wanted, office=office, kind=kind, only_overdue=overdue)
        if office is not None and not entries:
            with store.read() as reader:
                known = {each.id for each in list_offices(reader.connection)}
            if office not in known:
                raise CommandError(f"there is no office {office!r}: see `inge offices list`")
    rows = [
        (
            each.item.id,
            each.item.kind,
            each.item.office_id or "–",
            each.opened_on,
            f"{each.working_days} d{'  OVERDUE' if each.overdue else ''}",
            each.mark,
            "" if each.item.reminded_at is None else german_day(each.item.reminded_at),
            len(each.item.candidates),
            len(each.item.messages),
            _state_of(each),
        )
        for each in entries
    ]
    columns = [
        "id", "kind", "office", "opened", "working days", "mark", "reminded", "persons", "messages", "state",
    ]  # fmt: skip
    emit([_entry(each) for each in entries], table(columns, rows), as_json=as_json)


@app.command("show")
def show(item_id: ItemArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show who was reported beside every candidate: differences marked, hints, cases, waiting messages."""
    from gateway.clerks import worklist

    with opened_tools(configuration(config)) as (store, tools):
        shown = worklist.show(store, tools, item_id)
    if shown is None:
        raise CommandError(f"there is no work item {item_id}", exit_code=REFUSED)
    emit(_shown(shown), _page(shown), as_json=as_json)


@app.command("decide")
def decide(
    item_id: ItemArgument,
    actor: ActorOption,
    same: Annotated[
        str | None, typer.Option("--same", help="It is this person: BAMF number or id of a person.")
    ] = None,
    different: Annotated[bool, typer.Option("--different", help="It is none of the candidates.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Of a conflict: the new right replaces what is there.")
    ] = False,
    refuse: Annotated[
        str | None, typer.Option("--refuse", help="Of a conflict: refused, with this text for the agency.")
    ] = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="Of a disclosure block that another agency reported: it ends.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Of a disclosure block that another agency reported: it stays.")
    ] = False,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide a work item and every message that waits for it.

    Exit code 1 if that cannot be: somebody else decided it, or it does not fit the item.
    """
    from gateway.clerks import decide as deciding
    from gateway.clerks.blocks import KEEP, LIFT
    from gateway.clerks.desk import ClerkError

    choices = [
        choice
        for given, choice in (
            (same is not None, deciding.Choice(deciding.SAME, person=same)),
            (different, deciding.Choice(deciding.DIFFERENT)),
            (replace, deciding.Choice(deciding.REPLACE)),
            (refuse is not None, deciding.Choice(deciding.REFUSE, text=refuse)),
            (lift, deciding.Choice(LIFT)),
            (keep, deciding.Choice(KEEP)),
        )
        if given
    ]
    if len(choices) != 1:
        raise CommandError("one of --same, --different, --replace, --refuse, --lift and --keep is needed")
    with opened_tools(configuration(config)) as (store, tools):
        try:
            done = deciding.decide(store, tools, item_id, choices[0], actor=actor, reason=reason)
        except ClerkError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    emit(done.as_data(), _told(f"work item {item_id}: {done.choice}", done), as_json=as_json)


@app.command("undo")
def undo(
    item_id: ItemArgument,
    actor: ActorOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only what follows is shown.")] = False,
    same: Annotated[
        str | None,
        typer.Option("--same", help="Of several candidates the one it is after all: BAMF number or id."),
    ] = None,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo a decision: "same" becomes "different" and the other way round.

    Without --yes nothing is changed; what would follow is shown, and the exit code is 1.
    """
    from gateway.clerks import undo as undoing
    from gateway.clerks.desk import ClerkError

    with opened_tools(configuration(config)) as (store, tools):
        try:
            done = undoing.undo(store, tools, item_id, actor=actor, reason=reason, person=same, really=yes)
        except ClerkError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    again = "to be decided again" if done.choice == "undone" else done.choice
    head = f"work item {item_id} is undone: {again}" if yes else "This follows; do it with --yes:"
    emit(done.as_data(), _told(head, done), as_json=as_json)
    finish(not yes)


def _state(name: str) -> WorkItemState | None:
    from store.records import WorkItemState

    if name == "all":
        return None
    try:
        return WorkItemState(name.upper())
    except ValueError as error:
        raise CommandError(f"--state is open, closed or all, not {name!r}") from error


def _state_of(entry: Entry) -> str:
    item = entry.item
    if item.decision is None:
        return str(item.state)
    return f"{item.decision['choice']} by {item.decided_by}" + (" (undone)" if item.undone_at else "")


def _told(head: str, done: Act) -> str:
    return "\n".join([head, *(f"  - {event.words}" for event in done.events)])


def _entry(entry: Entry) -> dict[str, Any]:
    item = entry.item
    return {
        "id": item.id,
        "kind": item.kind,
        "state": str(item.state),
        "office": item.office_id,
        "opened_at": item.opened_at,
        "opened_on": entry.opened_on,
        "working_days": entry.working_days,
        "mark": entry.mark,
        "overdue": entry.overdue,
        "reminded_at": item.reminded_at,
        "candidates": list(item.candidates),
        "messages": [asdict(ref) for ref in item.messages],
        "decision": item.decision,
        "decided_by": item.decided_by,
        "decided_at": item.decided_at,
        "undone_at": item.undone_at,
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        **_entry(shown.entry),
        "conflict": None
        if shown.row is None
        else {"row": shown.row.id, "de": shown.row.explanation_de, "en": shown.row.explanation_en},
        "person": shown.subject,
        "reported": _fields(shown.reported),
        "messages": [_message(each, shown.reported) for each in shown.messages],
        "candidates": [_candidate(each) for each in shown.candidates],
        "weak": weak_data(shown.weak),
    }


def _fields(described: Described | None) -> dict[str, str] | None:
    return None if described is None else dict(described.fields)


def _message(waiting: Waiting, first: Described | None) -> dict[str, Any]:
    told = waiting.reported
    return {
        "party": waiting.ref.party_id,
        "agency": waiting.agency,
        "uuid": waiting.ref.uuid,
        "type": waiting.message_type,
        "right": waiting.right,
        "received_at": waiting.received_at,
        "reported": _fields(told),
        "differing": [] if told is None or first is None else list(told.differing(first)),
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "person": candidate.person.id,
        "deceased": candidate.person.deceased,
        "fields": dict(candidate.described.fields),
        "differing": list(candidate.differing),
        "hints": [{"code": each.code, "de": each.german, "en": each.english} for each in candidate.hints],
        "cases": [
            {
                "number": case.number,
                "state": state,
                "opened_on": case.opened_on,
                "used_units": case.used_units,
                "granted_units": case.granted_units,
                "rights": [
                    {
                        "art": right.art,
                        "only_orientation": right.only_orientation,
                        "only_language": right.only_language,
                        "agency": right.agency,
                        "agency_name": right.agency_name,
                        "valid_from": right.valid_from,
                        "valid_until": right.valid_until,
                        "status": str(right.status),
                    }
                    for right in case.rights
                ],
                "obliging": obliging_data(case, candidate.takeovers),
            }
            for case, state in zip(candidate.cases, candidate.states, strict=True)
        ],
    }


def obliging_data(case: CaseRecord, takeovers: Iterable[Takeover]) -> list[dict[str, Any]]:
    """Return the agencies that a participant is obliged to as JSON-able data."""
    from gateway.information.relation import obliging_agencies

    return [asdict(each) for each in obliging_agencies(case, takeovers)]


def weak_data(weak: tuple[Weak, ...] | list[Weak]) -> list[dict[str, Any]]:
    """Return weak candidates with their reasons as JSON-able data."""
    return [
        {
            "person": person.id,
            "surname": person.surname,
            "first_name": person.first_name,
            "birth": person.birth,
            "reasons": [{"code": each.code, "de": each.german, "en": each.english} for each in reasons],
        }
        for person, reasons in weak
    ]


def _page(shown: Shown) -> str:
    from gateway.clerks.comparison import side_by_side
    from gateway.clerks.desk import events_of
    from gateway.identity import WEAK

    item, entry = shown.entry.item, shown.entry
    late = ", OVERDUE" if entry.overdue else ""
    parts = [
        f"work item {item.id}, {item.kind}, {_state_of(entry)}",
        f"office {item.office_id or '–'}, opened {entry.opened_on}, {entry.working_days} working days"
        f" (mark {entry.mark}{late})",
    ]
    if shown.row is not None:
        parts.append(f"{shown.row.id}: {shown.row.explanation_en}")
    if item.decision is not None:
        parts += [f"  - {event.words}" for event in events_of(item.decision)]
    first = [] if shown.reported is None else ["reported" if shown.subject is None else str(shown.subject)]
    columns = ["", *first, *(str(each.person.id) for each in shown.candidates)]
    parts += ["", table(columns, side_by_side(shown.reported, shown.candidates))]
    for each in shown.candidates:
        parts += ["", *_about(each)]
    for person, reasons in shown.weak:
        name = f"{person.surname or '–'}, {person.first_name or '–'}, {person.birth}"
        parts += ["", f"perhaps also person {person.id} ({name}):", *(f"  {why.english}" for why in reasons)]
    if shown.messages:
        rows = [
            (
                each.message_type,
                each.right or "–",
                each.agency,
                f"{each.received_at:%Y-%m-%d %H:%M}",
                each.ref.uuid,
            )
            for each in shown.messages
        ]
        head = "waiting" if item.state == "OPEN" and item.kind != WEAK else "message"
        parts += ["", table([head, "right", "agency", "received (UTC)", "uuid"], rows)]
    return "\n".join(parts)


def _kind(right: RightRecord) -> str:
    from gateway.clerks.comparison import kind_of_right

    return kind_of_right(
        right.art, only_orientation=right.only_orientation, only_language=right.only_language
    )


def _about(candidate: Candidate) -> list[str]:
    lines = [f"person {candidate.person.id}{' (deceased)' if candidate.person.deceased else ''}:"]
    lines += [f"  hint: {why.english}" for why in candidate.hints]
    for case, state in zip(candidate.cases, candidate.states, strict=True):
        lines.append(f"  case {case.number}: {state}, {case.used_units} of {case.granted_units} units used")
        lines += [
            f"    right {_kind(right)} of {right.agency_name} from {right.valid_from}"
            f" until {right.valid_until or 'further notice'}: {right.status}"
            for right in case.rights
        ]
        lines += [
            f"    obliging: {each['agency_name']}, {obliged_since(each)}"
            for each in obliging_data(case, candidate.takeovers)
        ]
    return lines


def obliged_since(obliging: Mapping[str, Any]) -> str:
    """Say how an agency came to oblige, and since when. In: one of `obliging_data`."""
    return f"{'took over' if obliging['taken_over'] else 'issued the right'} on {obliging['since']}"
