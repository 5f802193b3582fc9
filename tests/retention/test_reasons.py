"""What users write about connections: it may name somebody, and goes by its own age."""

import json
from pathlib import Path

from sqlalchemy import select

from gateway.connecting import carrying, procedure, products
from gateway.retention.run import LOOKED_AT_ONCE, Run, Tally, finished
from store.connections import history_of
from store.engine import Store
from store.schema import connection_history, connection_left_out, journal
from tests.support.connecting import TestOffice, report, uuid_of, written

ACCEPTED, LEFT_OUT, GIVEN_UP = "Abnahme mit Frau Wagenknecht", "Tippfehler von Feuerstein", "Anruf Zeynep"


def ran(office: TestOffice, *, dry: bool = False) -> Tally:
    return finished(Run(office.test.store, office.test.pipeline.tools, dry=dry))


def reasons(store: Store) -> set[str]:
    with store.read() as reader:
        return {
            found
            for table in (connection_history, connection_left_out)
            for found in reader.connection.execute(select(table.c.reason)).scalars()
            if found
        }


def test_reasons_of_connections_go_after_five_years_and_steps_stay(store: Store, tmp_path: Path) -> None:
    office = TestOffice(store)
    product = products.register_product(office.desk(), "Musterhaus", "Verfahren", "1.0")
    products.accept_product(office.desk(), product.id, ACCEPTED)
    opened = office.opened(product=product)
    given, mistyped = report(), report()
    for message in (given, mistyped):
        office.test.deliver(message)
    office.supply(opened, written(tmp_path, given))
    procedure.leave_message_out(office.desk(), opened.id, uuid_of(mistyped), LEFT_OUT)
    office.clock.advance(days=366)
    carrying.withdraw_procedure(office.desk("head"), opened.id, GIVEN_UP)
    with store.read() as reader:
        before = history_of(reader.connection, "procedure", str(opened.id))
    # Five years after 24 November 2026 are over with 24 November 2031.
    office.clock.advance(days=5 * 365 + 1 - 366)
    assert (ran(office).reasons, reasons(store)) == (0, {ACCEPTED, LEFT_OUT, GIVEN_UP})
    office.clock.advance(days=1)
    # The reason of leaving out stands with the message and in the history.
    assert (ran(office, dry=True).reasons, len(reasons(store))) == (3, 3)
    assert ran(office).as_data()["reasons_of_connections"] == 3
    assert reasons(store) == {GIVEN_UP}
    office.clock.advance(days=367)
    assert (ran(office).reasons, ran(office).reasons, reasons(store)) == (1, 0, set())
    with store.read() as reader:
        after = history_of(reader.connection, "procedure", str(opened.id))
        told = reader.connection.execute(select(journal.c.facts).where(journal.c.kind == "erased"))
        assert [each for each in map(json.loads, told.scalars()) if "reasons" in each] == [
            {"reasons": 3, "actor": "retention"},
            {"reasons": 1, "actor": "retention"},
        ]
    assert [(each.step, each.at, each.actor) for each in after] == [
        (each.step, each.at, each.actor) for each in before
    ]


def test_many_reasons_go_in_small_steps(store: Store) -> None:
    office = TestOffice(store)
    product = products.register_product(office.desk(), "Musterhaus", "Verfahren", "1.0")
    products.accept_product(office.desk(), product.id, ACCEPTED)
    with store.write() as connection:
        row = connection.execute(
            select(connection_history).where(connection_history.c.reason == ACCEPTED)
        ).one()
        rows = [{**row._mapping, "id": store.new_id()} for _ in range(LOOKED_AT_ONCE)]
        connection.execute(connection_history.insert(), rows)
    office.clock.advance(days=5 * 365 + 2)
    run = Run(store, office.test.pipeline.tools)
    left = []
    while run.next():
        with store.read() as reader:
            wanted = select(connection_history.c.id).where(connection_history.c.reason == ACCEPTED)
            left.append(len(reader.connection.execute(wanted).all()))
    assert left[-2:] == [1, 0]
    assert run.tally.reasons == LOOKED_AT_ONCE + 1
