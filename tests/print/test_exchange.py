"""The confirmation out of a report and its answer: every pair of messages, and what must not get in."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.print.confirmation import NotPrintableError, Part, address_lines
from adapters.print.exchange import confirmation_of
from adapters.print.render import render
from fixtures import persons
from fixtures.messages import examples
from messages.values import Behoerde, Gebaeudeanschrift, HausnummernBis, Name, PartialDate
from tests.support.pdf import text_of

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
MESSAGES: dict[str, Any] = {message.message_type: message for message in examples().values()}
ACCEPTANCE = {"07": "070003", "08": "080003"}
REPORTS = ("070001", "070008", "070009", "070010", "080001", "080010")


def answered(report: Any, **right: Any) -> Any:
    """The acceptance of a report."""
    answer: Any = MESSAGES[ACCEPTANCE[report.message_type[:2]]]
    frame = replace(answer.rahmen, ausloeser_uuid=report.rahmen.kopf.nachrichten_uuid)
    name = (
        "berechtigung_verpflichtung"
        if hasattr(answer, "berechtigung_verpflichtung")
        else "zulassung_verpflichtung"
    )
    return replace(answer, rahmen=frame, **{name: replace(getattr(answer, name), **right)})


@pytest.mark.parametrize("kind", REPORTS)
def test_every_report_of_a_right(kind: str) -> None:
    report: Any = MESSAGES[kind]
    answer = answered(report, bamfkennziffer="9012 3456 7890 12", gueltig_bis=date(2027, 11, 30))
    confirmation = confirmation_of(report, answer)
    assert confirmation.number == "90123456789012"
    assert confirmation.surname == report.personalien.nachname.text
    assert confirmation.first_name == report.personalien.vorname.text
    assert confirmation.birth == report.personalien.geburtsdatum
    assert confirmation.valid_until == date(2027, 11, 30)
    assert confirmation.test
    text = text_of(render(confirmation, AT))
    assert report.personalien.anschrift.strasse in text


@pytest.mark.parametrize("kind", REPORTS)
def test_what_is_sent_but_must_not_be_printed(kind: str) -> None:
    report: Any = MESSAGES[kind]
    further = report.weitere_angaben
    secrets = {"aufenthaltstitel": further.aufenthaltstitel.code}
    if hasattr(further, "azr_nummer"):
        secrets |= {"azr": "998877665544", "birthplace": "Geburtsstadt", "district": "Geburtsbezirk"}
        further = replace(
            further, azr_nummer="998877665544", geburtsort="Geburtsstadt", geburtsortbezirk="Geburtsbezirk"
        )
    person = replace(
        report.personalien,
        geburtsname=Name("Mädchenname"),
        fruehere_nachnamen=(Name("Früher"),),
        weiterer_nachname=Name("Weiterer"),
        abweichende_schreibweisen_nachname=(Name("Anders"),),
    )
    text = text_of(
        render(
            confirmation_of(replace(report, personalien=person, weitere_angaben=further), answered(report)),
            AT,
        )
    )
    for secret in (*secrets.values(), "Mädchenname", "Früher", "Weiterer", "Anders"):
        assert secret not in text
    for word in ("Staatsangehörigkeit", "Geburtsort", "Aufenthaltserlaubnis", "AZR", "Geschlecht"):
        assert word not in text


def test_the_address_of_a_blocked_person_is_not_printed_nor_that_it_is_blocked() -> None:
    report: Any = MESSAGES["070001"]
    blocked = replace(report, weitere_angaben=replace(report.weitere_angaben, auskunftssperre_liegt_vor=True))
    confirmation = confirmation_of(blocked, answered(report))
    assert confirmation == replace(confirmation_of(report, answered(report)), address=None)
    text = text_of(render(confirmation, AT))
    address = report.personalien.anschrift
    for secret in (address.strasse, address.postleitzahl, "Anschrift", "sperre"):
        assert secret not in text


def test_restrictions_come_from_the_report() -> None:
    orientation: Any = replace(MESSAGES["070001"], nur_orientierungskurs=True)
    language: Any = replace(MESSAGES["070008"], nur_sprachkurs=True)
    assert confirmation_of(orientation, answered(orientation)).part is Part.ORIENTATION
    assert confirmation_of(language, answered(language)).part is Part.LANGUAGE
    whole: Any = replace(MESSAGES["070001"], nur_orientierungskurs=False)
    assert confirmation_of(whole, answered(whole)).part is None


def test_no_end_is_none_and_a_productive_message_is_no_test() -> None:
    report: Any = MESSAGES["070009"]
    productive = replace(report, rahmen=replace(report.rahmen, test=None))
    confirmation = confirmation_of(productive, answered(productive, gueltig_bis=None))
    assert confirmation.valid_until is None
    assert not confirmation.test


def test_who_issued_it() -> None:
    report: Any = MESSAGES["070001"]

    def issuer(**parts: Any) -> str:
        return confirmation_of(report, answered(report, ausstellende_behoerde=Behoerde(**parts))).issuer

    assert issuer(bezeichnung=" Ausländer-\nbehörde X", kurzbezeichnung="X") == "Ausländer- behörde X"
    assert issuer(kurzbezeichnung="ABH X") == "ABH X"
    assert issuer() == report.rahmen.kopf.autor.name


@pytest.mark.parametrize("kind", sorted(set(MESSAGES) - {"070003", "080003"}))
def test_only_an_acceptance_is_printed(kind: str) -> None:
    with pytest.raises(NotPrintableError):
        confirmation_of(MESSAGES["070001"], MESSAGES[kind])


def test_an_acceptance_of_something_else_is_not_printed() -> None:
    report: Any = MESSAGES["070001"]
    other = replace(
        report, rahmen=replace(report.rahmen, kopf=replace(report.rahmen.kopf, nachrichten_uuid="x"))
    )
    with pytest.raises(NotPrintableError, match="070003 is not the answer to this 070001"):
        confirmation_of(other, answered(report))
    with pytest.raises(NotPrintableError):
        confirmation_of(report, answered(MESSAGES["080001"]))
    with pytest.raises(NotPrintableError):
        confirmation_of(MESSAGES["070013"], answered(report))
    with pytest.raises(NotPrintableError):
        confirmation_of(report, None)


def test_an_acceptance_after_a_question_is_that_of_the_report() -> None:
    report: Any = MESSAGES["070010"]

    def after(before: Any, kind: str) -> Any:
        message = MESSAGES[kind]
        frame = replace(message.rahmen, ausloeser_uuid=before.rahmen.kopf.nachrichten_uuid)
        return replace(message, rahmen=frame)

    question = after(report, "070006")
    reply = after(question, "070007")
    answer = after(reply, "070003")
    assert confirmation_of(report, answer, (question, reply)).surname == report.personalien.nachname.text
    for between in ((), (question,), (reply,), (reply, question)):
        with pytest.raises(NotPrintableError):
            confirmation_of(report, answer, between)


def test_names_that_do_not_exist_and_blanks_in_them() -> None:
    report = persons.entitlement(persons.ABH_MUSTERSTADT, "u", AT, persons.ONE_NAME)
    confirmation = confirmation_of(report, answered(report))
    assert (confirmation.first_name, confirmation.surname) == (None, "Suryadi")
    assert confirmation.birth == PartialDate(1988)
    spaced: Any = replace(report, personalien=replace(report.personalien, nachname=Name(" von\n\tder  Aa ")))
    assert confirmation_of(spaced, answered(report)).surname == "von der Aa"


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ({}, ("Lindenweg", "90402 Musterstadt")),
        ({"hausnummer": "7", "hausnummer_buchstabe": "b"}, ("Lindenweg 7b", "90402 Musterstadt")),
        (
            {
                "hausnummer": "7",
                "teilnummer": "1/2",
                "hausnummern_bis": HausnummernBis(hausnummer_bis="9", buchstabe_bis="a"),
                "stockwerkswohnungsnummer": "W 12",
                "wohnungsinhaber": "Beispiel",
                "zusatzangaben": "Hinterhaus",
                "frueherer_gemeindename": "Altdorf",
            },
            ("bei Beispiel", "Hinterhaus", "Altdorf", "Lindenweg 7 1/2–9a // W 12", "90402 Musterstadt"),
        ),
    ],
)
def test_an_address_in_postal_order(parts: dict[str, Any], lines: tuple[str, ...]) -> None:
    address = Gebaeudeanschrift(strasse="Lindenweg", postleitzahl="90402", wohnort="Musterstadt", **parts)
    assert address_lines(address) == lines
