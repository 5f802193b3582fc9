"""Deliveries of many records: send a file with its signed manifest, fetch the results, confirm them.

Needs nothing of the server and keeps nothing by itself: the manifest is made once and sent again as it is, so
that a delivery that was taken in before is answered with the same receipt.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import requests
from lxml import etree

from adapters.batch.body import DeliveryBody, Told
from adapters.batch.safe_files import is_plain_name, written
from adapters.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable, UntrustedAnswer
from adapters.client.retry import RetryPolicy
from adapters.client.trust import GatewayTrust
from gateway.batch.records_file import RecordsFile, RecordsLimits
from gateway.clock import Clock, SystemClock, german_time
from gateway.trust import names
from gateway.trust.admission import Limits, admit
from gateway.trust.canonical import CanonicalBytes
from gateway.trust.keys import SigningKey
from gateway.trust.policy import SignaturePolicy
from gateway.trust.signed_document import sign_document, verify_document
from messages import bva
from messages.errors import GatewayError
from messages.fehler import ROOT as FEHLER
from messages.fehler import parse_fehler
from messages.namespaces import BVA

__all__ = ["BatchClient", "Result"]

_XML: Final = {"Content-Type": "application/xml"}
_BLOCK: Final = 256 * 1024
_DOCUMENT_AT_MOST: Final = 4 << 20
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Result:
    """A result that lies on the disk: its note as it was signed, what that says, and both files."""

    note: bva.Ergebnisschein200006
    note_path: Path
    file_path: Path


class BatchClient:
    """Delivers in the name of one authority. Not for use by several threads at once.

    `endpoint` is the address of the gateway's batch door (`https://…/batch`), `agency` who delivers, `reader`
    the gateway's agency, `test` says that it is a test environment. Network failures and "try later" are
    repeated as the retry policy says.
    """

    def __init__(
        self,
        endpoint: str,
        key: SigningKey,
        trust: GatewayTrust,
        *,
        agency: bva.Stelle,
        reader: bva.Stelle,
        test: bool,
        retry: RetryPolicy | None = None,
        session: requests.Session | None = None,
        seconds: tuple[float, float] = (5.0, 600.0),
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
        new_uuid: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """In: `seconds` to wait for a connection, and for the next octets of an answer; storing a large
        delivery takes minutes.
        """
        self.endpoint = endpoint.rstrip("/")
        self._key = key
        self._trust = trust
        self._agency = agency
        self._reader = reader
        self._test = "1" if test else None
        self._retry = retry or RetryPolicy()
        self._session = session or requests.Session()
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "inge-client"})
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._rng = rng or random.SystemRandom()
        self._new_uuid = new_uuid

    def manifest(self, file: Path, number: int, package: int = 1, *, last: bool = True) -> bytes:
        """Make the signed manifest of a file of records.

        In: number and package of the delivery, whether it is the last package of that number. Raises
        GatewayError for a file that would be refused as a whole, OSError.
        """
        with file.open("rb") as opened, RecordsFile.survey(opened, RecordsLimits()) as records:
            found = records.found
        return self._signed(
            bva.Lieferschein200001(
                test=self._test,
                lieferschein_uuid=self._new_uuid(),
                erstellungszeitpunkt=german_time(self._clock.now()),
                autor=self._agency,
                leser=self._reader,
                lieferung=bva.Lieferfolge(number, package, last),
                datei=bva.Datei(file.name, found.size, found.sha256),
                anzahl_datensaetze=found.count,
            )
        )

    def deliver(self, manifest: bytes, file: Path, told: Told | None = None) -> bva.Eingang200007:
        """Send a file with its manifest; the same manifest may be sent any number of times.

        In: what is told of the octets that have left. Out: the receipt: everything is stored safely. Raises
        Refused, Unreachable, UntrustedAnswer (also for the receipt of another delivery), UnexpectedAnswer,
        OSError.
        """
        sent = _uuid_of(manifest)

        def post() -> bva.Eingang200007:
            with DeliveryBody(manifest, file, told) as body:
                response = self._post(self.endpoint, body, {"Content-Type": body.content_type})
                receipt: bva.Eingang200007 = self._document(response, bva.Eingang200007)[1]
                _require_same(receipt.lieferschein_uuid, sent)
                return receipt

        return self._repeated(post)

    def state(self, manifest_uuid: str | None = None) -> bva.Uebersicht200009:
        """Ask how far the deliveries are, or one of them, and what is expected next. Raises as `deliver`."""
        return self._asked(bva.Gegenstand.STATE, bva.Uebersicht200009, lieferschein_uuid=manifest_uuid)[1]

    def note(self, result_uuid: str) -> tuple[bytes, bva.Ergebnisschein200006]:
        """Fetch the note of a result: as it was signed, and what it says. Raises as `deliver`."""
        raw, note = self._asked(
            bva.Gegenstand.NOTE, bva.Ergebnisschein200006, ergebnisschein_uuid=result_uuid
        )
        _require_same(note.ergebnisschein_uuid, result_uuid)
        return raw, note

    def file(self, note: bva.Ergebnisschein200006, out: IO[bytes], told: Told | None = None) -> None:
        """Fetch the file of a result into an open one, and hold it against its note.

        Raises as `deliver`, and UntrustedAnswer if what came is not what the note names.
        """

        def fetch() -> None:
            asked = self._request(bva.Gegenstand.FILE, ergebnisschein_uuid=note.ergebnisschein_uuid)
            response = self._post(f"{self.endpoint}/results", asked, _XML)
            if response.status_code != 200:
                self._document(response, bva.Eingang200007)
                raise UnexpectedAnswer(f"HTTP {response.status_code} without a refusal")
            self._save(response, note.datei, out, told)

        self._repeated(fetch)

    def confirm(self, result_uuids: Iterable[str]) -> bva.Uebersicht200009:
        """Say that results are kept for good: note and file lie safely on this side. Raises as `deliver`."""
        confirmed = tuple(result_uuids)
        return self._asked(bva.Gegenstand.STATE, bva.Uebersicht200009, bestaetigt=confirmed)[1]

    def fetch(self, result_uuid: str, into: Path, told: Told | None = None) -> Result:
        """Fetch a result into a folder: note and file, safe on the disk when this returns, not yet confirmed.

        What lies there already is fetched again and stays the same. Raises as `file`, OSError.
        """
        raw, note = self.note(result_uuid)
        into.mkdir(parents=True, exist_ok=True)
        file_path = into / _plain_name(note.datei.name)
        note_path = file_path.with_suffix(".schein.xml")
        with written(file_path) as out:
            self.file(note, out, told)
        with written(note_path) as out:
            out.write(raw)
        return Result(note, note_path, file_path)

    def _asked(self, what: bva.Gegenstand, kind: type[_Answer], **further: Any) -> tuple[bytes, _Answer]:
        def ask() -> tuple[bytes, _Answer]:
            # Each attempt is a request of its own: its UUID is used up by the one that arrived.
            asked = self._question(what, **further)
            response = self._post(f"{self.endpoint}/results", self._signed(asked), _XML)
            raw, answer = self._document(response, kind)
            if isinstance(answer, bva.Uebersicht200009):
                _require_same(answer.abruf_uuid, asked.abruf_uuid)
            return raw, answer

        return self._repeated(ask)

    def _request(self, what: bva.Gegenstand, **further: Any) -> bytes:
        return self._signed(self._question(what, **further))

    def _question(self, what: bva.Gegenstand, **further: Any) -> bva.Abruf200008:
        return bva.Abruf200008(
            test=self._test,
            abruf_uuid=self._new_uuid(),
            erstellungszeitpunkt=german_time(self._clock.now()),
            autor=self._agency,
            leser=self._reader,
            gegenstand=what,
            **further,
        )

    def _signed(self, document: Any) -> bytes:
        return sign_document(CanonicalBytes(bva.write(document)), key=self._key)

    def _post(self, address: str, body: Any, headers: Mapping[str, str]) -> requests.Response:
        try:
            return self._session.post(
                address,
                data=body,
                headers=dict(headers),
                timeout=self._seconds,
                stream=True,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # The text of the error names the address only; a proxy's password in it must not travel on.
            raise Unreachable(type(error).__name__) from error

    def _document(self, response: requests.Response, kind: type[_Answer]) -> tuple[bytes, _Answer]:
        """Prove an answer: out: its octets, and the document as a message of the kind expected."""
        raw = _content(response)
        try:
            root = admit(raw, Limits(max_bytes=_DOCUMENT_AT_MOST, max_elements=40_000)).root
        except GatewayError as error:
            if response.status_code in {429, 502, 503, 504}:
                raise Unreachable(f"HTTP {response.status_code} from a proxy in between") from error
            raise UnexpectedAnswer(
                f"HTTP {response.status_code} without a document ({error.code})"
            ) from error
        if root.tag == FEHLER and root.find(names.DS_SIGNATURE) is None:
            raise Refused(parse_fehler(root), proven=False)
        try:
            proven = verify_document(root, policy=SignaturePolicy())
        except GatewayError as error:
            if response.status_code in {429, 502, 503, 504}:
                raise Unreachable(f"HTTP {response.status_code} from a proxy in between") from error
            raise UntrustedAnswer(f"the answer's signature does not hold: {error}") from error
        self._trust.require(proven.certificate, self._clock.now())
        if proven.element.tag == FEHLER:
            raise Refused(parse_fehler(proven.element), proven=True)
        message = _parsed(proven.element)
        if not isinstance(message, kind):
            raise UnexpectedAnswer(f"{proven.element.tag} is not what was asked for")
        return raw, message

    def _save(self, response: requests.Response, named: bva.Datei, out: IO[bytes], told: Told | None) -> None:
        digest, size = hashlib.sha256(), 0
        out.seek(0)
        out.truncate()
        try:
            for block in response.iter_content(_BLOCK):
                size += len(block)
                if size > named.groesse:
                    break
                digest.update(block)
                out.write(block)
                if told is not None:
                    told(size, named.groesse)
        except requests.RequestException as error:
            raise Unreachable(type(error).__name__) from error
        finally:
            response.close()
        if size < named.groesse:
            raise Unreachable("the file ended early")
        if size > named.groesse or digest.digest() != named.sha256:
            raise UntrustedAnswer("the file is not the one that its note names")

    def _repeated(self, attempt: Callable[[], _Answer]) -> _Answer:
        failures = 0
        while True:
            asked: int | None = None
            try:
                return attempt()
            except Unreachable as error:
                failed: ClientError = error
            except Refused as error:
                if not error.retryable:
                    raise
                failed, asked = error, error.fehler.wiederholen_nach
            failures += 1
            seconds = self._retry.wait(failures, asked, self._rng)
            if seconds is None:
                raise failed
            self._sleep(seconds)


def _uuid_of(manifest: bytes) -> str:
    """Return the UUID of a manifest, empty where it says none; the gateway refuses such a one."""
    try:
        root = admit(manifest, Limits()).root
    except GatewayError:
        return ""
    return (root.findtext(f"{{{BVA}}}lieferscheinUUID") or "").strip().lower()


def _parsed(element: etree._Element) -> Any:
    try:
        return bva.parse(element)
    except GatewayError as error:
        raise UnexpectedAnswer(f"the answer is no document of a delivery ({error.code})") from error


def _content(response: requests.Response) -> bytes:
    content = bytearray()
    try:
        for block in response.iter_content(_BLOCK):
            content += block
            if len(content) > _DOCUMENT_AT_MOST:
                raise UnexpectedAnswer(f"the answer is larger than {_DOCUMENT_AT_MOST} bytes")
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from error
    finally:
        response.close()
    return bytes(content)


def _require_same(named: str, sent: str) -> None:
    """Signed is not enough: somebody in between may hand out what answers something else."""
    if named.lower() != sent.lower():
        raise UntrustedAnswer("the answer belongs to another delivery, result or request")


def _plain_name(name: str) -> str:
    """Return the name of a file as the note gives it, if it stays in its folder."""
    if not is_plain_name(name):
        raise UntrustedAnswer("the note names a file outside its folder")
    return name
