"""The way of a SOAP request through this door: octets in, a finished envelope out, never an exception."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from adapters.observability_logs import place_of
from adapters.soap.contract import Operation, ServiceContract, wrap_answer
from adapters.soap.dispatch import Call, dispatcher_of
from adapters.soap.envelope import (
    Content,
    SoapVersion,
    soap_version,
    version_of_media_type,
)
from adapters.soap.faults import build_fault, plain_envelope
from gateway.clock import Clock
from gateway.parties import PartyDirectory
from gateway.pipeline import Answer, Pipeline, Refusal, Route
from gateway.trust.admission import Limits, admit
from gateway.trust.certificates import fingerprint_of
from gateway.trust.keys import SigningKey
from gateway.trust.wssecurity import (
    SoapPolicy,
    SoapProof,
    seal_envelope,
    verify_envelope,
)
from messages.errors import GatewayError
from messages.fehler import write_fehler
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.versionsende import write_versionsende
from store.records import PartyRecord

DOOR = "soap"


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What HTTP says about a request, beside its body."""

    content: Content
    soap_action: str | None
    peer: str
    tls_fingerprint: str | None = None


@dataclass(slots=True)
class Reply:
    """A finished answer or fault, and what the log line says about it (no personal data)."""

    body: bytes
    version: SoapVersion
    outcome: str
    """"answered", "repeated" or "refused"."""
    code: str = ""
    message_type: str = ""
    uuid: str | None = None
    reason: str | None = None
    row: str | None = None
    retry_after: int | None = None
    unexpected: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage: prove, process, seal."""

    @property
    def is_fault(self) -> bool:
        """Faults go out with HTTP 500 in both versions: foreign stacks lose the detail with 400."""
        return self.outcome == "refused"


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """What answers are signed with: RSA, which every stack verifies; ECDSA for parties that ask for it."""

    rsa: SigningKey
    ecdsa: SigningKey | None = None

    def all(self) -> tuple[SigningKey, ...]:
        """Every key an answer may be signed with, RSA first."""
        return (self.rsa,) if self.ecdsa is None else (self.rsa, self.ecdsa)

    def for_party(self, party: PartyRecord | None) -> SigningKey:
        """The key an answer to this party is signed with."""
        if party is not None and party.ecdsa_answers and self.ecdsa is not None:
            return self.ecdsa
        return self.rsa


class SoapDoor:
    """Admits, proves, dispatches and seals. Stateless; used by several threads at once."""

    def __init__(
        self,
        *,
        contract: ServiceContract,
        pipeline: Pipeline,
        parties: PartyDirectory,
        keys: SealingKeys,
        policy: SoapPolicy,
        limits: Limits,
        clock: Clock,
        messages: MessageRegistry = BUNDLED_MESSAGES,
        tls_must_match: bool = False,
    ) -> None:
        self._dispatcher = dispatcher_of(contract)
        self._messages = messages
        self._pipeline = pipeline
        self._parties = parties
        self._keys = keys
        self._policy = policy
        self._limits = limits
        self._clock = clock
        self._tls_must_match = tls_must_match
        self._log = structlog.get_logger("adapters.soap")

    @property
    def max_bytes(self) -> int:
        """The largest body worth reading."""
        return self._limits.max_bytes

    def answer(self, raw: bytes, facts: RequestFacts) -> Reply:
        """Answer one request; every failure becomes a typed fault in the request's SOAP version."""
        way = _Way(raw, facts, version_of_media_type(facts.content.media_type))
        try:
            body, outcome = self._body(way)
        except GatewayError as error:
            outcome = self._unproven(way, error)
            body = build_fault(outcome.error, outcome.fehler, way.version)
        except Exception as error:  # noqa: BLE001 - nothing may leave the door untyped
            self._log.error("unexpected", door=DOOR, **place_of(error))
            outcome = self._unproven(way, GatewayError("T200.unexpected"))
            body = build_fault(outcome.error, outcome.fehler, way.version)
            way.unexpected = True
        return self._sealed(way, body, outcome)

    def refuse(self, error: GatewayError, facts: RequestFacts, sha256: bytes, size: int) -> Reply:
        """A fault for a request whose body was not taken: too large, too slow, compressed, another type."""
        refusal = self._pipeline.refuse_unproven(
            sha256=sha256, size=size, error=error, route=Route(DOOR, facts.peer)
        )
        version = version_of_media_type(facts.content.media_type)
        body = build_fault(refusal.error, refusal.fehler, version)
        return _reply(plain_envelope(body, version), version, refusal)

    def _body(self, way: _Way) -> tuple[bytes, Answer | Refusal]:
        root = admit(way.raw, self._limits).root
        way.admitted = True
        way.version = soap_version(root)
        proof = verify_envelope(root, policy=self._policy, directory=self._parties, now=self._clock.now())
        way.mark("prove")
        outcomes: list[Answer | Refusal] = []

        def process(operation: Operation | None) -> Answer | Refusal:
            outcomes.append(self._process(way, proof, operation))
            way.mark("process")
            return outcomes[-1]

        element = proof.document.element
        call = Call(element, self._messages.bundled_root(element.tag), process, way.finish)
        return self._dispatcher.dispatch(way.version, call), outcomes[-1]

    def _process(self, way: _Way, proof: SoapProof, operation: Operation | None) -> Answer | Refusal:
        if operation is not None:
            for action in (way.facts.soap_action, way.facts.content.action):
                if action and action != operation.soap_action:
                    raise GatewayError("T099.soap-action", details={"expected": operation.soap_action})
        self._check_connection(way, proof)
        return self._pipeline.process(proof.document, Route(DOOR, way.facts.peer))

    def _check_connection(self, way: _Way, proof: SoapProof) -> None:
        """What only the door can see: whether the signer is who opened the connection."""
        if not self._tls_must_match:
            return
        signer = fingerprint_of(proof.document.certificate)
        if signer != way.facts.tls_fingerprint:
            raise GatewayError("T070.transport-identity")

    def _unproven(self, way: _Way, error: GatewayError) -> Refusal:
        return self._pipeline.refuse_unproven(
            sha256=hashlib.sha256(way.raw).digest(),
            size=len(way.raw),
            error=error,
            route=Route(DOOR, way.facts.peer),
        )

    def _sealed(self, way: _Way, body: bytes, outcome: Answer | Refusal) -> Reply:
        """The envelope around an answer or fault; unsigned only if the request was not even admitted."""
        if not way.admitted:
            return _reply(plain_envelope(body, way.version), way.version, outcome, way)
        try:
            sealed = seal_envelope(
                body,
                key=self._keys.for_party(outcome.party),
                soap_version=way.version,
                now=self._clock.now(),
                signature_first=outcome.party is not None and outcome.party.signature_first,
                headers=_announcements(outcome),
            )
        except Exception as error:  # noqa: BLE001 - nothing may leave the door untyped
            # The message is decided and committed; its resend gets the same answer, sealed.
            self._log.error("unexpected", door=DOOR, uuid=outcome.uuid, **place_of(error))
            way.unexpected = True
            return unsigned_fault(GatewayError("T200.signing-away"), way.version, unexpected=True)
        way.mark("seal")
        return _reply(sealed, way.version, outcome, way)


