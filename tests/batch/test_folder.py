"""Deliveries through the watched folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from adapters.batch.folder import LEASE, WatchedFolder
from fixtures.persons import LEYLA, THI
from fixtures.resettlers import certificate, records
from gateway.batch.addenda import Addenda
from gateway.batch.handing_over import HandingOver
from gateway.batch.signing import signer
from gateway.batch.taking import Taking
from gateway.clerks.decide import Choice, decide
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.registry import write
from store.engine import Store
from store.errors import StoreBusy, StoreUnavailable
from store.schema import lease
from store.unit import UnitOfWork
from tests.batch.test_chunks import FAULTS
from tests.support.batch import BatchCore, connect_bva
from tests.support.batch_http import read, records_file, results_in, verified
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


class Folder:
    """A watched folder of a core, and the office that drops files into it."""

    def __init__(self, core: BatchCore, path: Path) -> None:
        self.core = core
        self.path = path
        self.watched = self.other("test")
        (path / "in").mkdir(parents=True)

    def other(self, holder: str) -> WatchedFolder:
        """What works on the same folder in another process."""
        return WatchedFolder(
            self.path,
            store=self.core.store,
            taking=self.core.taking,
            handing_over=HandingOver(self.core.store, self.core.pipeline.tools),
            clock=self.core.clock,
            holder=holder,
        )

    def drop(
        self, octets: Iterable[bytes], name: str = "lieferung", holder: str = "bva", **changes: Any
    ) -> bytes:
        """Lay down a file, then its manifest; out: the manifest."""
        file = records_file(self.path / "in" / f"{name}.xml", octets)
        content = file.read_bytes()
        manifest = self.core.manifest(content, content.count(b"</bva:BVABAMF.Bescheinigung.200002>"))
        changes = {"datei": bva.Datei(file.name, manifest.datei.groesse, manifest.datei.sha256), **changes}
        signed = self.signed(manifest, holder, **changes)
        (self.path / "in" / f"{name}.schein.xml").write_bytes(signed)
        return signed

    def signed(self, manifest: Any, holder: str = "bva", **changes: Any) -> bytes:
        return sign_document(bva.write(replace(manifest, **changes)), key=self.core.pki.key(holder))

    def lies(self) -> dict[str, list[str]]:
        """What lies where."""
        found: dict[str, list[str]] = {}
        for name in ("in", "out", "done", "refused"):
            files = (self.path / name).rglob("*") if (self.path / name).exists() else ()
            found[name] = sorted(str(each.relative_to(self.path / name)) for each in files if each.is_file())
        return {name: files for name, files in found.items() if files}


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Folder:
    furnish(store, shared_pki())
    connect_bva(store, shared_pki())
    return Folder(BatchCore(store, shared_pki()), tmp_path / "watched")


RESULT = "dbs-000200/ergebnisse-000001-001-000"


def test_a_delivery_goes_in_and_its_result_comes_out(folder: Folder) -> None:
    manifest = folder.drop(records(1, 20, {7: FAULTS[7]}))
    assert folder.watched.turn() == {"taken": 1}
    assert folder.lies() == {
        "out": ["dbs-000200/lieferung.eingang.xml"],
        "done": ["lieferung.schein.xml", "lieferung.xml"],
    }
    receipt = read((folder.path / "out" / "dbs-000200" / "lieferung.eingang.xml").read_bytes())
    assert receipt.lieferschein_uuid == read(manifest).lieferschein_uuid
    folder.core.work_off()
    assert folder.watched.turn() == {"results": 1}
    assert folder.lies()["out"] == [
        f"{RESULT}.schein.xml",
        f"{RESULT}.xml",
        "dbs-000200/lieferung.eingang.xml",
    ]
    note = read((folder.path / "out" / f"{RESULT}.schein.xml").read_bytes())
    assert note.anzahl == bva.Zaehlung(19, 0, 0, 1)
    results = results_in(folder.path / "out" / f"{RESULT}.xml")
    assert [each.rahmen.position for each in results] == list(range(1, 21))
    # It counts as confirmed: nothing is laid down again.
    assert folder.watched.turn() == {}
    with folder.core.store.read() as reader:
        kinds = [row.kind for row in reader.journal_of(note.ergebnisschein_uuid)]
    assert kinds == ["later-answer", "fetched", "confirmed"]


def test_what_is_decided_later_is_laid_down_as_an_addendum(folder: Folder) -> None:
    folder.drop(
        [write(certificate(LEYLA, "BVA-1")), write(certificate(LEYLA, "BVA-2")), write(certificate(THI))]
    )
    folder.watched.turn()
    folder.core.work_off()
    folder.watched.turn()
    core = folder.core
    with core.store.read() as reader:
        (item,) = reader.work_items()
    decide(core.store, core.pipeline.tools, item.id, Choice("different"), actor="clerk")
    task = Addenda(core.store, core.pipeline.tools, signer(core.pki.key("gateway")))
    assert (task.work(50).done, task.work(50).done) == (1, 0)
    assert folder.watched.turn() == {"results": 1}
    (answer,) = results_in(folder.path / "out" / "dbs-000200" / "ergebnisse-000001-001-001.xml")
    assert (answer.rahmen.position, answer.angenommen is not None) == (2, True)


def test_a_refused_delivery_lies_with_its_refusal(folder: Folder) -> None:
    folder.drop(records(1, 3), "falsch", anzahl_datensaetze=4)
    folder.drop(records(2, 3), "fremd", holder="abh1")
    folder.drop(records(3, 3), "unsigniert")
    (folder.path / "in" / "unsigniert.schein.xml").write_bytes(b"<a/>")
    folder.drop(records(4, 3), "ausgebrochen", datei=bva.Datei("../in/falsch.xml", 1, b"x" * 32))
    assert folder.watched.turn() == {"refused": 4}
    assert folder.lies() == {
        # What no proven manifest names stays where it is.
        "in": ["ausgebrochen.xml", "fremd.xml", "unsigniert.xml"],
        "refused": [
            "ausgebrochen.fehler.xml",
            "ausgebrochen.schein.xml",
            "falsch.fehler.xml",
            "falsch.schein.xml",
            "falsch.xml",
            "fremd.fehler.xml",
            "fremd.schein.xml",
            "unsigniert.fehler.xml",
            "unsigniert.schein.xml",
        ],
    }
    codes = {
        name: verified_code((folder.path / "refused" / f"{name}.fehler.xml").read_bytes())
        for name in ("ausgebrochen", "falsch", "fremd")
    }
    assert codes == {
        "ausgebrochen": "T099.delivery-parts",
        "falsch": "S999.records-count",
        "fremd": "T070.foreign-authority",
    }
    # Nothing was used up.
    folder.drop(records(1, 3), "richtig")
    assert folder.watched.turn() == {"taken": 1}


def verified_code(fehler: bytes) -> str:
    return str(verified(fehler)[0].text)


def test_deliveries_are_taken_in_the_order_of_their_numbers(folder: Folder) -> None:
    for name, place in (("a", (2, 1, True)), ("b", (1, 2, True)), ("c", (1, 1, False))):
        folder.drop(records(ord(name), 2), name, lieferung=bva.Lieferfolge(*place))
    assert folder.watched.turn() == {"taken": 3}


def test_a_manifest_waits_for_its_file(folder: Folder) -> None:
    folder.drop(records(1, 2))
    hidden = folder.path / "in" / "lieferung.xml"
    hidden.rename(folder.path / "later.xml")
    assert folder.watched.turn() == {"waiting": 1}
    (folder.path / "later.xml").rename(hidden)
    assert folder.watched.turn() == {"waiting": 1}
    folder.core.clock.advance(seconds=11)
    assert folder.watched.turn() == {"taken": 1}


def test_a_file_that_no_folder_can_hold_is_not_waited_for(folder: Folder) -> None:
    """Its manifest keeps the contract: a name may be as long as one likes."""
    folder.drop(records(1, 2), datei=bva.Datei("ü" * 200 + ".xml", 1, b"x" * 32))
    assert folder.watched.turn() == {"refused": 1}
    code = verified_code((folder.path / "refused" / "lieferung.fehler.xml").read_bytes())
    assert code == "T099.delivery-parts"


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_what_a_link_leads_to_is_not_read(folder: Folder) -> None:
    folder.drop(records(1, 2))
    file = folder.path / "in" / "lieferung.xml"
    file.rename(folder.path / "elsewhere.xml")
    file.symlink_to(folder.path / "elsewhere.xml")
    folder.drop(records(2, 2), "next")
    assert folder.watched.turn() == {"waiting": 1, "taken": 1}


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="Linux tells what is open")
def test_what_is_no_file_holds_nothing_up(folder: Folder) -> None:
    os.mkfifo(folder.path / "in" / "pipe.schein.xml")
    (folder.path / "in" / "folder.schein.xml").mkdir()
    folder.drop(records(1, 2))
    assert folder.watched.turn() == {"waiting": 2, "taken": 1}
    opened = []
    for _ in range(2):
        folder.core.clock.advance(seconds=11)
        assert folder.watched.turn() == {"waiting": 2}
        opened.append(len(os.listdir("/proc/self/fd")))
    assert opened[0] == opened[1]


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_nothing_is_written_through_a_link(folder: Folder, tmp_path: Path) -> None:
    """Who may take results away may also lay links in their place."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ours = elsewhere / "store.db"
    ours.write_bytes(b"ours")
    folder.drop(records(1, 2))
    folder.watched.turn()
    folder.core.work_off()
    out = folder.path / "out" / "dbs-000200"
    (out / "ergebnisse-000001-001-000.xml.part").symlink_to(ours)
    (out / "ergebnisse-000001-001-000.xml.00000000.part").symlink_to(ours)
    (out / "ergebnisse-000001-001-000.xml").symlink_to(ours)
    moved = out.rename(folder.path / "moved")
    out.symlink_to(moved)
    assert folder.watched.turn() == {}
    out.unlink()
    moved.rename(out)
    assert folder.watched.turn() == {"results": 1}
    assert ours.read_bytes() == b"ours"
    assert len(results_in(out / "ergebnisse-000001-001-000.xml")) == 2


