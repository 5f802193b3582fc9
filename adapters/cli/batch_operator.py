"""The operator's side of `inge batch`: which deliveries there are, how far one is, and which comes next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.cases import ActorOption
from adapters.cli.console import (
    LARGEST_DELIVERY,
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    table,
)
from adapters.cli.opening import opened_store

if TYPE_CHECKING:
    from store.records_batch import Delivery, DeliveryProgress, DeliveryResult


def list_deliveries(
    party: Annotated[str | None, typer.Option("--party", help="Only those of one authority.")] = None,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Only those without a first result.")
    ] = False,
    at_most: Annotated[int, typer.Option("--at-most", min=1, help="How many, the latest first.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the deliveries that were taken in, the latest first, and how far each is."""
    from store.deliveries import list_deliveries as listed
    from store.deliveries import progress_of

    with opened_store(configuration(config)) as store, store.read() as reader:
        found = listed(reader.connection, party_id=party, unfinished=unfinished, limit=at_most)
        progress = progress_of(reader.connection, [each.id for each in found])
    rows = [_row(each, progress[each.id]) for each in found]
    columns = ["manifest", "party", "number", "package", "records", "decided", "state", "received"]
    words = table(columns, [[row[column] for column in columns] for row in rows])
    emit(rows, words if rows else "there is no delivery", as_json=as_json)


def show(
    manifest: Annotated[str, typer.Argument(metavar="UUID", help="UUID of the delivery's manifest.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a delivery: how it came, how its records stand, what work is left, and its results."""
    from gateway.batch.work_kinds import CHUNK
    from store.deliveries import find_deliveries, progress_of, results_of
    from store.records_work import WorkState
    from store.work import list_work

    with opened_store(configuration(config)) as store, store.read() as reader:
        connection = reader.connection
        found = [
            each for each in find_deliveries(connection, manifest.lower()) if each.accepted_at is not None
        ]
        if not found:
            raise CommandError(f"there is no delivery {manifest}", exit_code=REFUSED)
        progress = progress_of(connection, [each.id for each in found])
        results = results_of(connection, [each.id for each in found])
        dead = list_work(connection, state=WorkState.DEAD.value, kind=CHUNK, limit=_DEAD_AT_MOST)
    shown = []
    for each in found:
        mine = [result for result in results if result.delivery_id == each.id]
        rows = [row.id for row in dead if row.subject == each.id]
        shown.append(_details(each, progress[each.id], mine, rows))
    words = "\n\n".join(
        table(["", "delivery"], [(name, _plain(value)) for name, value in each.items()]) for each in shown
    )
    emit(shown[0] if len(shown) == 1 else shown, words, as_json=as_json)


def expect(
    kennung: Annotated[str, typer.Argument(help="Authority, such as dbs:000200.")],
    number: Annotated[
        int, typer.Argument(min=1, max=LARGEST_DELIVERY, help="Number of the delivery that has to come next.")
    ],
    actor: ActorOption,
    package: Annotated[
        int, typer.Argument(min=1, max=LARGEST_DELIVERY, help="Number of the package in it.")
    ] = 1,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which delivery of an authority has to come next, where numbers got lost or are new.

    It has to be above every number that was ever delivered.
    """
    from store.deliveries import last_place
    from store.records import JournalEntry, JournalKind
    from store.records_batch import DeliverySequence

    following = (
        DeliverySequence(kennung, number - 1, 1, True)
        if package == 1
        else DeliverySequence(kennung, number, package - 1, False)
    )
    with opened_store(configuration(config)) as store:
        with store.read() as reader:
            if kennung not in {each.kennung for each in reader.parties()}:
                raise CommandError(f"there is no party {kennung}", exit_code=REFUSED)
        with store.unit_of_work() as work:
            before = work.lock_sequence(kennung)
            # Nothing of this party is accepted while we hold that.
            with store.read() as reader:
                last = last_place(reader.connection, kennung)
            used = work.delivery_by_number(kennung, *last)
            if used is not None and (number, package) <= last:
                # Numbers go up: behind the lower one the higher one would be in the way.
                what = f"{used.number}/{used.package} was delivered already ({used.uuid})"
                raise CommandError(what, exit_code=REFUSED)
            work.set_sequence(following)
            facts = {
                "actor": actor,
                "did": "batch-expect",
                "before": "{}/{}".format(*before.expected),
                "after": f"{number}/{package}",
            }
            work.add_journal(
                JournalEntry(JournalKind.CLERK, datetime.now(UTC), party_id=kennung, facts=facts)
            )
            work.commit()
    data = {"party": kennung, "before": facts["before"], "expected": facts["after"]}
    emit(data, f"{kennung}: expected is {number}/{package} now, it was {facts['before']}", as_json=as_json)


_DEAD_AT_MOST = 10_000


def _row(delivery: Delivery, progress: DeliveryProgress) -> dict[str, Any]:
    return {
        "manifest": delivery.uuid,
        "party": delivery.party_id,
        "number": delivery.number,
        "package": delivery.package,
        "last": delivery.last,
        "records": delivery.records,
        "decided": progress.records_done,
        "state": "in work" if delivery.finished_at is None else "finished",
        "received": delivery.received_at.isoformat(timespec="seconds"),
    }


def _details(
    delivery: Delivery, progress: DeliveryProgress, results: list[DeliveryResult], dead: list[int]
) -> dict[str, Any]:
    return {
        **_row(delivery, progress),
        "door": delivery.door,
        "bytes": delivery.size,
        "sha256": delivery.sha256.hex(),
        "signer": delivery.signer_fingerprint,
        "chunks": progress.chunks,
        "open": progress.open,
        "missed": progress.missed,
        "dead_work": dead,
        **progress.counts._asdict(),
        "results": [
            {
                "addendum": each.addendum,
                "note": each.uuid,
                "made": each.created_at.isoformat(timespec="seconds"),
                "fetched": each.first_fetched_at is not None,
                "confirmed": each.confirmed_at is not None,
            }
            for each in results
        ],
    }


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(_plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
