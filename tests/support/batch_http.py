"""A running gateway that deliveries are posted to, and the Federal Administration Office at the other end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from lxml import etree

from adapters.client import GatewayTrust, RetryPolicy
from adapters.client.batch import BatchClient
from fixtures.persons import BAMF
from fixtures.resettlers import write_file
from gateway.trust.admission import Limits, admit
from gateway.trust.policy import SignaturePolicy
from gateway.trust.signed_document import sign_document, verify_document
from messages import bva
from messages.fehler import Fehler, parse_fehler
from messages.registry import parse
from tests.support.batch import connect_bva
from tests.support.given import BVA
from tests.support.server import ONCE, Gateway, live_pki, prepared
from tests.support.stores import open_test_store

QUICK: dict[str, dict[str, Any]] = {
    "work": {"poll_seconds": 0.1},
    "scheduler": {"every_seconds": 0.3},
    "batch": {"folder_seconds": 0.2, "chunk_records": 50},
}
RESULT_SECONDS = 60


@contextmanager
def delivering(folder: Path, store_url: str, **sections: dict[str, Any]) -> Iterator[Gateway]:
    """A gateway with two workers to which the Federal Administration Office may deliver."""
    gateway = prepared_for_deliveries(folder, store_url, **sections)
    gateway.start()
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.kill()


def prepared_for_deliveries(folder: Path, store_url: str, **sections: dict[str, Any]) -> Gateway:
    """The same, not started yet."""
    merged = {name: {**QUICK.get(name, {}), **sections.get(name, {})} for name in {*QUICK, *sections}}
    gateway = prepared(folder, store_url, furnished=True, **merged)
    store = open_test_store(store_url)
    connect_bva(store, live_pki())
    store.close()
    return gateway


class Office(BatchClient):
    """The Federal Administration Office. In: the gateway, the holder of the key it signs with; the address of
    a proxy before it, and what carries requests there.
    """

    def __init__(
        self,
        gateway: Gateway,
        holder: str = "bva",
        *,
        agency: Any = BVA,
        retry: RetryPolicy = ONCE,
        base: str | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.gateway = gateway
        self.key = gateway.pki.key(holder)
        super().__init__(
            f"{base or gateway.base}/batch",
            self.key,
            GatewayTrust([gateway.pki.certificate("gateway")]),
            agency=bva.Stelle(agency.kennung, agency.name),
            reader=bva.Stelle(BAMF.kennung, BAMF.name),
            test=True,
            retry=retry,
            session=session,
        )

    def next_manifest(self, file: Path) -> bytes:
        """The manifest of a file, with the number that is expected next."""
        expected = self.state().erwartet
        return self.manifest(file, expected.nummer, expected.paketnummer)

    def changed(self, manifest: bytes, **changes: Any) -> bytes:
        """A manifest with other content, signed anew."""
        return sign_document(bva.write(replace(read(manifest), **changes)), key=self.key)

    def result_of(self, manifest: bytes) -> bva.Ergebnisstand:
        """Wait for the first result of a delivery."""
        uuid = read(manifest).lieferschein_uuid
        deadline = time.monotonic() + RESULT_SECONDS
        while True:
            (delivery,) = self.state(uuid).lieferungen
            if delivery.ergebnisse:
                return delivery.ergebnisse[0]
            assert time.monotonic() < deadline, delivery
            time.sleep(0.1)

    def post(self, parts: Iterable[tuple[str, bytes]], **headers: str) -> requests.Response:
        """Post hand-made parts, in their order."""
        body = b"".join(
            f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"
            for name, content in parts
        )
        usual = {"Content-Type": "multipart/form-data; boundary=xyz"}
        return requests.post(
            self.endpoint, data=body + b"--xyz--\r\n", headers={**usual, **headers}, timeout=60
        )


def records_file(path: Path, octets: Iterable[bytes]) -> Path:
    """A file of records."""
    with path.open("wb") as file:
        write_file(file, octets)
    return path


def read(signed: bytes) -> Any:
    """A signed document of a delivery as a message."""
    return bva.parse(verified(signed))


def verified(signed: bytes) -> etree._Element:
    """The element of a signed document, whose signature holds."""
    return verify_document(admit(signed, Limits()).root, policy=SignaturePolicy()).element


def results_in(path: Path) -> list[bva.Ergebnis200004]:
    """What a file of results says of each record."""
    found: list[Any] = [parse(element) for element in etree.parse(path).getroot()]
    return found


def refusal(response: requests.Response) -> tuple[int, Fehler, bool]:
    """The status of a refusal, what it says, and whether it is signed."""
    root = admit(response.content, Limits()).root
    signed = root[-1].tag.endswith("}Signature")
    return response.status_code, parse_fehler(verified(response.content) if signed else root), signed
