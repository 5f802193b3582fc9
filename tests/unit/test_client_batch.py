"""What the client for deliveries does not believe, though it is signed: what answers another request."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.client import GatewayTrust, UntrustedAnswer
from adapters.client.batch import BatchClient
from fixtures.persons import BAMF
from fixtures.resettlers import records
from gateway.trust.signed_document import sign_document
from messages import bva
from tests.support.batch_http import records_file
from tests.support.core import new_uuid
from tests.support.given import BVA
from tests.support.server import ONCE, live_pki
from tests.support.wrong_server import Said, answering, unsigned

Answer = Callable[[bytes], Any]
ROW = bva.Lieferfolge(1, 1, True)


def frame() -> dict[str, Any]:
    us, them = bva.Stelle(BAMF.kennung, BAMF.name), bva.Stelle(BVA.kennung, BVA.name)
    return {"test": "1", "erstellungszeitpunkt": datetime.now(UTC), "autor": us, "leser": them}


def receipt(uuid: str) -> bva.Eingang200007:
    accepted = bva.Eingangszustand.ACCEPTED
    return bva.Eingang200007(
        **frame(), lieferschein_uuid=uuid, lieferung=ROW, anzahl_datensaetze=2, zustand=accepted
    )


def overview(uuid: str) -> bva.Uebersicht200009:
    return bva.Uebersicht200009(**frame(), abruf_uuid=uuid, erwartet=bva.Naechstes(1, 1))


def note(uuid: str) -> bva.Ergebnisschein200006:
    return bva.Ergebnisschein200006(
        **frame(),
        ergebnisschein_uuid=uuid,
        lieferschein_uuid=new_uuid(),
        lieferung=ROW,
        nachtrag=0,
        datei=bva.Datei("ergebnisse.xml", 1, b"x" * 32),
        anzahl=bva.Zaehlung(2, 0, 0, 0),
    )


@contextmanager
def client(answer: Answer) -> Iterator[BatchClient]:
    """A client of a door that signs whatever is answered."""
    key = live_pki().key("gateway")

    def said(_: str, body: bytes) -> Said:
        return Said(sign_document(bva.write(answer(body)), key=key))

    with answering(lambda _: Said(unsigned(b"")), said) as server:
        yield BatchClient(
            server.url.replace("/soap", "/batch"),
            live_pki().key("bva"),
            GatewayTrust([live_pki().certificate("gateway")]),
            agency=bva.Stelle(BVA.kennung, BVA.name),
            reader=bva.Stelle(BAMF.kennung, BAMF.name),
            test=True,
            retry=ONCE,
        )


def named(body: bytes, element: str) -> str:
    (found,) = re.findall(f"{element}>([^<]+)</".encode(), body)
    return str(found.decode())


def test_the_receipt_of_another_delivery_is_none(tmp_path: Path) -> None:
    file = records_file(tmp_path / "records.xml", records(1, 2))
    # In capitals it is the same: RFC 4122.
    with client(lambda body: receipt(named(body, "lieferscheinUUID").upper())) as ours:
        assert ours.deliver(ours.manifest(file, 1), file).anzahl_datensaetze == 2
    with (
        client(lambda _: receipt(new_uuid())) as ours,
        pytest.raises(UntrustedAnswer, match="belongs to another"),
    ):
        ours.deliver(ours.manifest(file, 1), file)


def test_an_overview_that_was_asked_for_before_says_nothing_now() -> None:
    with client(lambda body: overview(named(body, "abrufUUID"))) as ours:
        assert ours.state().erwartet.nummer == 1
    with client(lambda _: overview(new_uuid())) as ours:
        with pytest.raises(UntrustedAnswer, match="belongs to another"):
            ours.state()
        with pytest.raises(UntrustedAnswer, match="belongs to another"):
            ours.confirm([new_uuid()])


def test_the_note_of_another_result_is_not_fetched(tmp_path: Path) -> None:
    uuid = new_uuid()
    with client(lambda _: note(uuid)) as ours:
        assert ours.note(uuid.upper())[1].ergebnisschein_uuid == uuid
        with pytest.raises(UntrustedAnswer, match="belongs to another"):
            ours.fetch(new_uuid(), tmp_path)
    assert list(tmp_path.iterdir()) == []