def test_a_result_that_cannot_be_laid_down_keeps_no_other_waiting(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.batch.folder._RESULTS_AT_ONCE", 1)
    for number in (1, 2):
        folder.drop(records(number, 2), f"{number}", lieferung=bva.Lieferfolge(number, 1, True))
    folder.watched.turn()
    folder.core.work_off()
    (folder.path / "out" / f"{RESULT}.xml").mkdir()
    turns = [folder.watched.turn() for _ in range(3)]
    assert turns == [{}, {"results": 1}, {}]
    (folder.path / "out" / f"{RESULT}.xml").rmdir()
    assert folder.watched.turn() == {"results": 1}


def test_a_delivery_waits_behind_one_that_waits_for_us(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our trouble with the first one is no gap of the sender's."""
    for number in (1, 2):
        folder.drop(records(number, 2), f"{number}", lieferung=bva.Lieferfolge(number, 1, True))
    store, failed = Taking.store, [StoreBusy("busy")]

    def busy(taking: Taking, *given: Any) -> Any:
        if failed:
            raise failed.pop()
        return store(taking, *given)

    monkeypatch.setattr(Taking, "store", busy)
    assert folder.watched.turn() == {"waiting": 2}
    folder.core.clock.advance(seconds=31)
    assert folder.watched.turn() == {"taken": 2}


def test_a_manifest_that_is_still_being_written_is_not_refused(folder: Folder) -> None:
    manifest = folder.path / "in" / "lieferung.schein.xml"
    whole = folder.drop(records(1, 2))
    manifest.write_bytes(whole[: len(whole) // 2])
    now = folder.core.clock.now().timestamp()
    os.utime(manifest, (now - 1, now - 1))
    assert folder.watched.turn() == {"waiting": 1}
    manifest.write_bytes(whole)
    folder.core.clock.advance(seconds=11)
    assert folder.watched.turn() == {"taken": 1}


def test_a_crash_anywhere_between_leads_to_the_same(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends after the receipt was written, or after the result was: both are done again."""
    folder.drop(records(1, 2))
    rename = Path.rename

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", dies)
    with pytest.raises(KeyboardInterrupt):
        folder.watched.turn()
    monkeypatch.setattr(Path, "rename", rename)
    receipt = folder.path / "out" / "dbs-000200" / "lieferung.eingang.xml"
    before = receipt.read_bytes()
    assert folder.watched.turn() == {"taken": 1}
    assert receipt.read_bytes() == before
    assert folder.lies()["done"] == ["lieferung.schein.xml", "lieferung.xml"]
    folder.core.work_off()
    confirm = UnitOfWork.confirm_result
    monkeypatch.setattr(UnitOfWork, "confirm_result", dies)
    with pytest.raises(KeyboardInterrupt):
        folder.watched.turn()
    monkeypatch.setattr(UnitOfWork, "confirm_result", confirm)
    written = {name: (folder.path / "out" / name).read_bytes() for name in folder.lies()["out"]}
    assert folder.watched.turn() == {"results": 1}
    assert {name: (folder.path / "out" / name).read_bytes() for name in folder.lies()["out"]} == written


def test_one_process_at_a_time_works_on_the_folder(folder: Folder) -> None:
    other = folder.other("other")
    folder.drop(records(1, 2))
    with folder.core.store.write() as connection:
        later = folder.core.clock.now() + timedelta(seconds=60)
        connection.execute(
            update(lease).where(lease.c.name == LEASE).values(holder="other", expires_at=later)
        )
    assert folder.watched.turn() == {}
    assert other.turn() == {"taken": 1}
    other.leave()
    folder.drop(records(2, 2), "second", lieferung=bva.Lieferfolge(2, 1, True))
    assert folder.watched.turn() == {"taken": 1}


def test_a_delivery_stays_while_the_store_is_away(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.drop(records(1, 2))

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(Taking, "store", away)
    assert folder.watched.turn() == {"waiting": 1}
    assert folder.lies() == {"in": ["lieferung.schein.xml", "lieferung.xml"]}
    monkeypatch.undo()
    folder.core.clock.advance(seconds=31)
    assert folder.watched.turn() == {"taken": 1}
