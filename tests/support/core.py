"""The core on a test store: agencies that sign, a clock that stands, and the way from bytes to an answer."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from fixtures import persons
from fixtures.pki.build import Pki
from gateway.clock import german_day
from gateway.number import Numbers
from gateway.parties import PartyDirectory
from gateway.pipeline import Answer, Pipeline, Refusal, Route
from gateway.rules.reader import load_rules
from gateway.service.handlers import service_handlers
from gateway.settings import Settings
from gateway.trust.admission import Limits
from gateway.trust.certificates import Validator
from gateway.trust.documents import VerifiedDocument
from messages.frame import Message
from messages.quittung import ROOT as QUITTUNG
from messages.quittung import parse_quittung
from messages.registry import BUNDLED_MESSAGES, MessageRegistry, parse
from messages.values import BehoerdeG2G, Gebaeudeanschrift
from schemas.registry import SchemaRegistry
from store.engine import Store
from store.records import PartyCertificate, PartyRecord
from tests.support.proofs import prove, seal

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROUTE = Route("soap", "192.0.2.7")
REPORTS = frozenset(
    {
        "070001", "070007", "070008", "070009", "070010", "070011", "070013", "070016", "070019", "070022",
    }
)  # fmt: skip
"""What an immigration authority may send."""
OF_JOBCENTERS = frozenset({"080001", "080010", "080011", "080013", "080016"})
NUMBER_KEY = b"number key of the tests, 32 byte"
ABH1 = persons.agency("azr:090001", "Ausländerbehörde Musterstadt")
ABH2 = persons.agency("azr:090002", "Ausländerbehörde Beispielkreis")
ABH3 = persons.agency("azr:090003", "Ausländerbehörde Probehausen")
TGS1 = persons.agency("dbs:010101", "Jobcenter Musterstadt")
TGS2 = persons.agency("dbs:010102", "Jobcenter Beispielkreis")
AGENCIES = {"abh1": ABH1, "abh2": ABH2, "abh3": ABH3}
JOBCENTERS = {"tgs1": TGS1, "tgs2": TGS2}
OFFICES = Path(persons.__file__).with_name("offices.toml")

_REGISTRY = SchemaRegistry.load()
_RULES = load_rules()


class StandingClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, **length: float) -> None:
        self.time += timedelta(**length)


def validator_of(pki: Pki) -> Validator:
    """The one validator of a PKI: like a gateway's it remembers, and looks for changed revocation lists."""
    return _validator(pki.anchors, pki.intermediates, pki.crls)


@cache
def _validator(
    anchors: tuple[Path, ...], intermediates: tuple[Path, ...], crls: tuple[Path, ...]
) -> Validator:
    return Validator.from_directories(
        anchors=anchors, intermediates=intermediates, crls=crls, require_crl=True
    )


def settings(**changes: Any) -> Settings:
    """The settings of the test gateway, a test environment."""
    usual = Settings(
        environment="test",
        kennung=persons.BAMF.kennung,
        name=persons.BAMF.name,
        address=Gebaeudeanschrift(
            hausnummer="210", postleitzahl="90461", strasse="Frankenstraße", wohnort="Nürnberg"
        ),
        reachability=persons.BAMF.erreichbarkeit,
    )
    return replace(usual, **changes)


def party(pki: Pki, kennung: str, name: str, *holders: str, **changes: Any) -> PartyRecord:
    """A party for which the certificates of some holders speak."""
    links = tuple(
        PartyCertificate(each.fingerprint(hashes.SHA256()).hex(), each.public_bytes(Encoding.DER))
        for each in (pki.certificate(holder) for holder in holders)
    )
    usual = PartyRecord(kennung, name, "test", "ABH", REPORTS, certificates=links)
    record = replace(usual, **changes)
    if record.environment == "test" or "connected" in changes:
        return record
    return replace(record, connected=frozenset(product(record.allowed_types, record.versions)))


class Core:
    """A pipeline on a store, and the agencies that send to it.

    `clock` is the real one and, unless there is another `business` clock, also that.
    """

    def __init__(
        self,
        store: Store,
        pki: Pki,
        clock: Any | None = None,
        *,
        business: Any | None = None,
        registry: SchemaRegistry = _REGISTRY,
        messages: MessageRegistry = BUNDLED_MESSAGES,
        **changes: Any,
    ) -> None:
        self.store = store
        self.pki = pki
        self.registry = registry
        self.messages = messages
        self.clock = clock or StandingClock()
        self.parties = PartyDirectory(self._parties, self.clock, max_age=timedelta(0))
        self.business = business or self.clock
        chosen = settings(**changes)
        self.pipeline = Pipeline(
            registry=registry,
            store=store,
            parties=self.parties,
            validator=validator_of(pki),
            rules=_RULES,
            numbers=Numbers(NUMBER_KEY),
            settings=chosen,
            clock=self.clock,
            business=business,
            new_uuid=lambda: str(uuid.uuid4()),
            messages=messages,
            services=service_handlers(store, registry, chosen, Limits(), messages),
        )

    def _parties(self) -> list[PartyRecord]:
        with self.store.read() as reader:
            return reader.parties()

    def send(self, message: Message | bytes, holder: str = "abh1") -> Answer | Refusal:
        """Sign as the holder, prove the octets, process. In: a message, or the bytes of a document."""
        return self.pipeline.process(self.proven(message, holder), ROUTE)

    def proven(self, message: Message | bytes, holder: str = "abh1") -> VerifiedDocument:
        """The document as it arrives at the pipeline."""
        octets = message if isinstance(message, bytes) else etree.tostring(self.messages.build(message))
        sealed = seal(octets, self.pki.key(holder), self.clock.now())
        return prove(sealed, self.parties, self.clock.now())

    def answer(self, message: Message | bytes, holder: str = "abh1") -> tuple[Answer, Any]:
        """Send and expect an answer that keeps its own contract; out: the answer and its message."""
        outcome = self.send(message, holder)
        assert isinstance(outcome, Answer), outcome.error
        return outcome, read_answer(outcome)

    def refusal(self, message: Message | bytes, holder: str = "abh1") -> Refusal:
        """Send and expect a refusal."""
        outcome = self.send(message, holder)
        assert isinstance(outcome, Refusal), outcome
        return outcome

    def read_document(self, element: etree._Element) -> Any:
        """The message of a document of ours in any version, or the receipt, valid by its schema."""
        contract = self.registry.identify(element, german_day(self.business.now()))
        assert self.registry.check(contract, element) == ()
        return parse_quittung(element) if element.tag == QUITTUNG else self.messages.parse(element)

    def counts(self) -> dict[str, int]:
        with self.store.read() as reader:
            return reader.counts()


def read_answer(answer: Answer) -> Any:
    """The message of an answer document, valid by its schema."""
    element = etree.fromstring(answer.document)
    assert element.tag == answer.root
    message = read_document(element)
    assert message.message_type == answer.message_type
    return message


def read_document(element: etree._Element) -> Any:
    """The message of an answer's element, or the receipt, valid by its schema."""
    contract = _REGISTRY.identify(element, NOW.date())
    assert _REGISTRY.check(contract, element) == ()
    return parse_quittung(element) if element.tag == QUITTUNG else parse(element)


def new_uuid() -> str:
    return str(uuid.uuid4())


def sender(holder: str) -> BehoerdeG2G:
    return (AGENCIES | JOBCENTERS)[holder]
