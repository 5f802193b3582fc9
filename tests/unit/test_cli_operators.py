"""The operators' commands on a real store: parties, offices, journal, explanations."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

import fixtures.persons as persons
from adapters.cli.console import REFUSED, USAGE
from gateway.questions import close_overdue
from store.engine import Store
from store.records import JournalEntry, JournalKind
from tests.support.cli import inge, lay_out
from tests.support.core import ABH1, ABH2, OF_JOBCENTERS, REPORTS, Core, new_uuid
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store

KENNUNG = persons.ABH_MUSTERSTADT.kennung
OFFICES = Path(persons.__file__).with_name("offices.toml")
CERTIFICATE = shared_pki().directory / "abh1.crt.pem"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a migrated gateway."""
    path = lay_out(tmp_path, shared_pki())
    assert inge("migrate", "--config", path).code == 0
    return path


def _add(config: Path, *more: str) -> None:
    ran = inge(
        "party",
        "add",
        KENNUNG,
        "--name",
        "ABH Musterstadt",
        "--certificate",
        CERTIFICATE,
        *more,
        "--config",
        config,
    )
    assert ran.code == 0, ran.err


def test_a_laid_out_gateway_is_in_order(config: Path) -> None:
    ran = inge("config", "check", "--config", config, "--json")
    assert ran.json["problems"] == []
    assert ran.code == 0


def test_a_broken_configuration_is_told_key_by_key(config: Path) -> None:
    config.write_text(config.read_text(encoding="utf-8").replace("[store]", "[stroe]"), encoding="utf-8")
    ran = inge("config", "check", "--config", config)
    assert ran.code == REFUSED
    assert "stroe: there is no such section; expected: `store`?" in ran.out
    assert inge("config", "check", "--config", config, "--json").json["problems"][0].keys() == {
        "key",
        "wrong",
        "expected",
    }


def test_migrating_twice_changes_nothing(config: Path) -> None:
    first = inge("migrate", "--config", config, "--json").json
    assert inge("migrate", "--config", config, "--json").json == first


def test_a_store_without_tables_is_told(tmp_path: Path) -> None:
    config = lay_out(tmp_path, shared_pki())
    ran = inge("party", "list", "--config", config)
    assert ran.code == REFUSED
    assert "inge migrate" in ran.err


def test_an_added_party_may_send_what_its_kind_sends(config: Path) -> None:
    _add(config)
    (record,) = inge("party", "list", "--config", config, "--json").json
    assert set(record["allowed"]) == REPORTS
    assert (record["environment"], record["locked"]) == ("test", False)
    assert len(record["certificates"]) == 1


def test_an_added_jobcenter_may_send_what_jobcenters_send(config: Path) -> None:
    words = ("party", "add", "dbs:010101", "--type", "TGS", "--name", "JC", "--certificate", CERTIFICATE)
    assert inge(*words, "--config", config).code == 0
    (record,) = inge("party", "list", "--config", config, "--json").json
    assert record["type"] == "TGS"
    assert set(record["allowed"]) == OF_JOBCENTERS


def test_settings_of_a_party_are_kept(config: Path) -> None:
    _add(config, "--allow", "070001", "--require-timestamp", "--signature-first")
    shown = inge("party", "show", KENNUNG, "--config", config, "--json").json
    assert shown["allowed"] == ["070001"]
    assert (shown["require_timestamp"], shown["signature_first"], shown["ecdsa_answers"]) == (
        True,
        True,
        False,
    )
    assert "require_timestamp  yes" in inge("party", "show", KENNUNG, "--config", config).out


def test_a_name_that_would_make_answers_invalid_is_not_taken(config: Path) -> None:
    words = ("--name", "Jobcenter Berlin – „Mitte“", "--config", config)
    ran = inge("party", "add", KENNUNG, "--certificate", CERTIFICATE, *words)
    assert ran.code == USAGE
    assert "–„“" in ran.err
    _add(config)
    before = inge("party", "show", KENNUNG, "--config", config, "--json").json
    assert inge("party", "set", KENNUNG, *words).code == USAGE
    assert inge("party", "show", KENNUNG, "--config", config, "--json").json == before


def test_only_what_is_given_of_a_party_changes(config: Path) -> None:
    _add(config, "--signature-first")
    before = inge("party", "show", KENNUNG, "--config", config, "--json").json
    words = ("--require-timestamp", "--no-signature-first", "--allow", "070001")
    ran = inge("party", "set", KENNUNG, *words, "--config", config)
    assert ran.out == f"{KENNUNG}: allowed_types, require_timestamp, signature_first changed\n"
    changed = {"require_timestamp": True, "signature_first": False, "allowed": ["070001"]}
    assert inge("party", "show", KENNUNG, "--config", config, "--json").json == {**before, **changed}


