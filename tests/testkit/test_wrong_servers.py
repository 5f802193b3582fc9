"""Servers that answer wrongly, over real HTTP: each is found out, and told what is wrong."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.cli.console import REFUSED, USAGE
from adapters.client import RetryPolicy
from adapters.testkit.cases import all_cases, selected
from adapters.testkit.examples import Situation, example
from adapters.testkit.kit import Kit
from adapters.testkit.material import Sent
from adapters.testkit.parties import all_parties
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.errors import GatewayError
from messages.fehler import write_fehler
from messages.service import (
    BestaetigeNachrichtenAntwort,
    HoleNachrichtenAntwort,
    StatusAbfrageAntwort,
    Zustand,
    build,
)
from schemas.registry import SchemaRegistry
from tests.support.cli import Ran, inge
from tests.support.core import new_uuid
from tests.support.server import live_pki
from tests.support.wrong_server import Answer, Deliveries, Said, answering, signed, unsigned, wrapped

ENTITLEMENT, REPLACED = selected(all_cases(), ["entitlement", "replaced"])[::2]
REGISTRY = SchemaRegistry.load()
OURS = live_pki().key("gateway")
Change = Callable[[bytes], bytes]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tested by waiting, and the contracts are the same in every run."""
    monkeypatch.setattr(
        "adapters.testkit.runner.POLICY", RetryPolicy(first_seconds=0.01, longest_seconds=0.01)
    )
    monkeypatch.setattr("adapters.testkit.runner.PATIENCE", 0.0)
    monkeypatch.setattr(SchemaRegistry, "load", lambda: REGISTRY)


def accepted(kit: Kit, request: etree._Element, number: str = "GUT-0001", **expect: Any) -> bytes:
    """The answer 070003, or another of that shape, to a report."""
    uuid = str(request.findtext(".//nachrichtenUUID"))
    kennung = request.findtext("nachrichtenkopf.g2g/autor/kennung")
    author = next(party.id for party in all_parties().values() if party.kennung == kennung)
    replaces = str(request.tag).endswith("080010")
    base = REPLACED if replaces else ENTITLEMENT
    case = replace(base, author=author, expect=replace(base.expect, **expect))
    sent = Sent(b"", uuid, str(request.tag))
    situation = Situation(
        case, sent, uuid, new_uuid(), kit.reader, datetime.now(UTC), ENTITLEMENT if replaces else None
    )
    return example(situation).replace(b"BEISPIEL-0001", number.encode())


def good(kit: Kit, change: Change = bytes) -> Answer:
    """A server that gives every report the same right, signed; `change` is made before it is signed."""
    return lambda request: Said(signed(wrapped(request, change(accepted(kit, request))), OURS))


def fault(code: str) -> bytes:
    text = b"<faultcode>s:Client</faultcode><faultstring>no</faultstring>"
    detail = b"<detail>" + write_fehler(GatewayError(code)) + b"</detail>"
    return b'<s:Fault xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">' + text + detail + b"</s:Fault>"


def run(kit: Kit, url: str, *arguments: str | Path) -> Ran:
    gateway = live_pki().directory / "gateway.crt.pem"
    return inge("testkit", "run", url, "--kit", kit.folder, "--gateway-cert", gateway, *arguments)


def problems(ran: Ran) -> list[str]:
    assert ran.code == REFUSED, ran.err
    return [problem for result in ran.json["results"] for problem in result["problems"]]


def test_a_server_that_answers_well_passes(kit: Kit) -> None:
    with answering(good(kit)) as server:
        ran = run(kit, server.url, "--only", "entitlement")
    assert ran.code == 0, ran.out
    assert "1 cases: 1 ok, 0 failed, 0 not run" in ran.out


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"GUT-0001", b"", "not valid"),
        (b"bamfkennziffer>", b"zahl>", "cannot be read"),
        (b' test="1"', b"", "attribute test"),
        (b"azr:990001", b"azr:990002", "leser"),
    ],
)
def test_a_wrong_document_is_told(kit: Kit, old: bytes, new: bytes, told: str) -> None:
    with answering(good(kit, lambda answer: answer.replace(old, new))) as server:
        ran = run(kit, server.url, "--only", "entitlement", "--json")
    assert any(told in each for each in problems(ran))


