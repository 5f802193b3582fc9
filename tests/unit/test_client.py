"""The sender's client against a gateway of bytes: what it believes, repeats and refuses."""

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from lxml import etree

from adapters.client import (
    CappedTransport,
    Client,
    GatewayTrust,
    Refused,
    RetryPolicy,
    UnexpectedAnswer,
    Unreachable,
    UntrustedAnswer,
)
from adapters.soap.contract import load_contract, wrap_answer
from adapters.soap.envelope import SoapVersion
from adapters.soap.faults import build_fault, plain_envelope
from fixtures import persons
from gateway.trust.admission import Limits, admit
from gateway.trust.seal import seal_envelope
from gateway.trust.wssecurity import SoapPolicy, verify_envelope
from messages import codes
from messages.errors import GatewayError
from messages.fehler import write_fehler
from messages.group07 import Dublette070004
from messages.registry import build
from tests.support.core import ABH1, StandingClock, new_uuid
from tests.support.pki import PKI_TIME, shared_pki, shared_validator
from tests.support.reference import PROJECT

NOW = PKI_TIME + timedelta(days=30)
PKI = shared_pki()
REPORT = persons.entitlement(ABH1, new_uuid(), NOW)
OPERATION = load_contract().by_request()[type(REPORT).root]
DUPLICATE = Dublette070004(
    persons.frame(
        "070004", persons.BAMF, new_uuid(), NOW, reader=ABH1, answers=REPORT.rahmen.kopf.nachrichten_uuid
    ),
    codes.code("dublette", "17001"),
)
WITHOUT_SERVER = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sqlalchemy", "alembic", "psycopg", "spyne", "granian", "uvloop",
                                      "starlette", "pydantic", "structlog", "prometheus_client", "holidays"}:
            raise ImportError(f"a sender has no {name}")
