"""Example answers for the booklet: what a server might say in a case, complete, valid and invented."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

from adapters.testkit.cases import Case, all_cases
from adapters.testkit.documents import Head, frame, frame_tgs
from adapters.testkit.material import Sent
from adapters.testkit.parties import Reader, all_parties
from messages import bva, group07, group07_information, group08
from messages.codes import code, message_type
from messages.courses import KeinSchein
from messages.errors import CATALOGUE, Advice, GatewayError
from messages.fehler import write_fehler
from messages.frame import Grundrahmen, Nachrichtenkopf
from messages.mitteilung import Mitteilung, write_mitteilung
from messages.quittung import Quittung, write_quittung
from messages.registry import build
from messages.rejection import Rueckweisung, Rueckweisung0010, reasons
from messages.service import Ablehnung, Befund, PruefeNachrichtAntwort, StatusAbfrageAntwort, Zustand
from messages.service import build as build_service
from messages.values import Behoerde, Behoerdenkennung, Code, Postfachanschrift

NUMBER: Final = "BEISPIEL-0001"
"""Stands for a number in messages and answers of the booklet; a server gives another."""
_BOX: Final = Postfachanschrift(postfach="10 00 00", wohnort="Musterstadt", postleitzahl="90001")
_RIGHTS: Final[Mapping[str, str]] = MappingProxyType(
    {"070001": "1a", "070008": "1b", "070009": "1b", "070010": "2", "080001": "8", "080010": "5"}
)
"""Kind of right (list artberechtigung) by the message that reported it."""
_WORDS_DE, _WORDS_EN = "Ein Satz für Menschen.", "A sentence for people."


@dataclass(frozen=True, slots=True)
class Situation:
    """What an example answers: the case, what was sent, about which message, and who reported the right."""

    case: Case
    sent: Sent
    about: str
    """UUID of what is answered."""
    answer_uuid: str
    reader: Reader
    now: datetime
    reporter: Case | None
    """The case whose report is the right in question."""

    @property
    def today(self) -> date:
        """The day of the answer."""
        return self.now.date()


def reporter_of(case: Case) -> Case | None:
    """The case that reported the right a case is about; None where there is none."""
    by_id = {each.id: each for each in all_cases()}
    if case.again is not None:
        return reporter_of(by_id[case.again])
    if case.answers is not None and case.expect.number_of is not None:
        return by_id[case.answers]
    known = case.number_of or case.person_of or case.answers
    if known is None:
        return None
    base = by_id[known]
    return base if base.message in _RIGHTS and base.expect.number else reporter_of(base)


def example(situation: Situation) -> bytes:
    """The answer as a document in UTF-8, indented. Raises KeyError for an answer nobody gives."""
    expect = situation.case.expect
    make = _refusal if expect.refused is not None else _ANSWERS[str(expect.answer)]
    element = make(situation)
    etree.indent(element)
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True) + b"\n"


def _frame(s: Situation) -> Any:
    head = Head(
        author=s.reader.in_header,
        reader=all_parties()[s.case.author].in_header,
        uuid=s.answer_uuid,
        created=s.now,
        answers=s.about,
    )
    number = str(s.case.expect.answer)
    if number.startswith("08"):
        return replace(frame_tgs(number, head, office=None), anschrift_autor=_BOX, ansprechpartner=None)
    return replace(frame(number, head), anschrift_autor=_BOX, ansprechpartner=None)


def _facts(s: Situation, reporter: Case) -> Mapping[str, Any]:
    art = _RIGHTS[reporter.message]
    endless = art == "1b"
    return {
        "art": code("art", art),
        "bamfkennziffer": NUMBER,
        "gueltig_von": s.today,
        "gueltig_bis": None if endless else s.today + timedelta(days=365),
        "teilnahme_unbefristet": endless,
        "ausstellende_behoerde": _agency(s, reporter),
    }


def _agency(s: Situation, reporter: Case) -> Behoerde:
    party = all_parties()[reporter.author]
    if s.case.expect.silent_about == party.id:
        return Behoerde("Auskunftssperre")
    prefix, _, key = party.kennung.partition(":")
    kennung = Behoerdenkennung(code("dvdv-praefix", prefix), Code(key))
    return Behoerde(party.name, behoerdenkennung=kennung)


def _right(s: Situation) -> group07.BerechtigungVerpflichtung:
    return group07.BerechtigungVerpflichtung(**_facts(s, s.reporter or s.case))


def _reason(s: Situation, name: str) -> Code:
    return code(name, str(s.case.expect.reason))


def _accepted(s: Situation) -> etree._Element:
    return build(group07.Akzeptanz070003(_frame(s), _right(s)))


def _accepted_tgs(s: Situation) -> etree._Element:
    reporter = s.case if s.case.message in _RIGHTS else (s.reporter or s.case)
    right = group08.ZulassungVerpflichtung(**_facts(s, reporter))
    replaced = _right(s) if s.reporter is not None and s.case.again is None else None
    notes = () if replaced is None else (code("information", "17143"),)
    return build(group08.Akzeptanz080003(_frame(s), right, replaced, notes))


def _not_possible(kind: Callable[..., Any]) -> Callable[[Situation], etree._Element]:
    def make(s: Situation) -> etree._Element:
        expect = s.case.expect
        taken = "informationSachbearbeitung" in expect.present
        return build(
            kind(
                _frame(s),
                _reason(s, "ablehnungsgrund"),
                CATALOGUE[str(expect.reason)].render_de(),
                None if s.reporter is None else _right(s),
                taken,
                (code("information", "17117"),) if taken else (),
            )
        )

    return make


def _duplicate(kind: Callable[..., Any]) -> Callable[[Situation], etree._Element]:
    return lambda s: build(kind(_frame(s), _reason(s, "dublette")))


def _question(s: Situation) -> etree._Element:
    text = CATALOGUE[str(s.case.expect.reason)].render_de()
    return build(group07.Anfrage070006(_frame(s), _reason(s, "nachfragegrund"), text, _right(s)))


def _existence(kind: Callable[..., Any]) -> Callable[[Situation], etree._Element]:
    def make(s: Situation) -> etree._Element:
        shown = KeinSchein.KEINE_INFORMATIONEN if s.reporter is None else _right(s)
        return build(kind(_frame(s), shown, _reason(s, "schein"), False))

    return make


def _nothing_told(kind: Callable[..., Any], codes: str) -> Callable[[Situation], etree._Element]:
    return lambda s: build(kind(_frame(s), _reason(s, codes)))


def _takeover_refused(s: Situation) -> etree._Element:
    text = CATALOGUE[str(s.case.expect.reason)].render_de()
    answer = group08.UebernahmeNichtMoeglich080017(_frame(s), _reason(s, "uebernahme-nicht-moeglich"), text)
    return build(answer)


def _participation(kind: Callable[..., Any]) -> Callable[[Situation], etree._Element]:
    return lambda s: build(kind(rahmen=_frame(s)))


def _receipt(s: Situation) -> etree._Element:
    receipt = Quittung(s.about, str(s.case.expect.reason), _WORDS_DE, _WORDS_EN)
    return etree.fromstring(write_quittung(receipt))


def _notice(s: Situation) -> etree._Element:
    notice = Mitteilung(
        s.about,
        str(s.case.expect.reason),
        NUMBER,
        s.today,
        "5",
        all_parties()["tgs1"].name,
        _WORDS_DE,
        _WORDS_EN,
    )
    return etree.fromstring(write_mitteilung(notice))


def _state(s: Situation) -> etree._Element:
    present = s.case.expect.present
    state = Zustand(str(s.case.expect.reason))
    refused = Ablehnung("S011", None, None, None, None, Advice.CORRECT)
    answer = StatusAbfrageAntwort(
        anfrage_uuid=s.sent.uuid,
        nachrichten_uuid=s.about,
        zustand=state,
        frist=s.today + timedelta(days=31) if "frist" in present else None,
        ablehnung=refused if "ablehnung" in present else None,
    )
    return build_service(answer)


def _checked(s: Situation) -> etree._Element:
    expect, details = s.case.expect, dict(s.case.example)
    path = details.pop("path", None)
    found = None if path is None else GatewayError(str(expect.reason), path=path, details=details)
    answer = PruefeNachrichtAntwort(
        anfrage_uuid=s.sent.uuid,
        fehlerfrei=found is None,
        nachrichtentyp=s.case.message,
        befunde=()
        if found is None
        else (Befund(found.code, found.path, 1, found.text_de, found.text_en, found.entry.advice),),
    )
    return build_service(answer)


def _arrival(s: Situation) -> etree._Element:
    return etree.fromstring(
        bva.write(
            bva.Eingang200007(
                **_note(s),
                anzahl_datensaetze=len(s.case.records),
                zustand=bva.Eingangszustand(str(s.case.expect.reason)),
            )
        )
    )


def _result(s: Situation) -> etree._Element:
    note = bva.Ergebnisschein200006(
        **_note(s),
        ergebnisschein_uuid=s.answer_uuid,
        nachtrag=0,
        datei=bva.Datei("ergebnis.xml", 4096, hashlib.sha256(b"").digest()),
        anzahl=bva.Zaehlung.of(s.case.expect.endings),
    )
    return etree.fromstring(bva.write(note))


def _note(s: Situation) -> Mapping[str, Any]:
    party = all_parties()[s.case.author]
    return {
        "test": "1",
        "lieferschein_uuid": s.about,
        "erstellungszeitpunkt": s.now,
        "autor": bva.Stelle(s.reader.kennung, s.reader.name),
        "leser": bva.Stelle(party.kennung, party.name),
        "lieferung": bva.Lieferfolge(1, 1, True),
    }


def _refusal(s: Situation) -> etree._Element:
    expect = s.case.expect
    details = {"expected": s.reader.kennung, **s.case.example}
    path = details.pop("path", None)
    line = _line_of(s.sent.body, path) if path is not None and expect.line else None
    error = GatewayError(str(expect.refused), path=path, line=line, details=details)
    return etree.fromstring(write_fehler(error, rejection=_rejection(s, error)))


def _line_of(document: bytes, path: str) -> int:
    name = path.rpartition("/")[2].encode()
    return 1 + next(number for number, line in enumerate(document.split(b"\n")) if name in line)


def _rejection(s: Situation, error: GatewayError) -> etree._Element | None:
    if not s.case.expect.rejection:
        return None
    reader = all_parties()[s.case.author].in_header
    kopf = Nachrichtenkopf(s.answer_uuid, message_type("0010"), s.now, reader, s.reader.in_header)
    return build(
        Rueckweisung0010(
            Grundrahmen(
                produkt="Beispiel", produkthersteller="Beispiel", test="1", kopf=kopf, anschrift_autor=_BOX
            ),
            Rueckweisung(rueckweisungsgrund=reasons(error), nachricht=s.sent.body),
        )
    )


_ANSWERS: Final[Mapping[str, Callable[[Situation], etree._Element]]] = MappingProxyType(
    {
        "070003": _accepted,
        "070004": _duplicate(group07.Dublette070004),
        "070005": _not_possible(group07.NichtMoeglich070005),
        "070006": _question,
        "070012": _existence(group07_information.Berechtigungsscheininhalt070012),
        "070014": _nothing_told(group07_information.AuskunftNichtMoeglich070014, "auskunft-nicht-moeglich"),
        "070015": _participation(group07_information.Auskunft070015),
        "070017": _nothing_told(
            group07_information.UebernahmeNichtMoeglich070017, "uebernahme-nicht-moeglich"
        ),
        "080003": _accepted_tgs,
        "080004": _duplicate(group08.Dublette080004),
        "080005": _not_possible(group08.NichtMoeglich080005),
        "080012": _existence(group08.Berechtigungsscheininhalt080012),
        "080014": _nothing_told(group08.AuskunftNichtMoeglich080014, "auskunft-nicht-moeglich"),
        "080015": _participation(group08.Auskunft080015),
        "080017": _takeover_refused,
        "200006": _result,
        "200007": _arrival,
        "quittung": _receipt,
        "mitteilung": _notice,
        "statusAbfrageAntwort": _state,
        "pruefeNachrichtAntwort": _checked,
    }
)