def _answer(kit: Kit, request: etree._Element, **expect: Any) -> bytes:
    return wrapped(request, accepted(kit, request, **expect))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda k, r: Said(unsigned(_answer(k, r))), "signature does not hold"),
        (lambda k, r: Said(signed(_answer(k, r), live_pki().key("abh1"))), "not the gateway's"),
        (
            lambda k, r: Said(signed(_answer(k, r), OURS).replace(b"GUT-0001", b"GUT-0002")),
            "signature does not hold",
        ),
        (
            lambda k, r: Said(signed(_answer(k, r, answer="070004", reason="17001"), OURS)),
            "070004 17001 instead of 070003",
        ),
        (lambda _, __: Said(signed(fault("X001"), OURS), 500), "refused X001 instead of 070003"),
        (lambda _, __: Said(unsigned(fault("T200.busy")), 503), "refused T200.busy instead"),
        (lambda _, __: Said(b"<html><body>Bad gateway</body></html>", 502), "HTTP 502"),
        (lambda _, __: Said(b"no XML at all"), "no SOAP answer"),
        (lambda k, r: Said(signed(_answer(k, r), OURS), 202), "HTTP status 202"),
        (lambda k, r: Said(signed(_answer(k, r), OURS), media="text/plain"), "Content-Type text/plain"),
        (
            lambda k, r: Said(signed(_answer(k, r), OURS, "1.2"), media="application/soap+xml"),
            "an answer in SOAP 1.2 came back, asked was in 1.1",
        ),
    ],
)
def test_a_wrong_envelope_is_told(kit: Kit, answer: Callable[[Kit, etree._Element], Said], told: str) -> None:
    with answering(lambda request: answer(kit, request)) as server:
        ran = run(kit, server.url, "--only", "entitlement", "--json")
    (problem,) = problems(ran)
    assert told in problem


def test_a_refusal_that_is_not_signed_is_told(kit: Kit) -> None:
    """Its words are the same; only the signature is missing."""
    with answering(lambda _: Said(unsigned(fault("T011.digest")), 500)) as server:
        told = problems(run(kit, server.url, "--only", "broken-signature", "--json"))
    assert told == ["not signed by the gateway"]
    with answering(lambda _: Said(signed(fault("T011.digest"), OURS), 500)) as server:
        assert run(kit, server.url, "--only", "broken-signature").code == 0


def test_a_server_that_takes_everything_is_told_for_every_refusal(kit: Kit) -> None:
    with answering(good(kit)) as server:
        ran = run(kit, server.url, "--only", "unsigned", "--only", "sha1", "--only", "wrong-reader", "--json")
    assert ran.json["failed"] == 3
    assert [each["answer"] for each in ran.json["results"]] == ["070003"] * 3
    assert "070003 instead of refused T010.unsigned" in problems(ran)


def test_a_new_answer_to_the_same_message_is_told(kit: Kit) -> None:
    with answering(good(kit)) as server:
        ran = run(kit, server.url, "--only", "resend", "--json")
    assert problems(ran) == ["the answer document is another one than in the case entitlement"]


def test_a_number_given_twice_is_told(kit: Kit) -> None:
    with answering(good(kit)) as server:
        ran = run(kit, server.url, "--only", "entitlement", "--only", "obligation-1a", "--json")
    assert problems(ran) == ["the number GUT-0001 was given to another person before"]


def test_the_others_go_on_and_those_that_need_a_failed_one_are_not_run(kit: Kit, tmp_path: Path) -> None:
    def answer(request: etree._Element) -> Said:
        wrong = {"answer": "070004", "reason": "17001"} if "070008" in str(request.tag) else {}
        document = accepted(kit, request, new_uuid()[:8], **wrong)
        return Said(signed(wrapped(request, document), OURS))

    only = [argument for name in ("hidden", "entitlement", "obligation-1b") for argument in ("--only", name)]
    report = tmp_path / "report.xml"
    with answering(answer) as server:
        secret = server.url.replace("//", "//maker:secret@")
        ran = run(kit, secret, *only, "--junit", report, "--json")
        asked = len(server.asked)
        table = run(kit, server.url, *only).out
    states = {result["case"]: result["state"] for result in ran.json["results"]}
    assert states == {
        "entitlement": "ok",
        "obligation-1a": "FAILED",
        "obligation-1b": "ok",
        "blocked": "not run",
        "hidden": "not run",
    }
    assert asked == 3
    assert (ran.json["ok"], ran.json["failed"], ran.json["not_run"]) == (2, 1, 2)
    assert "FAILED: obligation-1a: 070004 17001 instead of 070003" in table
    assert "not run: hidden: needs blocked, obligation-1a" in table
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    assert ran.json["endpoint"] == suite.get("hostname") == server.url
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "1", "errors": "0", "skipped": "2",
    }  # fmt: skip
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "070004 17001 instead of 070003"
    assert len(suite.findall("testcase/skipped")) == 2
    assert {case.get("classname") for case in suite.iter("testcase")} == {"testkit.group07"}