sys.meta_path.insert(0, Missing())
from adapters.client import Client, GatewayTrust, RetryPolicy
from messages.registry import build
assert not any(name.startswith("store") for name in sys.modules), "the store was imported"
"""


class Wire(CappedTransport):
    """Answers by a script instead of a network; keeps what was sent."""

    def __init__(self, *script: bytes | tuple[int, bytes] | Exception) -> None:
        super().__init__()
        self.script = list(script)
        self.sent: list[bytes] = []
        self.headers: list[Any] = []

    def post(self, address: str, message: bytes, headers: Any) -> requests.Response:
        self.sent.append(message)
        self.headers.append(headers)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, bytes):
            step = (500 if b"Fault>" in step else 200, step)
        response = requests.Response()
        response.status_code, response._content = step
        return response


@dataclass
class Waiting:
    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def answer(
    holder: str = "gateway", version: str = "1.1", document: bytes | None = None, age: int = 0
) -> bytes:
    body = document or wrap_answer(etree.tostring(build(DUPLICATE)), OPERATION)
    moment = NOW - timedelta(seconds=age)
    return seal_envelope(body, key=PKI.key(holder), soap_version=version, now=moment)


def fault(
    code: str, *, signed_by: str | None = "gateway", version: SoapVersion = "1.1", **more: Any
) -> bytes:
    error = GatewayError(code, **more)
    body = build_fault(error, write_fehler(error), version)
    if signed_by is None:
        return plain_envelope(body, version)
    return seal_envelope(body, key=PKI.key(signed_by), soap_version=version, now=NOW)


def never(_seconds: float) -> None:
    pytest.fail("waited")


def client(wire: Wire, waiting: Callable[[float], None] = never, **options: Any) -> Client:
    usual: dict[str, Any] = {
        "transport": wire,
        "clock": StandingClock(NOW),
        "sleep": waiting,
        "rng": random.Random(1),
        "retry": RetryPolicy(attempts=4),
    }
    trust = options.pop("trust", GatewayTrust([PKI.certificate("gateway")]))
    return Client("http://gateway.example/soap", PKI.key("abh1"), trust, **{**usual, **options})


def uuid_of(envelope: bytes) -> str:
    root = admit(envelope, Limits()).root
    trust = GatewayTrust([PKI.certificate("abh1")])
    proof = verify_envelope(root, policy=SoapPolicy(), directory=trust, now=NOW)
    return str(
        proof.document.element.findtext("nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID")
    )


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_proven_answer_is_typed(version: str) -> None:
    wire = Wire(answer(version=version))
    reply = client(wire, soap_version=version).send(REPORT)
    assert reply.message == DUPLICATE
    assert reply.document == etree.tostring(build(DUPLICATE), method="c14n", exclusive=True)
    assert uuid_of(wire.sent[0]) == REPORT.rahmen.kopf.nachrichten_uuid
    action = f'"{OPERATION.soap_action}"'
    if version == "1.1":
        assert wire.headers[0]["SOAPAction"] == action
        assert wire.headers[0]["Content-Type"].startswith("text/xml")
    else:
        assert wire.headers[0]["Content-Type"] == f"application/soap+xml; charset=utf-8; action={action}"


def test_the_answer_to_another_message_is_not_believed() -> None:
    other = persons.entitlement(ABH1, new_uuid(), NOW)
    with pytest.raises(UntrustedAnswer, match="another message"):
        client(Wire(answer())).send(other)
    shouted = persons.entitlement(ABH1, REPORT.rahmen.kopf.nachrichten_uuid.upper(), NOW)
    assert client(Wire(answer())).send(shouted).attempts == 1


def test_an_element_may_be_sent_as_it_is() -> None:
    wire = Wire(answer())
    assert client(wire).send(build(REPORT)).attempts == 1


@pytest.mark.parametrize(
    "content",
    [
        answer("abh2"),
        answer("stranger"),
        answer().replace(b"17001", b"17002"),
        plain_envelope(wrap_answer(etree.tostring(build(DUPLICATE)), OPERATION), "1.1"),
        answer(age=3600),
        fault("T070", signed_by="abh2"),
    ],
    ids=["another-partner", "stranger", "changed", "unsigned", "stale", "fault-of-another"],
)
def test_what_is_not_proven_is_not_believed(content: bytes) -> None:
    with pytest.raises(UntrustedAnswer):
        client(Wire(content)).send(REPORT)


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>502 Bad Gateway</body></html>",
        b"",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        answer(document=b'<x:meldung xmlns:x="urn:x"><x:a/></x:meldung>'),
    ],
    ids=["page", "nothing", "dtd", "another-element"],
)
def test_what_is_no_answer_at_all(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        client(Wire(content)).send(REPORT)


def test_a_refusal_is_typed_and_not_repeated() -> None:
    wire = Wire(fault("T070.foreign-authority"))
    with pytest.raises(Refused) as refused:
        client(wire).send(REPORT)
    assert (refused.value.code, refused.value.proven, refused.value.retryable) == (
        "T070.foreign-authority", True, False,
    )  # fmt: skip
    assert len(wire.sent) == 1


def test_an_unsigned_refusal_says_so() -> None:
    with pytest.raises(Refused) as refused:
        client(Wire(fault("X000", signed_by=None))).send(REPORT)
    assert not refused.value.proven


def test_failures_are_repeated_with_the_same_uuid_and_another_seal() -> None:
    waiting = Waiting()
    clock = StandingClock(NOW)

    def sleep(seconds: float) -> None:
        waiting(seconds)
        clock.advance(seconds=seconds)

    wire = Wire(Unreachable("x"), fault("T200.busy", signed_by=None), fault("T200.store-away"), answer())
    reply = client(wire, sleep, clock=clock).send(REPORT)
    assert reply.attempts == 4
    assert {uuid_of(envelope) for envelope in wire.sent} == {REPORT.rahmen.kopf.nachrichten_uuid}
    assert len(set(wire.sent)) == 4
    # What the gateway asks for is kept; otherwise the wait doubles, with jitter below it.
    assert 0.25 <= waiting.seconds[0] <= 0.5
    assert waiting.seconds[1:] == [5.0, 30.0]


@pytest.mark.parametrize("page", [b"<html><hr>502 Bad Gateway</html>", b"<html/>", b"Bad Gateway", b""])
def test_a_proxy_that_does_not_reach_the_gateway_is_asked_again(page: bytes) -> None:
    assert client(Wire((502, page), (503, page), answer()), Waiting()).send(REPORT).attempts == 3
    with pytest.raises(UnexpectedAnswer):
        client(Wire((404, page))).send(REPORT)


def test_it_gives_up_after_the_attempts_agreed() -> None:
    waiting = Waiting()
    wire = Wire(*[Unreachable("x")] * 4)
    with pytest.raises(Unreachable):
        client(wire, waiting).send(REPORT)
    assert (len(wire.sent), len(waiting.seconds)) == (4, 3)


def test_a_wish_to_wait_for_long_is_the_callers_to_plan() -> None:
    wire = Wire(fault("T200.store-away", retry_after=86400))
    with pytest.raises(Refused) as refused:
        client(wire).send(REPORT)
    assert refused.value.fehler.wiederholen_nach == 86400


def test_a_stale_seal_is_renewed_at_once_but_not_for_ever() -> None:
    stale = fault("T011.stale-timestamp")
    assert client(Wire(stale, answer())).send(REPORT).attempts == 2
    with pytest.raises(Refused):
        client(Wire(*[stale] * 4)).send(REPORT)


def test_the_gateways_certificate_must_be_valid_and_lead_to_an_anchor() -> None:
    trust = GatewayTrust([PKI.certificate("gateway")], shared_validator())
    trust.require(PKI.certificate("gateway"), NOW)
    with pytest.raises(UntrustedAnswer, match="not valid"):
        trust.require(PKI.certificate("gateway"), NOW + timedelta(days=8000))
    for holder in ("revoked", "encryption-only", "stranger"):
        with pytest.raises(UntrustedAnswer):
            GatewayTrust([PKI.certificate(holder)], shared_validator()).require(PKI.certificate(holder), NOW)
    with pytest.raises(ValueError, match="at least one"):
        GatewayTrust([])


def test_several_certificates_around_a_roll_over() -> None:
    trust = GatewayTrust.load(*(PKI.directory / f"{name}.crt.pem" for name in ("gateway", "second-gateway")))
    wire = Wire(answer("second-gateway"), answer("gateway"))
    sender = client(wire, trust=trust)
    assert sender.send(REPORT).message == sender.send(REPORT).message == DUPLICATE


@pytest.mark.parametrize(
    ("failures", "asked", "least", "most"),
    [(1, None, 0.25, 0.5), (3, None, 1.0, 2.0), (1, 7, 7, 7), (4, 30, 30, 30)],
)
def test_the_policy_in_numbers(failures: int, asked: int | None, least: float, most: float) -> None:
    seconds = RetryPolicy().wait(failures, asked, random.Random(7))
    assert seconds is not None
    assert least <= seconds <= most


def test_the_policy_ends() -> None:
    assert RetryPolicy(attempts=3).wait(3, None, random.Random(7)) is None
    assert RetryPolicy().wait(1, 31, random.Random(7)) is None


def test_a_sender_needs_nothing_of_the_server() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_SERVER], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_clock_of_this_machine_is_the_default() -> None:
    sender = Client(
        "http://gateway.example/soap", PKI.key("abh1"), GatewayTrust([PKI.certificate("gateway")])
    )
    assert datetime.now(UTC).strftime("%Y-%m-%dT%H").encode() in sender.seal(b"<a/>")
