"""Procedures that nobody goes on with: when they are ended, what is left of them, and who is told."""

import logging
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.cli.connect_output import looked_at
from gateway.connecting import confirming, procedure
from gateway.connecting.abandoning import AbandonedProcedures, idle
from gateway.connecting.products import need_product
from gateway.connecting.steps import SUPPLY, ConnectError
from store.connections import history_of
from store.records_connection import ConnectionState, Procedure
from tests.support.connecting import TestOffice, TwoEnvironments, report, written
from tests.support.core import settings

DAYS = settings().connect_idle_days


def task(office: TestOffice) -> AbandonedProcedures:
    """The task of a process that has just been started."""
    return AbandonedProcedures(office.test.store, office.test.pipeline.tools)


def ended(office: TestOffice) -> int:
    return task(office).work(50).done


def found(office: TestOffice, opened: Procedure) -> Procedure:
    with office.test.store.read() as reader:
        return procedure.need_procedure(reader.connection, opened.id)


def kept_contents(office: TestOffice) -> int:
    with office.test.store.read() as reader:
        counts = [
            reader.connection.execute(text(f"SELECT count(wrapped) FROM {table}")).scalar_one()
            for table in ("connection_supplied", "connection_comparison")
        ]
    return sum(counts)


def test_what_nobody_goes_on_with_is_ended_and_its_test_data_go(
    office: TestOffice, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    message = report()
    opened = office.opened()
    office.test.deliver(message)
    office.supply(opened, written(tmp_path, message))
    assert office.compare(opened)["equal"]
    assert kept_contents(office) == 2
    office.clock.advance(days=DAYS - 1)
    with caplog.at_level(logging.WARNING, "gateway.connecting"):
        assert ended(office) == 0
    assert [each.getMessage() for each in caplog.records] == [
        f"a connection is idle and will be ended: inge connect show {opened.id}"
    ]
    caplog.clear()
    office.clock.advance(days=1)
    with caplog.at_level(logging.WARNING, "gateway.connecting"):
        assert (ended(office), ended(office)) == (1, 0)
    (told,) = caplog.records
    assert told.getMessage() == (
        f"a connection that nobody went on with was ended: inge connect show {opened.id}"
    )
    assert (told.__dict__["party"], told.__dict__["idle_days"]) == (opened.kennung, str(DAYS))
    over = found(office, opened)
    assert (over.state, over.ended_at) == (ConnectionState.ABANDONED, office.clock.now())
    assert kept_contents(office) == 0
    with office.test.store.read() as reader:
        last = history_of(reader.connection, "procedure", str(opened.id))[-1]
    assert (last.step, last.before, last.actor) == ("abandon", "COMPARED_EQUAL", "scheduler")
    assert last.reason == f"nothing happened for {DAYS} days"
    with pytest.raises(ConnectError, match="ABANDONED"):
        office.confirm(opened)
    with pytest.raises(ConnectError, match="destroyed with the test data"):
        confirming.last_report(office.desk(), opened.id)
    # The way is free for another one.
    with office.test.store.read() as reader:
        product = need_product(reader.connection, opened.product_id)
    assert office.opened(product=product).state == ConnectionState.AUTHORITY_REGISTERED


def test_steps_of_the_office_and_messages_of_the_authority_count(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened()
    office.clock.advance(days=DAYS - 1)
    office.supply(opened, written(tmp_path, report()))
    office.clock.advance(days=DAYS - 1)
    assert ended(office) == 0
    office.test.deliver(report())
    office.clock.advance(days=DAYS - 1)
    assert ended(office) == 0
    office.clock.advance(days=1)
    assert ended(office) == 1


def test_it_is_looked_for_once_a_day_and_page_by_page(office: TestOffice) -> None:
    for version in ("1.0", "1.1", "1.2"):
        office.opened(product=office.product(version))
    looking = task(office)
    office.clock.advance(days=DAYS)
    steps = [looking.work(2) for _ in range(3)]
    assert [(each.done, each.more) for each in steps] == [(2, True), (1, False), (0, False)]
    office.clock.advance(days=1)
    assert looking.work(2).done == 0


def test_what_is_over_or_productive_is_left_alone(both: TwoEnvironments, tmp_path: Path) -> None:
    opened = both.confirmed(tmp_path, report())
    both.take(both.export(opened))
    both.clock.advance(days=2 * DAYS)
    assert ended(both) == 0
    assert found(both, opened).state == ConnectionState.CONFIRMED
    productive = AbandonedProcedures(both.productive.store, both.productive.pipeline.tools)
    assert productive.work(50).done == 0


def test_who_goes_on_at_the_same_moment_is_not_cut_off(office: TestOffice) -> None:
    opened = office.opened()
    office.clock.advance(days=DAYS)
    done: list[int] = []
    ending = threading.Thread(target=lambda: done.append(ended(office)))
    desk = office.desk()
    with desk.write() as connection:
        at_hand = procedure.need_procedure(connection, opened.id)
        procedure.change(desk, connection, at_hand, SUPPLY, ConnectionState.AUTHORITY_REGISTERED)
        ending.start()
        # Long enough to find it idle and to wait for it.
        ending.join(0.5)
    ending.join()
    assert done == [0]
    assert found(office, opened).ended_at is None


def test_how_long_each_is_idle_is_told(office: TestOffice) -> None:
    opened = office.opened()
    office.clock.advance(days=3)
    with office.test.store.read() as reader:
        connection, now = reader.connection, office.clock.now()
        is_idle = idle(connection, found(office, opened), settings(), now)
        told = looked_at(opened, need_product(connection, opened.product_id), is_idle)
    assert (told["idle_days"], told["ends_on"]) == (3, "2027-05-23")
    assert told["idle_since"] == opened.opened_at.isoformat()