def test_who_hangs_up_in_between_fails_that_case_only(kit: Kit) -> None:
    def answer(request: etree._Element) -> Said:
        if "070008" in str(request.tag):
            return Said(None)
        return Said(signed(wrapped(request, accepted(kit, request, new_uuid()[:8])), OURS))

    only = [each for name in ("entitlement", "obligation-1a", "obligation-1b") for each in ("--only", name)]
    with answering(answer) as server:
        ran = run(kit, server.url, *only, "--json")
    assert [result["state"] for result in ran.json["results"]] == ["ok", "FAILED", "ok"]
    assert problems(ran) == ["no answer came: ConnectionError"]


def test_one_lost_answer_is_no_failure(kit: Kit) -> None:
    lost = [True]

    def answer(request: etree._Element) -> Said:
        return Said(None) if lost and lost.pop() else good(kit)(request)

    with answering(answer) as server:
        assert run(kit, server.url, "--only", "entitlement").code == 0
    assert len(server.asked) == 2


def test_a_request_to_the_service_is_another_one_each_time(kit: Kit) -> None:
    asked: list[str] = []

    def answer(request: etree._Element) -> Said:
        uuid, about = request.findtext("{*}anfrageUUID"), request.findtext("{*}nachrichtenUUID")
        if uuid is None:
            return good(kit)(request)
        asked.append(uuid)
        if len(asked) == 1:
            return Said(None)
        state = StatusAbfrageAntwort(anfrage_uuid=uuid, nachrichten_uuid=str(about), zustand=Zustand.ANSWERED)
        return Said(signed(etree.tostring(build(state), method="c14n"), OURS))

    with answering(answer) as server:
        assert run(kit, server.url, "--only", "state-answered").code == 0
    assert len(set(asked)) == len(asked) == 2


def test_a_server_that_is_asked_to_wait_is_asked_again(kit: Kit) -> None:
    busy = [True, True]

    def answer(request: etree._Element) -> Said:
        if busy:
            busy.pop()
            return Said(unsigned(fault("T200.busy")), 500)
        return good(kit)(request)

    with answering(answer) as server:
        assert run(kit, server.url, "--only", "entitlement").code == 0
        bodies = {etree.tostring(etree.fromstring(each)[1][0], method="c14n") for each in server.asked}
    assert (len(server.asked), len(bodies)) == (3, 1)


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (lambda uuid: HoleNachrichtenAntwort(uuid, (), False), "nothing lies ready about the message"),
        (lambda uuid: BestaetigeNachrichtenAntwort(uuid, 1), "is no answer of holeNachrichten"),
    ],
)
def test_a_later_answer_that_never_comes_is_told(kit: Kit, later: Callable[[str], Any], told: str) -> None:
    def answer(request: etree._Element) -> Said:
        asked = request.findtext("{*}anfrageUUID")
        if asked is not None:
            return Said(signed(etree.tostring(build(later(asked)), method="c14n"), OURS))
        return good(kit)(request)

    with answering(answer) as server:
        ran = run(kit, server.url, "--only", "told-replaced", "--json")
    (problem,) = problems(ran)
    assert told in problem


Spoil = Callable[[bva.Eingang200007], bytes]