@dataclass(slots=True)
class _Way:
    """One request on its way."""

    raw: bytes
    facts: RequestFacts
    version: SoapVersion
    admitted: bool = False
    unexpected: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=perf_counter)

    def mark(self, stage: str) -> None:
        now = perf_counter()
        self.stages[stage] = now - self._last
        self._last = now

    def finish(self, outcome: Answer | Refusal, operation: Operation | None) -> bytes:
        if isinstance(outcome, Refusal):
            return build_fault(outcome.error, outcome.fehler, self.version)
        if operation is None:
            raise LookupError(f"the WSDL declares no operation that is answered with {outcome.root}")
        if outcome.root == operation.answer:
            return outcome.document
        return wrap_answer(outcome.document, operation)


def unsigned_fault(error: GatewayError, version: SoapVersion, *, unexpected: bool = False) -> Reply:
    """A fault that needs neither store nor key, for when one of them or a place in the queue is missing."""
    return Reply(
        body=plain_envelope(build_fault(error, write_fehler(error), version), version),
        version=version,
        outcome="refused",
        code=error.code,
        retry_after=error.retry_after,
        unexpected=unexpected,
    )


def _announcements(outcome: Answer | Refusal) -> Sequence[bytes]:
    """Return what stands beside the answer in the header, and is signed with it."""
    if isinstance(outcome, Refusal) or outcome.ending is None:
        return ()
    return (write_versionsende(outcome.ending),)


def _reply(body: bytes, version: SoapVersion, outcome: Answer | Refusal, way: _Way | None = None) -> Reply:
    stages = {} if way is None else way.stages
    unexpected = way is not None and way.unexpected
    if isinstance(outcome, Refusal):
        return Reply(
            body=body,
            version=version,
            outcome="refused",
            code=outcome.error.code,
            uuid=outcome.uuid,
            retry_after=outcome.error.retry_after,
            unexpected=unexpected,
            stages=stages,
        )
    return Reply(
        body=body,
        version=version,
        outcome="repeated" if outcome.repeated else "answered",
        message_type=outcome.message_type,
        uuid=outcome.uuid,
        reason=outcome.reason_code,
        row=outcome.row,
        stages=stages,
    )
