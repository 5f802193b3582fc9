"""The bare floor: what one accepted report costs with no framework around it.

One loop does only what nobody can leave out: parse the bytes, check two references and the RSA signature,
validate against the XSD, look the person up, commit message and person durably, fill in the answer, sign and
serialise it. The gateway's figures are ratios against this loop, measured in the same run.
"""

import base64
import hashlib
import resource
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

DS = "{http://www.w3.org/2000/09/xmldsig#}"
WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
WSSE_BST = (
    "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}BinarySecurityToken"
)

Commit = Callable[[str, str, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class FloorResult:
    """Messages done, seconds of wall clock, seconds of user+system CPU of this process."""

    messages: int
    wall: float
    cpu: float


class BareLoop:
    """The bare work on one message; `run` repeats it over pre-signed requests.

    The database is opened in the process that first runs the loop: no connection survives a fork.
    """

    def __init__(
        self,
        schema: etree.XMLSchema,
        key: rsa.RSAPrivateKey,
        answer: bytes,
        open_commit: Callable[[], Commit],
    ) -> None:
        self._schema = schema
        self._key = key
        self._answer = answer
        self._open_commit = open_commit
        self._commit: Commit | None = None
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        self._certificates: dict[str, rsa.RSAPublicKey] = {}

    def run(self, requests: Sequence[bytes]) -> FloorResult:
        """Do the bare work for every request (a signed SOAP envelope) and return what it cost."""
        self._commit = self._commit or self._open_commit()
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        for request in requests:
            self._one(request, self._commit)
        after, end = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return FloorResult(len(requests), end - start, cpu)

    def _one(self, request: bytes, commit: Commit) -> None:
        envelope = etree.fromstring(request, self._parser)
        document = self._verify(envelope)
        self._schema.assertValid(document)
        canonical = etree.tostring(document, method="c14n", exclusive=True)
        uuid = document.findtext(".//nachrichtenUUID") or ""
        person = "|".join(element.text or "" for element in document.iter("name", "jahrMonatTag"))
        commit(uuid, person, hashlib.sha256(canonical).digest(), canonical)
        self._seal(uuid)

    def _verify(self, envelope: etree._Element) -> etree._Element:
        parts = {element.get(WSU_ID): element for element in envelope.iter() if element.get(WSU_ID)}
        signed_info = next(envelope.iter(f"{DS}SignedInfo"))
        body = b""
        for reference in signed_info.iterfind(f"{DS}Reference"):
            part = parts[reference.get("URI", "")[1:]]
            octets = etree.tostring(part, method="c14n", exclusive=True)
            digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
            if reference.findtext(f"{DS}DigestValue") != digest:
                raise ValueError("the benchmark's own request does not verify")
            if part.tag.endswith("}Body"):
                body = octets
        token = next(envelope.iter(WSSE_BST)).text or ""
        public = self._certificates.get(token)
        if public is None:
            loaded = x509.load_der_x509_certificate(base64.b64decode(token)).public_key()
            if not isinstance(loaded, rsa.RSAPublicKey):
                raise TypeError("the benchmark signs with RSA")
            public = self._certificates[token] = loaded
        value = base64.b64decode(next(envelope.iter(f"{DS}SignatureValue")).text or "")
        octets = etree.tostring(signed_info, method="c14n", exclusive=True)
        public.verify(value, octets, padding.PKCS1v15(), hashes.SHA256())
        return etree.fromstring(body, self._parser)[0]

    def _seal(self, uuid: str) -> bytes:
        answer = etree.fromstring(self._answer.replace(b"@UUID@", uuid.encode()), self._parser)
        octets = etree.tostring(answer, method="c14n", exclusive=True)
        signed_info = base64.b64encode(hashlib.sha256(octets).digest())
        signature = base64.b64encode(self._key.sign(signed_info, padding.PKCS1v15(), hashes.SHA256()))
        etree.SubElement(answer, "SignatureValue").text = signature.decode()
        return etree.tostring(answer, encoding="utf-8")


def sqlite_commit(path: Path) -> Commit:
    """Open a bare SQLite file (WAL, synchronous=FULL) and return lookup-and-commit on it."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS message(uuid TEXT PRIMARY KEY, hash BLOB, document BLOB)")
    connection.execute("CREATE TABLE IF NOT EXISTS person(key TEXT PRIMARY KEY, uuid TEXT)")

    def commit(uuid: str, person: str, digest: bytes, document: bytes) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT uuid FROM person WHERE key = ?", (person,)).fetchone()
        connection.execute("INSERT INTO message VALUES (?, ?, ?)", (uuid, digest, document))
        connection.execute("INSERT OR IGNORE INTO person VALUES (?, ?)", (person, uuid))
        connection.execute("COMMIT")

    return commit


def postgresql_commit(conninfo: str) -> Commit:
    """Open a bare psycopg connection and return lookup-and-commit on it, one statement each way."""
    import psycopg

    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS floor_message(uuid TEXT PRIMARY KEY, hash BYTEA, document BYTEA)"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS floor_person(key TEXT PRIMARY KEY, uuid TEXT)")
    write = (
        "WITH m AS (INSERT INTO floor_message VALUES (%s, %s, %s)) "
        "INSERT INTO floor_person VALUES (%s, %s) ON CONFLICT DO NOTHING"
    )

    def commit(uuid: str, person: str, digest: bytes, document: bytes) -> None:
        connection.execute("SELECT uuid FROM floor_person WHERE key = %s", (person,), prepare=True).fetchone()
        connection.execute(write, (uuid, digest, document, person, uuid), prepare=True)

    return commit
