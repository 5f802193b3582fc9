"""Which persons are weak candidates, and for which reasons (I11): pure comparison, no store."""

from typing import Any

import pytest

from gateway.clerks.hints import Appearance, Reason, appearance, compare, whole_form
from gateway.normalise import PersonKey, name_key

BIRTH = "1990-05-17"


def seen(
    surname: str | None, first: str | None = "Ayşe", birth: str = BIRTH, gender: str = "w", **others: Any
) -> Appearance:
    key = PersonKey(name_key(surname), name_key(first), birth, gender)
    return appearance(key, surname, first, others)


def codes(one: Appearance, other: Appearance) -> list[str]:
    found = [reason.code for reason in compare(one, other)]
    assert found == [reason.code for reason in compare(other, one)]
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [("Şahin", "Sahin"), ("Jäger", "Jaeger"), ("Şener", "SENER"), ("Yıldırım-Öztürk", "Yildirim Oeztuerk")],
)
def test_i11_surnames_meet_in_the_search_form(one: str, other: str) -> None:
    assert codes(seen(one), seen(other)) == ["surname-form"]


@pytest.mark.parametrize(
    ("one", "other"), [("Müller", "Muller"), ("Mohammed", "Muhammad"), ("Şahin", "Shahin")]
)
def test_i11_of_surnames_only_the_search_form_counts_and_no_guess(one: str, other: str) -> None:
    assert codes(seen(one), seen(other)) == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Mohammed", "Muhammad", True),
        ("Sahra", "Zahra", True),
        ("Şahin", "Shahin", True),
        ("Ali", "Omar", False),
        ("Anna", "Maria", False),
        ("Ayşe", "Fatma", False),
    ],
)
def test_i11_first_names_spelt_alike_count(one: str, other: str, alike: bool) -> None:
    assert codes(seen("Ali", one), seen("Ali", other)) == (["first-name-alike"] if alike else [])
    assert codes(seen("Ali", one), seen("Ali", other, birth="1990-05-18")) == []


def test_i11_a_variant_that_was_sent_counts() -> None:
    one = seen("Mohammed", abweichende_schreibweisen_nachname=[{"text": "Muhammad"}])
    (reason,) = compare(one, seen("Muhammad"))
    assert reason == Reason("other-name", "variant", "surname")
    assert reason.english == (
        "The spelling variant of the surname of the one person and the surname of the other"
        " are the same in the search form of DIN 91379."
    )
    assert "Abweichende Schreibweise" in reason.german


@pytest.mark.parametrize(
    ("field", "kind"),
    [("geburtsname", "birth"), ("fruehere_nachnamen", "former"), ("weiterer_nachname", "further")],
)
def test_other_surnames_count(field: str, kind: str) -> None:
    name = {"text": "Demir"}
    others: dict[str, Any] = {field: [name] if field == "fruehere_nachnamen" else name}
    one = seen("Kaya", **others)
    assert compare(one, seen("Demir")) == (Reason("other-name", kind, "surname"),)
    assert compare(seen("Demir"), one) == (Reason("other-name", "surname", kind),)


def test_a_less_precise_birth_date_that_covers_is_a_reason() -> None:
    assert codes(seen("Kaya"), seen("Kaya", birth="1990-05")) == ["birth-less-precise"]
    assert codes(seen("Kaya"), seen("Kaya", birth="1990")) == ["birth-less-precise"]
    assert codes(seen("Kaya"), seen("Kaya", birth="1990-06")) == []
    assert codes(seen("Kaya", birth="1990-1"), seen("Kaya", birth="1990-12-01")) == []


def test_a_differing_gender_is_a_reason_and_an_unknown_one_is_none() -> None:
    assert codes(seen("Kaya"), seen("Kaya", gender="m")) == ["gender"]
    assert codes(seen("Şahin"), seen("Sahin", gender="x")) == ["surname-form"]


def test_surname_and_first_name_swapped() -> None:
    assert codes(seen("Nguyễn", "Thị"), seen("Thi", "Nguyen")) == ["swapped"]
    assert codes(seen("Ali", "Ali"), seen("Ali", "Ali")) == []


def test_first_names_must_meet_too() -> None:
    assert codes(seen("Kaya", "Ayşe"), seen("Kaya", "Fatma")) == []
    assert codes(seen("Kaya", "Ayşe"), seen("Kaya", "Ayse")) == ["first-name-form"]
    assert codes(seen("Kaya", "Ayşe"), seen("Kaya", "Ayse Nur")) == ["first-name-part"]
    assert codes(seen("Kaya", "Ayşe"), seen("Kaya", None)) == ["first-name-missing"]


def test_what_hits_by_its_key_is_no_hint() -> None:
    assert codes(seen("Kaya"), seen("KAYA")) == []
    # Folding of case makes ss of ß: their keys are the same already.
    assert codes(seen("Weiß"), seen("Weiss")) == []
    assert codes(seen(None), seen(None)) == []


def test_two_missing_surnames_do_not_meet_by_their_search_form() -> None:
    assert codes(seen(None, "Ayşe"), seen("-", "Ayşe")) == []


def test_how_the_parts_of_a_name_are_joined_does_not_count() -> None:
    assert whole_form("al-Ḥāǧǧ") == whole_form("Al Hagg") == "ALHAGG"
