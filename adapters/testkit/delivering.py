"""Delivering to a server and fetching the result, as a case says; told as an exchange is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from lxml import etree

from adapters.client.batch import BatchClient
from adapters.client.errors import ClientError, Refused, Unreachable
from adapters.client.retry import RetryPolicy
from adapters.client.trust import GatewayTrust
from adapters.testkit.exchange import FAILED, Got, refused
from adapters.testkit.kit import Kit
from adapters.testkit.parties import all_parties
from gateway.clock import Clock
from messages import bva
from messages.bva import Ergebnis200004
from messages.errors import GatewayError
from messages.registry import BUNDLED_MESSAGES

SENDER: Final = "bva"


class DeliveryWire:
    """Delivers in the name of the kit's Federal Administration Office to one server."""

    def __init__(
        self, endpoint: str, trust: GatewayTrust, kit: Kit, clock: Clock, policy: RetryPolicy
    ) -> None:
        party, reader = all_parties()[SENDER], kit.reader
        self._client = BatchClient(
            endpoint,
            kit.pki.key(SENDER),
            trust,
            agency=bva.Stelle(party.kennung, party.name),
            reader=bva.Stelle(reader.kennung, reader.name),
            test=True,
            retry=policy,
            clock=clock,
        )

    def next_number(self) -> int:
        """The number the server expects next. Raises ClientError."""
        return self._client.state().erwartet.nummer

    def deliver(self, manifest: bytes, file: bytes) -> Got:
        """Deliver a file with its signed manifest. Raises Unreachable."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "records.xml"
            path.write_bytes(file)
            return self._told(lambda: note_told(self._client.deliver(manifest, path)))

    def result(self, manifest_uuid: str, wait: Callable[[], bool]) -> Got:
        """Fetch and confirm the first result of a delivery. In: waits a little, False when it is enough.

        Raises Unreachable.
        """
        return self._told(lambda: self._result(manifest_uuid, wait))

    def _result(self, manifest_uuid: str, wait: Callable[[], bool]) -> Got:
        while True:
            (found,) = self._client.state(manifest_uuid).lieferungen
            if found.ergebnisse:
                break
            if not wait():
                return Got(FAILED, status=None, why=f"no result yet; the delivery is {found.zustand.value}")
        with tempfile.TemporaryDirectory() as folder:
            result = self._client.fetch(found.ergebnisse[0].ergebnisschein_uuid, Path(folder))
            root = etree.fromstring(result.file_path.read_bytes())
        self._client.confirm([result.note.ergebnisschein_uuid])
        return _with_records(note_told(result.note), list(root))

    def _told(self, attempt: Callable[[], Got]) -> Got:
        try:
            return attempt()
        except Refused as refusal:
            return replace(refused(refusal.fehler, proven=refusal.proven), status=None)
        except Unreachable:
            raise
        except (ClientError, GatewayError, ValueError, etree.XMLSyntaxError) as error:
            return Got(FAILED, status=None, signed=False, why=str(error))


def note_told(message: bva.Eingang200007 | bva.Ergebnisschein200006) -> Got:
    """What a receipt or the note of a result says."""
    document = bva.write(message)
    reason = message.zustand.value if isinstance(message, bva.Eingang200007) else None
    return Got(
        message.message_type,
        reason,
        status=None,
        element=etree.fromstring(document),
        document=document,
    )


def _with_records(got: Got, records: list[etree._Element]) -> Got:
    results = [BUNDLED_MESSAGES.parse(record) for record in records]
    told = [result for result in results if isinstance(result, Ergebnis200004)]
    numbers = [result.angenommen.bamfkennziffer for result in told if result.angenommen]
    faults = [fault for result in told if result.fehlerhaft for fault in result.fehlerhaft.fehler]
    return replace(
        got,
        number=next(iter(numbers), None),
        path=next((f"{fault.pfad} {fault.text}" for fault in faults), None),
        endings=tuple(result.ending or "nothing" for result in told),
        records=tuple(records),
    )
