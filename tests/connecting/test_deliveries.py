"""Deliveries of many records: the manifest and each record are compared, and productive once confirmed."""

import io
from pathlib import Path

import pytest

from fixtures.persons import LEYLA, TADEUSZ, Person
from fixtures.resettlers import certificate, write_file
from gateway.batch.taking import Opened, Taken
from gateway.connecting import procedure
from gateway.results import Refusal
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.registry import BUNDLED_MESSAGES
from store.connection_data import list_supplied
from store.engine import Store
from store.parties import add_party
from store.records_connection import Pair
from tests.support.batch import ROUTE, BatchCore, connect_bva
from tests.support.connecting import TwoEnvironments
from tests.support.core import NOW, party
from tests.support.given import BVA
from tests.support.pki import shared_pki

DELIVERIES = Pair("200001", "InGe-BVA 1")


def file_of(*persons: Person) -> bytes:
    spool = io.BytesIO()
    records = [certificate(person, f"BVA-{place}") for place, person in enumerate(persons, 1)]
    write_file(spool, map(BUNDLED_MESSAGES.write, records))
    return spool.getvalue()


def laid(folder: Path, manifest: bva.Lieferschein200001, file: bytes) -> Path:
    folder.mkdir()
    (folder / "lieferschein.xml").write_bytes(bva.write(manifest))
    (folder / manifest.datei.name).write_bytes(file)
    return folder


def sent(core: BatchCore, manifest: bva.Lieferschein200001, file: bytes) -> Taken | Refusal:
    opened = core.taking.open(sign_document(bva.write(manifest), key=shared_pki().key("bva")), ROUTE)
    return core.taking.take(opened, io.BytesIO(file)) if isinstance(opened, Opened) else opened


def test_a_delivery_is_compared_record_by_record(
    both: TwoEnvironments, store: Store, productive_store: Store, tmp_path: Path
) -> None:
    pki, clock = shared_pki(), both.clock
    connect_bva(store, pki)
    core = BatchCore(store, pki, clock)
    opened = procedure.open_procedure(both.desk(), BVA.kennung, both.product().id, [DELIVERIES])
    file, wrong = file_of(LEYLA, TADEUSZ), file_of(LEYLA, LEYLA)
    manifest = core.manifest(file, 2)
    assert isinstance(sent(core, manifest, file), Taken)
    assert both.supply(opened, laid(tmp_path / "wrong", manifest, wrong)) == []
    outcomes = [(each["message_type"], each["outcome"]) for each in both.compare(opened)["messages"]]
    assert sorted(outcomes) == [("200001", "equal"), ("200002", "missing"), ("200002", "missing")]
    core.work_off()
    told = both.compare(opened)
    (different,) = [each for each in told["messages"] if each["outcome"] == "different"]
    assert (different["file"], different["message_type"]) == ("datensaetze.xml, record 2", "200002")
    found = {each["path"].rpartition("/personalien/")[2]: each for each in different["differences"]}
    assert (found["nachname/name"]["supplied"], found["nachname/name"]["sent"]) == (
        LEYLA.personalien.nachname.text,
        TADEUSZ.personalien.nachname.text,
    )
    assert both.supply(opened, laid(tmp_path / "right", manifest, file)) == []
    told = both.compare(opened)
    assert (told["equal"], told["counts"]["equal"]) == (True, 3)
    both.confirm(opened)

    with productive_store.write() as connection:
        office = party(
            pki,
            BVA.kennung,
            BVA.name,
            "bva",
            environment="productive",
            agency_type="BVA",
            allowed_types=frozenset(),
            versions=frozenset(),
        )
        add_party(connection, office, NOW)
    productive = BatchCore(productive_store, pki, clock, environment="productive")
    manifest = productive.manifest(file, 2, test=None)
    refused = sent(productive, manifest, file)
    assert isinstance(refused, Refusal)
    assert refused.error.code == "T070.type-not-allowed"
    both.take(both.export(opened))
    assert isinstance(sent(productive, manifest, file), Taken)


@pytest.mark.parametrize(
    ("name", "count", "code"),
    [("andere.xml", 1, "S999.records-hash"), ("datensaetze.xml", 2, "S999.records-count")],
)
def test_a_file_of_records_belongs_to_a_manifest(
    name: str, count: int, code: str, both: TwoEnvironments, store: Store, tmp_path: Path
) -> None:
    connect_bva(store, shared_pki())
    core = BatchCore(store, shared_pki(), both.clock)
    opened = procedure.open_procedure(both.desk(), BVA.kennung, both.product().id, [DELIVERIES])
    file = file_of(LEYLA)
    folder = laid(tmp_path / "a", core.manifest(file, count), file)
    (folder / "datensaetze.xml").rename(folder / name)
    found = {flaw.file: flaw.code for flaw in both.supply(opened, folder)}
    assert found.pop(name) == code
    # Nor is the manifest whole then.
    assert set(found) == ({"lieferschein.xml"} if name == "andere.xml" else set())


def test_each_delivery_of_a_set_has_a_folder_of_its_own(
    both: TwoEnvironments, store: Store, tmp_path: Path
) -> None:
    connect_bva(store, shared_pki())
    core = BatchCore(store, shared_pki(), both.clock)
    opened = procedure.open_procedure(both.desk(), BVA.kennung, both.product().id, [DELIVERIES])
    files = [file_of(LEYLA, TADEUSZ), file_of(LEYLA)]
    manifests = [core.manifest(file, count) for file, count in zip(files, (2, 1), strict=True)]
    for name, manifest, file in zip(("a", "b"), manifests, files, strict=True):
        laid(tmp_path / name, manifest, file)
    assert both.supply(opened, tmp_path) == []
    with store.read() as reader:
        given = list_supplied(reader.connection, store.vault, opened.id)
    assert sorted(each.message_type for each in given) == ["200001"] * 2 + ["200002"] * 3
    # Side by side nothing says which of them a file belongs to.
    flat = both.supply(opened, tmp_path / "a", tmp_path / "b")
    assert {(flaw.file, flaw.code) for flaw in flat} == {("datensaetze.xml", "S999.records-hash")}


def test_a_manifest_without_its_file_is_no_test_data(
    both: TwoEnvironments, store: Store, tmp_path: Path
) -> None:
    connect_bva(store, shared_pki())
    core = BatchCore(store, shared_pki(), both.clock)
    opened = procedure.open_procedure(both.desk(), BVA.kennung, both.product().id, [DELIVERIES])
    file = file_of(LEYLA)
    manifest = core.manifest(file, 1)
    assert isinstance(sent(core, manifest, file), Taken)
    folder = laid(tmp_path / "a", manifest, file)
    # Before its records are decided the manifest alone would be equal.
    (flaw,) = both.supply(opened, folder / "lieferschein.xml")
    assert (flaw.file, flaw.code) == ("lieferschein.xml", "S999.records-hash")
    assert "datensaetze.xml" in flaw.text
    assert both.supply(opened, folder) == []
    assert not both.compare(opened)["equal"]