def test_a_certificate_is_taken_from_a_party(config: Path) -> None:
    _add(config)
    (fingerprint,) = inge("party", "show", KENNUNG, "--config", config, "--json").json["certificates"]
    words = ("party", "uncertify", KENNUNG, "--fingerprint", fingerprint, "--config", config)
    assert inge(*words).out == f"{KENNUNG} has 0 certificates\n"
    ran = inge(*words)
    assert ran.code == REFUSED
    assert fingerprint in ran.err


def test_a_party_is_added_once(config: Path) -> None:
    _add(config)
    ran = inge("party", "add", KENNUNG, "--name", "x", "--certificate", CERTIFICATE, "--config", config)
    assert ran.code == REFUSED
    assert "already" in ran.err


def test_locking_and_unlocking(config: Path) -> None:
    _add(config)
    assert inge("party", "lock", KENNUNG, "--config", config).out == f"{KENNUNG} is locked\n"
    assert inge("party", "list", "--config", config, "--json").json[0]["locked"] is True
    assert inge("party", "unlock", KENNUNG, "--config", config).out == f"{KENNUNG} is open\n"
    assert inge("party", "list", "--config", config, "--json").json[0]["locked"] is False


@pytest.mark.parametrize("command", ["show", "lock", "unlock"])
def test_an_unknown_party_is_told(config: Path, command: str) -> None:
    ran = inge("party", command, "azr:999999", "--config", config)
    assert ran.code == REFUSED
    assert "azr:999999" in ran.err


def test_a_further_certificate_speaks_within_its_window(config: Path) -> None:
    _add(config)
    other = shared_pki().directory / "abh2.crt.pem"
    window = ("--valid-from", "2027-01-01", "--valid-until", "2028-01-01")
    ran = inge("party", "certify", KENNUNG, "--certificate", other, *window, "--config", config)
    assert ran.code == 0, ran.err
    assert "2 certificates" in ran.out


def test_what_is_no_certificate_is_told(config: Path) -> None:
    ran = inge("party", "add", KENNUNG, "--name", "x", "--certificate", config, "--config", config)
    assert ran.code == USAGE
    assert "no certificate" in ran.err


def test_a_kind_of_agency_that_sends_nothing_needs_its_types(config: Path) -> None:
    words = ("party", "add", "ags:09000009", "--type", "TLA", "--name", "TLA", "--certificate", CERTIFICATE)
    assert "--allow" in inge(*words, "--config", config).err
    assert inge(*words, "--config", config, "--allow", "070001").code == 0


def test_a_kind_of_agency_that_delivers_may_send_its_manifests(config: Path) -> None:
    words = ("party", "add", "dbs:000200", "--type", "BVA", "--name", "BVA", "--certificate", CERTIFICATE)
    assert inge(*words, "--config", config, "--json").json["allowed"] == ["200001"]


def test_the_office_directory_is_replaced_as_a_whole(config: Path, tmp_path: Path) -> None:
    assert inge("offices", "import", OFFICES, "--config", config, "--json").json == {
        "offices": 10,
        "ranges": 11,
    }
    small = tmp_path / "small.toml"
    small.write_text(
        '[[office]]\nid = "x"\nname = "X"\npostcodes = ["01000-99999"]\ncontact = { phone = "1" }\n', "utf-8"
    )
    assert inge("offices", "import", small, "--config", config).code == 0
    (office,) = inge("offices", "list", "--config", config, "--json").json
    assert office == {"id": "x", "name": "X", "postcodes": ["01000-99999"], "contact": {"phone": "1"}}


def test_a_broken_office_directory_changes_nothing(config: Path, tmp_path: Path) -> None:
    assert inge("offices", "import", OFFICES, "--config", config).code == 0
    broken = tmp_path / "broken.toml"
    office = '[[office]]\nid = "x"\n'
    strange = office + 'name = "Nord – Ost"\npostcodes = ["01000"]\ncontact = { phone = "1" }\n'
    for written, told in ((office, "office 1 has no"), (strange, "DIN 91379): –")):
        broken.write_text(written, "utf-8")
        ran = inge("offices", "import", broken, "--config", config)
        assert ran.code == USAGE
        assert told in ran.err
    assert len(inge("offices", "list", "--config", config, "--json").json) == 10


def _store(config: Path) -> Store:
    return open_test_store(f"sqlite:///{config.parent}/store/inge.sqlite")