def deliveries(kit: Kit, write: Spoil) -> Deliveries:
    """A door that takes every delivery, writes its receipt like this, and never gets to the records."""
    us, them = bva.Stelle(kit.reader.kennung, "Wir"), bva.Stelle("dbs:990201", "Sie")

    def frame() -> dict[str, Any]:
        # The same moment always: the receipt of the same delivery is the same.
        moment = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
        return {"test": "1", "erstellungszeitpunkt": moment, "autor": us, "leser": them}

    def answer(path: str, body: bytes) -> Said:
        row, uuids = bva.Lieferfolge(1, 1, True), re.findall(rb"lieferscheinUUID>([^<]+)", body)
        if path == "/batch":
            return Said(
                write(
                    bva.Eingang200007(
                        **frame(),
                        lieferschein_uuid=uuids[0].decode(),
                        lieferung=row,
                        anzahl_datensaetze=4,
                        zustand=bva.Eingangszustand.ACCEPTED,
                    )
                )
            )
        asked = re.findall(rb"abrufUUID>([^<]+)", body)[0].decode()
        state = bva.Lieferzustand.IN_WORK
        known = tuple(
            bva.Lieferstand(
                lieferschein_uuid=uuid.decode(),
                lieferung=row,
                eingangszeitpunkt=datetime.now(UTC),
                zustand=state,
                anzahl_datensaetze=4,
                bearbeitet=0,
            )
            for uuid in uuids[:1]
        )
        overview = bva.Uebersicht200009(
            **frame(), abruf_uuid=asked, erwartet=bva.Naechstes(1, 1), lieferungen=known
        )
        return Said(sign_document(bva.write(overview), key=OURS))

    return answer


def _sealed(receipt: bva.Eingang200007) -> bytes:
    return sign_document(bva.write(receipt), key=OURS)


@pytest.mark.parametrize(
    ("only", "write", "told"),
    [
        ("delivery", _sealed, None),
        ("delivery", lambda receipt: bva.write(receipt), "signature does not hold"),
        (
            "delivery",
            lambda receipt: _sealed(replace(receipt, lieferschein_uuid=new_uuid())),
            "the answer belongs to another delivery",
        ),
        ("delivery", lambda receipt: _sealed(replace(receipt, test=None)), "attribute test"),
        ("delivery-gap", _sealed, "200007 angenommen instead of refused S999.delivery-gap"),
        ("result", _sealed, "no result yet; the delivery is in-arbeit"),
    ],
)
def test_a_wrong_door_for_deliveries_is_told(kit: Kit, only: str, write: Spoil, told: str | None) -> None:
    with answering(good(kit), deliveries(kit, write)) as server:
        batch = server.url.replace("/soap", "/batch")
        ran = run(kit, server.url, "--batch-url", batch, "--only", only, "--json")
    found = [problem for result in ran.json["results"] for problem in result["problems"]]
    assert len(found) == (0 if told is None else 1), found
    assert told is None or told in found[0]


def test_nobody_there_is_no_result(kit: Kit) -> None:
    ran = run(kit, "http://127.0.0.1:9/soap")
    assert (ran.code, ran.out) == (USAGE, "")
    assert "cannot be reached" in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kit", "nowhere", "http://127.0.0.1:9", "--gateway-cert", "x"], "no test kit"),
        (["--only", "nonsense", "--list"], "no case nonsense"),
        ([], "URL and --gateway-cert"),
        (["http://127.0.0.1:9", "--gateway-cert", "x", "--only", "delivery"], "--batch-url is needed"),
        (["http://127.0.0.1:9"], "URL and --gateway-cert"),
    ],
)
def test_a_call_that_cannot_be_run_says_why(arguments: list[str], told: str) -> None:
    ran = inge("testkit", "run", *arguments)
    assert (ran.code, told in ran.err) == (USAGE, True), ran.err


@pytest.mark.parametrize(
    ("change", "told"),
    [(["--gateway-cert", "/nowhere.pem"], "nowhere"), (["--soap", "2"], "1.1 or 1.2")],
)
def test_options_are_checked(kit: Kit, change: list[str], told: str) -> None:
    ran = run(kit, "http://127.0.0.1:9", *change)
    assert (ran.code, told in ran.err) == (USAGE, True)


def test_the_cases_are_listed() -> None:
    ran = inge("testkit", "run", "--list", "--json")
    assert [entry["case"] for entry in json.loads(ran.out)] == [case.id for case in all_cases()]
    text = inge("testkit", "run", "--list", "--only", "taken-over").out
    assert len(text.splitlines()) == 4
