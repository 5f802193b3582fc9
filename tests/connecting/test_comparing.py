"""Sent test data beside those given separately: one field that differs blocks, equal ones unlock."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import text

from adapters.cli.connect_page import render_page, render_text
from gateway.connecting import confirming, procedure, products
from gateway.connecting.given import LIMITS, GivenFileError, read_given
from gateway.connecting.steps import SUPPLY, ConnectError
from messages.registry import build
from store.connection_data import refusals_of
from store.connections import history_of
from store.parties import lock_party
from store.records_connection import ConnectionState
from tests.support.connecting import (
    ENTITLEMENT,
    OBLIGATION,
    TestOffice,
    changed_surname,
    obligation,
    report,
    uuid_of,
    written,
    zipped,
)
from tests.support.core import ABH1, ABH2, new_uuid, settings


def test_one_field_that_differs_blocks_and_is_shown_with_both_values(
    office: TestOffice, tmp_path: Path
) -> None:
    opened = office.opened()
    sent = changed_surname(report(), "Müller")
    office.test.deliver(sent)
    assert office.supply(opened, written(tmp_path / "a", changed_surname(sent, "Mueller"))) == []
    told = office.compare(opened)
    assert not told["equal"]
    (message,) = told["messages"]
    assert (message["uuid"], message["outcome"]) == (uuid_of(sent), "different")
    (difference,) = message["differences"]
    root = etree.QName(type(sent).root).localname
    assert difference["path"] == f"/{root}/personalien/nachname/name"
    assert (difference["supplied"], difference["sent"]) == ("Mueller", "Müller")
    with pytest.raises(ConnectError, match="COMPARED_DIFFERENT"):
        office.confirm(opened)
    # Corrected, it is equal, and only then confirmed.
    assert office.supply(opened, written(tmp_path / "b", sent)) == []
    with pytest.raises(ConnectError, match="TEST_SENT"):
        office.confirm(opened)
    before = confirming.last_report(office.desk(), opened.id)
    assert (told["outdated"], before["outdated"]) == (False, True)
    assert "outdated, test data changed since" in render_text(before)
    assert "überholt" in render_page(before)
    assert office.compare(opened)["equal"]
    assert office.confirm(opened).state == ConnectionState.CONFIRMED


def test_what_only_writes_the_same_otherwise_is_no_difference(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened()
    sent = report()
    office.test.deliver(sent)
    folder = written(tmp_path / "a", sent)
    (file,) = folder.iterdir()
    octets = file.read_bytes()
    assert b"\n  <" in octets
    other = octets.replace(b"xauslaender:", b"x:").replace(b"xmlns:xauslaender=", b"xmlns:x=")
    assert other != octets
    file.write_bytes(other)
    assert office.supply(opened, zipped(tmp_path / "a.zip", folder)) == []
    told = office.compare(opened)
    assert told["equal"]
    assert told["messages"][0]["file"] == f"testdaten/{file.name}"


def test_every_type_needs_an_equal_message_and_no_other(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened(ENTITLEMENT, OBLIGATION)
    first, unsent, surplus = report(), report(), report()
    office.test.deliver(first)
    office.test.deliver(surplus)
    assert office.supply(opened, written(tmp_path / "a", first, unsent)) == []
    told = office.compare(opened)
    outcomes = {each["uuid"]: each["outcome"] for each in told["messages"]}
    assert outcomes == {uuid_of(first): "equal", uuid_of(unsent): "missing", uuid_of(surplus): "surplus"}
    assert [pair["good"] for pair in told["pairs"]] == [False, False]
    procedure.leave_message_out(office.desk(), opened.id, uuid_of(surplus).upper(), "typed in while testing")
    office.test.deliver(unsent)
    other = obligation()
    office.test.deliver(other)
    told = office.compare(opened)
    assert [pair["good"] for pair in told["pairs"]] == [True, False]
    assert office.supply(opened, written(tmp_path / "b", other)) == []
    told = office.compare(opened)
    assert told["equal"]
    (left_out,) = [each for each in told["messages"] if each["outcome"] == "left-out"]
    assert (left_out["uuid"], left_out["reason"]) == (uuid_of(surplus), "typed in while testing")


def test_however_much_is_given_the_refusals_of_it_are_found(office: TestOffice) -> None:
    refused = report(test=None)
    office.test.refused(refused)
    many = [new_uuid() for _ in range(66_000)]
    with office.test.store.read() as reader:
        found = refusals_of(reader.connection, ABH1.kennung, [*many, uuid_of(refused)])
    assert found == {uuid_of(refused): "S999.test-attribute"}


def test_a_message_is_left_out_once_however_many_say_so(office: TestOffice) -> None:
    opened = office.opened()
    sent = [report(), report()]
    for message in sent:
        office.test.deliver(message)
    procedure.leave_message_out(office.desk(), opened.id, uuid_of(sent[0]), "typed in")
    with ThreadPoolExecutor(4) as pool:
        words = (office.desk(), opened.id, uuid_of(sent[1]), "typed in")
        tries = [pool.submit(procedure.leave_message_out, *words) for _ in range(4)]
    refused = [error for each in tries if (error := each.exception()) is not None]
    assert len(refused) == 3
    assert all(isinstance(error, ConnectError) for error in refused)
    with pytest.raises(ConnectError, match="is left out already"):
        procedure.leave_message_out(*words)


def test_what_no_file_could_say_is_refused_before_anything_ends(office: TestOffice, tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="DIN 91379"):
        office.product("1.0\u200b")
    with pytest.raises(ConnectError, match="250 of each"):
        office.product("1" * 251)
    opened = office.opened()
    sent = report()
    office.test.deliver(sent)
    office.supply(opened, written(tmp_path / "a", sent))
    office.compare(opened)
    with pytest.raises(ConnectError, match="the confirmation cannot be written: X001"):
        office.confirm(opened, actor="\u7530\u4e2d")
    # Nothing was ended or destroyed by it.
    assert confirming.last_report(office.desk(), opened.id)["equal"]
    office.confirm(opened)
    assert office.export(opened)


def test_what_came_after_the_comparison_has_to_be_compared(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened()
    sent = report()
    office.test.deliver(sent)
    office.supply(opened, written(tmp_path / "a", sent))
    assert office.compare(opened)["equal"]
    office.test.deliver(report())
    assert confirming.last_report(office.desk(), opened.id)["outdated"]
    with pytest.raises(ConnectError, match="has sent more since the comparison"):
        office.confirm(opened)
    assert not office.compare(opened)["equal"]


def test_a_refused_message_was_not_sent_and_says_why(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened()
    refused = report()
    broken = replace(refused, rahmen=replace(refused.rahmen, test=None))  # type: ignore[type-var]
    assert office.test.refused(broken).code == "S999.test-attribute"
    before = report()
    office.supply(opened, written(tmp_path / "a", refused, before))
    with pytest.raises(ConnectError, match="has sent nothing since"):
        office.compare(opened)
    office.test.deliver(report())
    told = office.compare(opened)
    refusals = {each["uuid"]: each["refused"] for each in told["messages"]}
    assert (refusals[uuid_of(refused)], refusals[uuid_of(before)]) == ("S999.test-attribute", None)
    said = render_text(told)
    assert "it was sent and refused with S999.test-attribute" in said
    assert "it was not sent since the opening" in said
    assert "abgelehnt mit S999.test-attribute" in render_page(told)


def test_another_product_than_the_accepted_one_is_a_difference(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened(product=office.product("2.0"))
    sent = report()
    office.test.deliver(sent)
    office.supply(opened, written(tmp_path / "a", sent))
    (message,) = office.compare(opened)["messages"]
    (difference,) = message["differences"]
    assert difference["path"].endswith("/@produktversion")
    assert (difference["supplied"], difference["sent"]) == ("2.0", "1.0")


def test_what_was_given_of_a_dropped_type_is_not_told_as_missing(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened(ENTITLEMENT, OBLIGATION)
    kept, dropped = report(), obligation()
    for message in (kept, dropped):
        office.test.deliver(message)
    office.supply(opened, written(tmp_path / "a", kept, dropped))
    procedure.change_scope(office.desk(), opened.id, add=[], drop=[OBLIGATION], reason="later")
    told = office.compare(opened)
    assert (told["equal"], [each["uuid"] for each in told["messages"]]) == (True, [uuid_of(kept)])
    procedure.change_scope(office.desk(), opened.id, add=[OBLIGATION], drop=[], reason="now after all")
    assert office.compare(opened)["counts"]["equal"] == 2


def test_sent_before_the_opening_does_not_count(office: TestOffice, tmp_path: Path) -> None:
    early = report()
    office.test.deliver(early)
    office.clock.advance(seconds=1)
    opened = office.opened()
    office.supply(opened, written(tmp_path / "a", early))
    with pytest.raises(ConnectError, match="has sent nothing since"):
        office.compare(opened)


def test_a_set_with_a_flaw_is_not_taken_in_at_all(office: TestOffice, tmp_path: Path) -> None:
    opened = office.opened()
    good, other_type, foreign = report(), obligation(), report(author=ABH2)
    folder = written(tmp_path / "a", good, other_type, foreign)
    (folder / "broken.xml").write_text("<a>", "utf-8")
    (folder / "double.xml").write_bytes((folder / f"{uuid_of(good)}.xml").read_bytes())
    element = build(report())
    etree.SubElement(element, "{http://www.w3.org/2000/09/xmldsig#}Signature")
    (folder / "signed.xml").write_bytes(etree.tostring(element))
    found = {flaw.file: flaw.code for flaw in office.supply(opened, folder)}
    twice = found.keys() & {"double.xml", f"{uuid_of(good)}.xml"}
    assert [found.pop(file) for file in twice] == ["S999.uuid-reused"]
    assert found == {
        "broken.xml": "X000",
        "signed.xml": "T010",
        f"{uuid_of(other_type)}.xml": "T070.type-not-allowed",
        f"{uuid_of(foreign)}.xml": "T070.foreign-authority",
    }
    office.test.deliver(good)
    with pytest.raises(ConnectError, match="nothing was given separately"):
        office.compare(opened)


def test_what_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("readme.txt", "x")
        file.writestr("big\x1b[31m.xml", bytes(LIMITS.max_bytes + 1))
    with pytest.raises(GivenFileError, match=r"big\?\[31m\.xml: larger than"):
        read_given([archive])
    archive.write_bytes(archive.read_bytes().replace(b"PK\x01\x02", b"PK\x01\x03"))
    with pytest.raises(GivenFileError, match="the archive cannot be read"):
        read_given([archive])
    (tmp_path / "empty").mkdir()
    for place, said in ((tmp_path / "empty", r"no \*\.xml in it"), (tmp_path / "no", "No such file")):
        with pytest.raises(GivenFileError, match=said):
            read_given([place])


def test_every_step_has_who_and_when_and_no_content_is_left(office: TestOffice, tmp_path: Path) -> None:
    sent = report()
    opened = office.confirmed(tmp_path, sent)
    office.export(opened)
    with office.test.store.read() as reader:
        steps = history_of(reader.connection, "procedure", str(opened.id))
        product = history_of(reader.connection, "product", str(opened.product_id))
        contents = [
            reader.connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")
            ).scalar()
            for table in ("connection_supplied", "connection_comparison")
            for column in ("wrapped", "ciphertext")
        ]
        digests = reader.connection.execute(text("SELECT count(digest) FROM connection_supplied")).scalar()
        files = reader.connection.execute(text("SELECT file FROM connection_supplied")).scalars().all()
    assert [(step.step, step.after, step.actor) for step in steps] == [
        ("open", "AUTHORITY_REGISTERED", "office"),
        ("supply", "AUTHORITY_REGISTERED", "office"),
        ("note test data sent", "TEST_SENT", "comparer"),
        ("compare", "COMPARED_EQUAL", "comparer"),
        ("confirm", "CONFIRMED", "head"),
        ("export", "CONFIRMED", "head"),
    ]
    assert [step.before for step in steps[1:]] == [step.after for step in steps[:-1]]
    assert steps[-1].at > steps[0].at
    assert [(step.after, step.actor) for step in product] == [
        ("PRODUCT_ADAPTED", "maker"),
        ("PRODUCT_ACCEPTED", "office"),
    ]
    assert contents == [0, 0, 0, 0]
    assert (digests, files) == (1, [""])
    with pytest.raises(ConnectError, match="destroyed"):
        confirming.last_report(office.desk(), opened.id)


def test_what_cannot_be_opened(office: TestOffice) -> None:
    product = office.product()
    desk = office.desk()
    with pytest.raises(ConnectError, match="inge party add"):
        procedure.open_procedure(desk, "azr:000000", product.id, [ENTITLEMENT])
    with pytest.raises(ConnectError, match="may not send 080001 here"):
        procedure.open_procedure(
            desk, ABH1.kennung, product.id, [ENTITLEMENT._replace(message_type="080001")]
        )
    with pytest.raises(ConnectError, match="is registered already"):
        office.product()
    old = products.withdraw_product(desk, office.product("0.9").id, "too old")
    with pytest.raises(ConnectError, match="WITHDRAWN: nobody is connected with it"):
        office.opened(product=old)

    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(office.opened, product=product) for _ in range(4)]
    refused = [str(error) for each in tries if (error := each.exception()) is not None]
    assert len(refused) == 3
    assert all("is under way" in said for said in refused)
    with office.test.store.write() as connection:
        lock_party(connection, ABH2.kennung, locked=True)
    with pytest.raises(ConnectError, match="inge party unlock"):
        procedure.open_procedure(desk, ABH2.kennung, product.id, [ENTITLEMENT])
    productive = replace(desk, settings=settings(environment="productive"))
    with pytest.raises(ConnectError, match="done in the test environment"):
        procedure.open_procedure(productive, ABH1.kennung, product.id, [ENTITLEMENT])


def test_a_change_that_somebody_else_made_is_not_overwritten(office: TestOffice) -> None:
    opened = office.opened()
    with office.test.store.read() as reader:
        old = procedure.need_procedure(reader.connection, opened.id)
    procedure.change_scope(office.desk(), opened.id, add=[OBLIGATION], drop=[], reason="forgotten")
    with pytest.raises(ConnectError, match="somebody else"), office.test.store.write() as connection:
        procedure.change(office.desk(), connection, old, SUPPLY, ConnectionState.AUTHORITY_REGISTERED)
    with pytest.raises(ConnectError, match="at least one message type"):
        procedure.change_scope(office.desk(), opened.id, add=[], drop=[ENTITLEMENT, OBLIGATION], reason="")
