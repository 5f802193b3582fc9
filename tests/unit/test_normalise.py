"""Comparison keys: what counts as the same name, and what as the same person."""

import unicodedata

import pytest

from gateway.normalise import KeyProfile, PersonKey, lock_key, name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", unicodedata.normalize("NFD", "Müller")),
        ("  von   der\u00a0Heide ", "von der Heide"),
        ("YILMAZ", "Yılmaz"),
        ("İPEK", "ipek"),
        ("IŞIK", "ışık"),
        ("Işık", "işik"),
        ("i̇pek", "İpek"),
        ("GROẞ", "groß"),
        ("GROSS", "groß"),
        ("ŁUKASZ", "łukasz"),
    ],
)
def test_same_name_whatever_its_spelling(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Şahin", "Sahin"), ("Müller", "Mueller"), ("Müller", "Muller"), ("Mohammed", "Muhammad"), ("Öz", "Oz")],
)
def test_transliterations_are_other_names(one: str, other: str) -> None:
    """I11: variants give weak hints to a clerk later, never a hit of the key."""
    assert name_key(one) != name_key(other)


def test_key_is_composed_and_stable() -> None:
    key = name_key("İ\u0301zmir")
    assert unicodedata.is_normalized("NFC", key)
    assert name_key(key) == key


def test_missing_name_equals_only_a_missing_name() -> None:
    assert name_key(None) == name_key(None)
    assert name_key(None) != name_key("Nichtvorhanden")


def test_lock_key_is_signed_64_bit_and_stable() -> None:
    keys = {lock_key(f"name{index}", "1990-01-01") for index in range(2000)}
    assert len(keys) == 2000
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert any(key < 0 for key in keys)
    # Stored in the database: a change of this number would need a migration.
    assert lock_key("yilmaz", "1990-01-01") == PINNED


PINNED = -2973490134773397066


def person(**changes: str) -> PersonKey:
    values = {"surname": "yilmaz", "first_name": "ayse", "birth": "1990-05-17", "gender": "w"} | changes
    return PersonKey(**values)


def test_I10_first_name_counts_by_profile() -> None:
    twin = person(first_name="fatma")
    assert not person().hits(twin, KeyProfile.SEED2012)
    assert person().hits(twin, KeyProfile.XA)
    assert person().lock == twin.lock


@pytest.mark.parametrize("profile", KeyProfile)
@pytest.mark.parametrize("changes", [{"surname": "yildiz"}, {"birth": "1990-05-18"}, {"gender": "m"}])
def test_other_surname_birth_or_gender_is_no_hit(profile: KeyProfile, changes: dict[str, str]) -> None:
    assert not person().hits(person(**changes), profile)


@pytest.mark.parametrize("unknown", ["", "x"])
def test_unknown_gender_on_one_side_counts_as_equal(unknown: str) -> None:
    assert person().hits(person(gender=unknown), KeyProfile.SEED2012)
    assert person(gender=unknown).hits(person(), KeyProfile.SEED2012)
    assert person().lock == person(gender=unknown).lock


@pytest.mark.parametrize("less_precise", ["1990", "1990-05"])
def test_partial_birth_dates_hit_only_in_the_same_precision(less_precise: str) -> None:
    assert not person().hits(person(birth=less_precise), KeyProfile.SEED2012)
    assert person(birth=less_precise).hits(person(birth=less_precise), KeyProfile.SEED2012)
