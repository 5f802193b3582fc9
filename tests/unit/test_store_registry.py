"""Parties, certificates and offices on both engines."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from store import parties
from store.engine import Store
from store.offices import OfficeTable, find_office, read_office_table, replace_offices
from store.records import OfficeRecord, PartyCertificate, PartyRecord, PostcodeRange

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SHARED = PartyCertificate("ab" * 32, b"der of a data centre", NOW, NOW + timedelta(days=365))
OWN = PartyCertificate("cd" * 32, b"der of an authority")


def party(kennung: str, *certificates: PartyCertificate) -> PartyRecord:
    return PartyRecord(
        kennung,
        f"Stadt {kennung}",
        "test",
        "abh",
        frozenset({"070001", "070008"}),
        require_timestamp=True,
        str_transform=True,
        certificates=certificates,
    )


def test_parties_come_back_as_added_and_share_certificates(store: Store) -> None:
    first, second = party("azr:1", SHARED, OWN), party("azr:2", SHARED)
    with store.write() as connection:
        parties.add_party(connection, second, NOW)
        parties.add_party(connection, first, NOW)
    with store.read() as reader:
        assert reader.parties() == [first, second]
    with store.write() as connection, pytest.raises(ValueError, match="azr:1 is there"):
        parties.add_party(connection, first, NOW)


def test_a_party_is_locked_and_unlocked(store: Store) -> None:
    record = party("azr:1", OWN)
    with store.write() as connection:
        parties.add_party(connection, record, NOW)
        parties.lock_party(connection, "azr:1", locked=True)
        assert parties.show_party(connection, "azr:1") == dataclasses.replace(record, locked=True)
        parties.lock_party(connection, "azr:1", locked=False)
        assert parties.show_party(connection, "azr:1") == record
        with pytest.raises(LookupError, match="azr:9"):
            parties.lock_party(connection, "azr:9", locked=True)
        with pytest.raises(LookupError, match="azr:9"):
            parties.show_party(connection, "azr:9")


def test_settings_and_types_of_a_party_change_and_its_certificates_stay(store: Store) -> None:
    before = party("azr:1", OWN)
    after = dataclasses.replace(
        before, name="Neustadt", allowed_types=frozenset({"070001", "070009"}), require_timestamp=False
    )
    with store.write() as connection:
        parties.add_party(connection, before, NOW)
        parties.add_party(connection, party("azr:2", SHARED), NOW)
        parties.change_party(connection, dataclasses.replace(after, certificates=()))
        assert parties.list_parties(connection) == [after, party("azr:2", SHARED)]
        with pytest.raises(LookupError, match="azr:9"):
            parties.change_party(connection, party("azr:9"))


def test_a_certificate_link_gets_a_new_window_and_ends(store: Store) -> None:
    later = dataclasses.replace(SHARED, valid_until=NOW + timedelta(days=700))
    with store.write() as connection:
        parties.add_party(connection, party("azr:1", SHARED), NOW)
        parties.link_certificate(connection, "azr:1", later, NOW)
        assert parties.show_party(connection, "azr:1").certificates == (later,)
        assert parties.unlink_certificate(connection, "azr:1", SHARED.fingerprint)
        assert not parties.unlink_certificate(connection, "azr:1", SHARED.fingerprint)
        assert parties.show_party(connection, "azr:1").certificates == ()
        with pytest.raises(LookupError, match="azr:9"):
            parties.link_certificate(connection, "azr:9", OWN, NOW)


DIRECTORY = """
[[office]]
id = "rs-nord"
name = "Regionalstelle Nord"
postcodes = ["20000-29999", "19000"]
contact = { telefon = "+49 40 1", email = "nord@example.org" }

[[office]]
id = "rs-sued"
name = "Regionalstelle Süd"
postcodes = ["80000 - 99999", "01067-01326"]
contact = { telefon = "+49 89 1" }
"""


def test_the_office_of_a_postcode_is_found(store: Store) -> None:
    with store.write() as connection:
        replace_offices(connection, read_office_table(DIRECTORY))
    expected = {
        "20000": "rs-nord",
        "29999": "rs-nord",
        "19000": "rs-nord",
        "19001": None,
        "00000": None,
        "01067": "rs-sued",
        "30000": None,
        "99999": "rs-sued",
    }
    with store.read() as reader:
        offices = {postcode: find_office(reader.connection, postcode) for postcode in expected}
        assert {postcode: office and office.id for postcode, office in offices.items()} == expected
        assert [office.id for office in reader.offices()] == ["rs-nord", "rs-sued"]
        assert [entry.first for entry in reader.postcode_ranges()] == ["01067", "19000", "20000", "80000"]
        nord = offices["20000"]
    assert nord is not None
    assert nord.contact == {"telefon": "+49 40 1", "email": "nord@example.org"}


def test_a_new_directory_replaces_the_old_one_at_once(store: Store) -> None:
    with store.write() as connection:
        replace_offices(connection, read_office_table(DIRECTORY))
    one = OfficeTable((OfficeRecord("x", "X", {}),), (PostcodeRange("00000", "99999", "x"),))
    with pytest.raises(ZeroDivisionError), store.write() as connection:  # noqa: PT012 - the error comes late
        replace_offices(connection, one)
        raise ZeroDivisionError
    with store.read() as reader:
        assert len(reader.offices()) == 2
    with store.write() as connection:
        replace_offices(connection, one)
    with store.read() as reader:
        assert reader.offices() == list(one.offices)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("20000-29999", "2000-29999"), "five digits"),
        (("20000-29999", "29999-20000"), "backwards"),
        (("19000", "29999"), "overlap"),
        (('"rs-sued"', '"rs-nord"'), "same id"),
        (('name = "Regionalstelle Nord"\n', ""), "office 1 has no name"),
        (("[[office]]", "[[office"), "not TOML"),
        (("[[office]]", "[[bureau]]"), "no office"),
    ],
)
def test_a_wrong_directory_is_refused_with_its_reason(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_office_table(DIRECTORY.replace(*change))


def test_a_range_must_name_a_known_office() -> None:
    with pytest.raises(ValueError, match="unknown office y"):
        OfficeTable((OfficeRecord("x", "X", {}),), (PostcodeRange("00000", "99999", "y"),))