def _journal(config: Path, rows: int) -> None:
    store = _store(config)
    with store.unit_of_work() as unit:
        for number in range(rows):
            at = datetime(2026, 11, 24, 9, number, tzinfo=UTC)
            unit.add_journal(JournalEntry(JournalKind.REFUSED, at, code="T010.unsigned", size=number))
        unit.commit()
    store.close()


def test_sealing_and_verifying_the_journal(config: Path) -> None:
    _journal(config, 3)
    before = inge("journal", "verify", "--config", config)
    assert before.code == 0
    assert "unsealed window: 3 rows" in before.out
    assert inge("journal", "seal", "--config", config, "--json").json == {"sealed": 3}
    after = inge("journal", "verify", "--config", config)
    assert after.code == 0
    assert "no row is unsealed" in after.out
    assert "1 inside, 1 outside" in after.out
    assert "the journal is intact" in after.out


def test_a_changed_row_is_found(config: Path) -> None:
    _journal(config, 3)
    inge("journal", "seal", "--config", config)
    with sqlite3.connect(config.parent / "store" / "inge.sqlite") as connection:
        connection.execute("UPDATE journal SET size = 77 WHERE position = 2")
    connection.close()
    ran = inge("journal", "verify", "--config", config)
    assert ran.code == REFUSED
    assert "changed at position 2" in ran.out


def test_a_cut_off_tail_is_found(config: Path) -> None:
    _journal(config, 3)
    inge("journal", "seal", "--config", config)
    with sqlite3.connect(config.parent / "store" / "inge.sqlite") as connection:
        connection.execute("DELETE FROM journal WHERE position = 3")
        connection.execute("DELETE FROM journal_head")
    connection.close()
    report = inge("journal", "verify", "--config", config, "--json").json
    assert [finding["kind"] for finding in report["findings"]] == ["truncated"]


def test_a_head_signed_by_somebody_else_is_found(config: Path) -> None:
    _journal(config, 1)
    inge("journal", "seal", "--config", config)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("gateway.p12", "abh1.p12"), encoding="utf-8")
    assert "bad-head" in inge("journal", "verify", "--config", config).out
    former = shared_pki().directory / "gateway.crt.pem"
    assert inge("journal", "verify", "--signer", former, "--config", config).code == 0


def test_the_way_of_a_message_is_told(config: Path) -> None:
    store = _store(config)
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    uuid = "0F5C1B0E-2E57-4E0B-8E3B-1E7D0C5A9B11"
    message = persons.entitlement(persons.ABH_MUSTERSTADT, uuid.lower(), core.clock.now())
    answer = core.send(message, "abh1")
    store.close()
    told = inge("explain", uuid, "--config", config)
    assert told.code == 0
    number = str(getattr(answer, "number", None))
    rule = "1a/2005-01-01"
    for words in ("D01", "I01", "070003", "§ 44", KENNUNG, number, rule, "request E"):
        assert words in told.out
    (way,) = inge("explain", uuid, "--config", config, "--json").json
    assert way["decisions"][0]["record"]["row"] == "D01"


def test_the_way_of_a_question_is_told_to_its_end(config: Path) -> None:
    store = _store(config)
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    entitled, _ = core.answer(persons.entitlement(ABH2, new_uuid(), core.clock.now()), "abh2")
    report = persons.obligation_1b(ABH1, new_uuid(), core.clock.now(), number=entitled.number)
    core.answer(report)
    core.clock.advance(days=40)
    assert close_overdue(store, core.pipeline.tools) == 1
    store.close()
    told = inge("explain", report.rahmen.kopf.nachrichten_uuid, "--config", config).out
    for words in ("D06", "070006", "D09", "decided later by", "time-out", "later answer", "not yet"):
        assert words in told


def test_a_message_nobody_sent_is_told(config: Path) -> None:
    ran = inge("explain", "00000000-0000-4000-8000-000000000000", "--config", config)
    assert ran.code == REFUSED
    assert "known" in ran.err


def test_who_looks_waits_for_nobody_who_writes(config: Path) -> None:
    _add(config)
    with sqlite3.connect(config.parent / "store" / "inge.sqlite", isolation_level=None) as writing:
        writing.execute("BEGIN IMMEDIATE")
        for words in (
            ("cases", "list"),
            ("hints", "list"),
            ("work", "list"),
            ("party", "show", KENNUNG),
            ("retention", "due"),
            ("journal", "verify"),
        ):
            ran = inge(*words, "--config", config)
            assert ran.code == 0, (words, ran.err)
        writing.execute("ROLLBACK")
