"""A confirmation between two environments that share no store: what unlocks, and what does not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fixtures.persons import BAMF
from gateway.connecting import carrying, procedure
from gateway.connecting.steps import ConnectError
from gateway.trust.admission import Limits
from gateway.trust.signed_document import sign_document
from messages.frame import Message
from messages.registry import in_version
from store.confirmations import grant, grants
from store.connections import history_of, list_products
from store.parties import add_party, lock_party, show_party
from store.records_connection import ConnectionState, Pair
from tests.support import versions
from tests.support.connecting import (
    ENTITLEMENT,
    OBLIGATION,
    STANDARD,
    TwoEnvironments,
    obligation,
    report,
    somebody,
    written,
)
from tests.support.core import ABH1, NOW, party
from tests.support.pki import shared_pki


def productive(make: Callable[..., Message] = report) -> Message:
    """A message without the mark of tests."""
    return make(somebody(), test=None)


def test_equal_test_data_unlock_production_for_what_was_confirmed_and_no_more(
    both: TwoEnvironments, tmp_path: Path
) -> None:
    assert both.productive.refused(productive()).code == "T070.type-not-allowed"
    octets = both.export(both.confirmed(tmp_path, report()))
    taken = both.take(octets)
    assert (taken.kennung, taken.state, taken.confirmed_by) == (
        ABH1.kennung,
        ConnectionState.PRODUCTIVE,
        "head",
    )
    assert taken.scope == {ENTITLEMENT}
    assert both.productive.deliver(productive()).message_type == "070003"
    refusal = both.productive.refused(productive(obligation))
    assert (refusal.code, refusal.handlung.value) == ("T070.type-not-allowed", "call")


def test_a_pair_counts_not_its_halves(both: TwoEnvironments, tmp_path: Path) -> None:
    both.take(both.export(both.confirmed(tmp_path, report())))
    other = Pair(OBLIGATION.message_type, "XAusländer 27.05")
    with both.productive.store.write() as connection:
        # Connected for the type in another version, and for the version with another type.
        grant(connection, ABH1.kennung, [other], "another")
        record = show_party(connection, ABH1.kennung)
    assert OBLIGATION.message_type in record.allowed_types
    assert STANDARD in record.versions
    refusal = both.productive.refused(productive(obligation))
    assert refusal.code == "T070.not-connected"
    assert "070008 in XAusländer 26.11" in refusal.text_englisch
    assert both.productive.deliver(productive()).message_type == "070003"


def test_the_file_is_signed_once_and_imported_once(both: TwoEnvironments, tmp_path: Path) -> None:
    opened = both.confirmed(tmp_path, report())
    octets = both.export(opened)
    both.clock.advance(days=1)
    assert both.export(opened) == octets
    both.take(octets)
    with pytest.raises(ConnectError, match="was imported already, on 2026-11-25 by operator"):
        both.take(octets)


def test_a_confirmation_counts_at_the_gateway_it_is_meant_for_only(
    both: TwoEnvironments, tmp_path: Path
) -> None:
    here, other = BAMF.kennung, "dbs:091234567"
    opened = both.confirmed(tmp_path, report())
    with pytest.raises(ConnectError, match=f"{other} is no productive gateway .*confirms_for"):
        both.export(opened, other)
    two: dict[str, Any] = {"confirms_for": (here, other)}
    with pytest.raises(ConnectError, match=f"--for.*: {here}, {other}"):
        both.export(opened, **two)
    octets = both.export(opened, other, **two)
    assert both.export(opened) == octets
    with pytest.raises(ConnectError, match=f"exported for {other} already"):
        both.export(opened, here, **two)
    with pytest.raises(ConnectError, match=f"meant for the productive gateway of {other}, .* {here}"):
        both.take(octets)
    with both.productive.store.read() as reader:
        assert grants(reader.connection) == {}
    assert both.take(octets, kennung=other).scope == {ENTITLEMENT}


def test_what_is_not_the_test_gateways_word_is_refused(both: TwoEnvironments, tmp_path: Path) -> None:
    octets = both.export(both.confirmed(tmp_path, report()))
    unsigned = etree.fromstring(octets)
    unsigned.remove(unsigned[-1])
    forged = sign_document(unsigned, key=shared_pki().key("second-gateway"))
    attacks = {
        octets.replace(b"070001", b"070008"): "T011",
        octets.replace(ABH1.kennung.encode(), b"azr:090002"): "T011",
        octets.replace(BAMF.kennung.encode(), b"dbs:091234567"): "T011",
        etree.tostring(unsigned): "T010.document-unsigned",
        forged: "confirmed_by does not name",
        sign_document(b"<a/>", key=shared_pki().key("gateway")): "another document",
        sign_document(
            etree.tostring(unsigned).replace(b">070001<", b">x<"), key=shared_pki().key("gateway")
        ): "X001",
        b"no xml": "X00",
    }
    for attack, said in attacks.items():
        with pytest.raises(ConnectError, match=said):
            both.take(attack)
    with pytest.raises(ConnectError, match="nobody is believed"):
        both.take(octets, trusted=())
    with both.productive.store.read() as reader:
        assert grants(reader.connection) == {}
    both.take(octets, trusted=("abh1", "gateway"))


def test_where_a_confirmation_may_be_imported(both: TwoEnvironments, tmp_path: Path) -> None:
    octets = both.export(both.confirmed(tmp_path, report()))
    with pytest.raises(ConnectError, match="needs no permission"):
        carrying.import_confirmation(
            both.desk(), octets, trusted=[], registry=both.test.registry, limits=Limits()
        )
    with both.productive.store.write() as connection:
        lock_party(connection, ABH1.kennung, locked=True)
    with pytest.raises(ConnectError, match="inge party unlock"):
        both.take(octets)
    with both.productive.store.write() as connection:
        lock_party(connection, ABH1.kennung, locked=False)
    both.clock.time = datetime(2036, 11, 24, tzinfo=UTC)
    with pytest.raises(ConnectError, match="not valid today"):
        both.take(octets)
    both.clock.time = datetime(2027, 2, 22, 23, 30, tzinfo=UTC)
    with pytest.raises(ConnectError, match="until 2027-02-22"):
        both.take(octets)


def test_the_party_must_be_there_and_of_the_kind_that_was_tested(
    both: TwoEnvironments, productive_store: object, tmp_path: Path
) -> None:
    octets = both.export(both.confirmed(tmp_path, report()))
    store = both.productive.store
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM party_certificate")
        connection.exec_driver_sql("DELETE FROM party")
    with pytest.raises(ConnectError, match="inge party add"):
        both.take(octets)
    other = party(shared_pki(), ABH1.kennung, ABH1.name, "abh1", environment="test")
    with store.write() as connection:
        add_party(connection, other, NOW)
    with pytest.raises(ConnectError, match="registered here for a test environment"):
        both.take(octets)
    with store.write() as connection:
        for table in ("party_certificate", "party_type", "party_version", "connection_grant", "party"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    jobcenter = party(
        shared_pki(), ABH1.kennung, "JC", "abh1", environment="productive", agency_type="TGS", connected=()
    )
    with store.write() as connection:
        add_party(connection, jobcenter, NOW)
    with pytest.raises(ConnectError, match="registered here as TGS"):
        both.take(octets)


def test_two_product_versions_run_in_parallel_until_one_is_withdrawn(
    both: TwoEnvironments, tmp_path: Path
) -> None:
    first = both.take(
        both.export(both.confirmed(tmp_path / "a", report(), obligation(), scope=(ENTITLEMENT, OBLIGATION)))
    )
    # The same product is confirmed anew for one of the types, as for another version of it.
    opened = procedure.open_procedure(both.desk(), ABH1.kennung, product_id(both), [ENTITLEMENT])
    again = report()
    both.test.deliver(again)
    assert both.supply(opened, written(tmp_path / "b", again)) == []
    both.compare(opened)
    both.confirm(opened)
    second = both.take(both.export(opened))
    done, lost = carrying.withdraw_confirmation(both.counter(), first.uuid.upper(), "old version is over")
    assert (done.uuid, lost) == (first.uuid, frozenset({OBLIGATION}))
    assert both.productive.deliver(productive()).message_type == "070003"
    assert both.productive.refused(productive(obligation)).code == "T070.type-not-allowed"
    with pytest.raises(ConnectError, match="WITHDRAWN"):
        carrying.withdraw_confirmation(both.counter(), first.uuid, "again")
    with pytest.raises(ConnectError, match="say why"):
        carrying.withdraw_confirmation(both.counter(), second.uuid, " ")
    carrying.withdraw_confirmation(both.counter("head"), second.uuid, "misuse")
    assert both.productive.refused(productive()).code == "T070.type-not-allowed"
    with both.productive.store.read() as reader:
        steps = history_of(reader.connection, "confirmation", second.uuid)
        journaled = [
            (row.code, row.party_id, row.digest is not None)
            for row in reader.journal(unsealed=True)
            if row.kind == "connection"
        ]
    assert [(step.after, step.actor, step.reason) for step in steps] == [
        ("PRODUCTIVE", "operator", ""),
        ("WITHDRAWN", "head", "misuse"),
    ]
    assert [code for code, _, _ in journaled] == ["import", "import", "withdraw", "withdraw"]
    assert {(kennung, proven) for _, kennung, proven in journaled} == {(ABH1.kennung, True)}


def test_two_versions_of_the_standard_run_in_parallel(both: TwoEnvironments, tmp_path: Path) -> None:
    first = both.take(both.export(both.confirmed(tmp_path / "old", report())))
    # In the test environment the calendar is moved to the days of the switch; the real clock stays.
    both.test = versions.gateway(both.test.store, clock=both.clock)
    both.productive = versions.gateway(both.productive.store, clock=both.clock, environment="productive")
    versions.confirm(both.test.store, versions.OLD, versions.NEW)
    pair = Pair("070001", "XAusländer 27.05")
    assert both.productive.deliver(productive()).message_type == "070003"
    assert both.productive.refused(newer(productive())).code == "T070.version-not-confirmed"
    opened = procedure.open_procedure(both.desk(), ABH1.kennung, product_id(both), [pair])
    sent = newer(report())
    both.test.deliver(sent)
    assert both.supply(opened, written(tmp_path / "new", sent, registry=both.test.messages)) == []
    both.test.deliver(report())  # in the version before: not what the procedure is about
    assert both.compare(opened)["equal"]
    both.confirm(opened)
    both.take(both.export(opened))
    assert both.productive.deliver(newer(productive())).message_type == "070003"
    assert both.productive.deliver(productive()).message_type == "070003"
    carrying.withdraw_confirmation(both.counter(), first.uuid, "all is switched")
    assert both.productive.refused(productive()).code == "T070.version-not-confirmed"
    assert both.productive.deliver(newer(productive())).message_type == "070003"


def test_a_confirmation_withdrawn_in_the_test_environment_is_not_exported(
    both: TwoEnvironments, tmp_path: Path
) -> None:
    opened = both.confirmed(tmp_path, report())
    confirmation = carrying.withdraw_procedure(both.desk(), opened.id, "by mistake")
    assert confirmation is not None
    with pytest.raises(ConnectError, match="WITHDRAWN"):
        both.export(opened)
    under_way = procedure.open_procedure(both.desk(), ABH1.kennung, product_id(both), [ENTITLEMENT])
    assert carrying.withdraw_procedure(both.desk(), under_way.id, "not wanted") is None
    with pytest.raises(ConnectError, match="WITHDRAWN"):
        both.confirm(under_way)


def test_who_was_productive_before_goes_on_until_it_is_taken_back(both: TwoEnvironments) -> None:
    before = party(shared_pki(), "azr:090009", "Altbehörde", "abh2", environment="productive")
    with both.productive.store.write() as connection:
        add_party(connection, before, NOW)
    author = report().rahmen.kopf.autor

    def old() -> Message:
        return report(somebody(), test=None, author=replace(author, kennung="azr:090009"))

    assert both.productive.deliver(old(), "abh2").message_type == "070003"
    lost = carrying.withdraw_inherited(both.counter(), "azr:090009", "has to be connected")
    assert ENTITLEMENT in lost
    assert both.productive.refused(old(), "abh2").code == "T070.type-not-allowed"
    with pytest.raises(ConnectError, match="nothing by inheritance"):
        carrying.withdraw_inherited(both.counter(), "azr:090009", "once more")


def newer(message: Message) -> Any:
    """The same in the version to come."""
    return in_version(message, versions.NEW)


def product_id(both: TwoEnvironments) -> int:
    with both.test.store.read() as reader:
        (product,) = list_products(reader.connection)
    return product.id
