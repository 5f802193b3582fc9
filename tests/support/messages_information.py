"""Hypothesis strategies for the messages about known cases and for group 08: all parts on and off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from messages import courses, group07_information, group08
from tests.support.messages import (
    buildings,
    code,
    contact_persons,
    contacts,
    days,
    frame_parts,
    frames,
    further_data,
    names,
    nationalities,
    offices,
    partial_dates,
    personal_data,
    rights,
    texts,
    uuids,
)


def _some(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=2).map(tuple)


_notes: Final = code("information", "17117", "17143", "17580")
_kinds: Final = code("kursart", "1", "24")
_sections: Final = code("kursabschnitt", "1", "18")
_titles: Final = code("aufenthaltstitel", "AERL-STAT-510", "NE-STAT-04")
_parts: Final = code("testteil", "190", "196")
_maybe_text: Final = st.none() | texts
_identities: Final = st.builds(courses.Identifikation, partial_dates, texts)
_certificates: Final = st.sampled_from(courses.KeinSchein) | rights
_certificate_notes: Final = code("schein", "17560", "17561", "17562", "17564")
_no_information: Final = code("auskunft-nicht-moeglich", "00057", "17573")
_no_takeover: Final = code("uebernahme-nicht-moeglich", "00057", "17577")
_organisers: Final = st.builds(courses.Kurstraeger, texts, texts, buildings, _some(contacts))
_ends: Final = st.builds(courses.Kursende, days, st.booleans())
_tests: Final = st.builds(courses.Abschlusstest, days, _organisers)
_language_tests: Final = st.builds(
    group08.Sprachtest,
    days,
    _organisers,
    code("testart", "126", "128"),
    st.none() | code("testergebnis", "113", "140"),
    st.none() | _parts,
    _maybe_text,
    st.none() | _parts,
    _maybe_text,
    st.none() | _parts,
    _maybe_text,
)
#: What both answers about the participation tell.
_participation: Final = {
    "kursabbruch": st.booleans(),
    "anmeldung": st.none()
    | st.builds(
        courses.Kursanmeldung,
        days,
        _organisers,
        st.none() | _kinds,
        st.none() | _sections,
        st.none() | days,
    ),
    "abschnitte": _some(
        st.builds(
            courses.Kursabschnitt,
            texts,
            days,
            _ends,
            _sections,
            _kinds,
            st.builds(courses.Kursort, texts, buildings, _some(contact_persons)),
            _organisers,
            st.none() | st.integers(-3, 900),
            st.none() | st.integers(-3, 900),
        )
    ),
    "tests_orientierung": _some(_tests),
    "abgelaufen": _some(
        st.builds(
            courses.AbgelaufeneVerpflichtung,
            offices,
            days,
            days,
            st.booleans(),
            st.none() | code("behoerdentyp", "1", "4"),
        )
    ),
    "fruehere_anmeldungen": _some(days),
    "fruehere_abschnitte": _some(st.builds(courses.FruehererKursabschnitt, days, _ends, _sections, _kinds)),
    "fruehere_tests_sprache": _some(days),
    "fruehere_tests_orientierung": _some(days),
    "hinweise": _some(st.builds(courses.Hinweis, texts, _notes)),
}


def _frames08(message_type: str) -> st.SearchStrategy[group08.RahmenTGS]:
    return st.builds(
        group08.RahmenTGS,
        **frame_parts(message_type),
        ausloeser_uuid=st.none() | uuids,
        geschaeftszeichen=_maybe_text,
        ansprechpartner=st.none()
        | st.builds(
            group08.AnsprechpartnerTGS,
            organisationszeichen=_maybe_text,
            familienname=st.none() | names,
            vorname=st.none() | names,
            kontaktdaten=_some(contacts, 1),
        ),
        dienststelle_ba=st.none()
        | st.builds(
            group08.Dienststelle,
            nummer=code("dienststelle", "03202", "99901"),
            bezeichnung=_maybe_text,
            kontaktdaten=_some(contacts, 1),
        ),
    )


_further_data07: Final = st.builds(
    group07_information.WeitereAngaben,
    further_data.map(lambda data: data.azr_nummer),
    _maybe_text,
    _maybe_text,
    st.lists(nationalities, min_size=1, max_size=4).map(tuple),
)
_further_data08: Final = st.builds(
    group08.WeitereAngabenTGS, st.lists(nationalities, min_size=1, max_size=4).map(tuple), _titles
)
_reports08: Final = (personal_data, _maybe_text, days, _further_data08)
_CONTENT: Final[Mapping[type[Any], tuple[st.SearchStrategy[Any], ...]]] = {
    group07_information.Auskunftsersuchen070011: (personal_data, _maybe_text, _further_data07),
    group07_information.Berechtigungsscheininhalt070012: (
        _certificates,
        _certificate_notes,
        st.booleans(),
        _some(_notes),
    ),
    group07_information.Kursteilnahme070013: (_identities, st.booleans()),
    group07_information.AuskunftNichtMoeglich070014: (_no_information, _maybe_text),
    group07_information.Uebernahme070016: (_identities,),
    group07_information.UebernahmeNichtMoeglich070017: (st.none() | _no_takeover, _maybe_text),
    group07_information.Namensaenderung070019: (_identities, names),
    group07_information.Auskunftssperre070022: (_identities, st.booleans()),
    group08.Teilnahmezulassung080001: _reports08,
    group08.Akzeptanz080003: (
        st.builds(
            group08.ZulassungVerpflichtung,
            code("art", "5", "8"),
            texts,
            days,
            days,
            st.booleans(),
            offices,
        ),
        st.none() | rights,
        _some(_notes),
    ),
    group08.Dublette080004: (code("dublette", "17001"),),
    group08.NichtMoeglich080005: (
        code("ablehnungsgrund", "17104", "17109"),
        texts,
        st.none() | rights,
        st.booleans(),
        _some(_notes),
    ),
    group08.Teilnahmeverpflichtung080010: _reports08,
    group08.Auskunftsersuchen080011: (personal_data, _maybe_text),
    group08.Berechtigungsscheininhalt080012: (
        _certificates,
        _certificate_notes,
        st.booleans(),
        _some(_notes),
    ),
    group08.Kursteilnahme080013: (_identities,),
    group08.AuskunftNichtMoeglich080014: (_no_information, _maybe_text),
    group08.Uebernahme080016: (_identities,),
    group08.UebernahmeNichtMoeglich080017: (_no_takeover, texts),
}


def _frames_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    return (_frames08 if cls.message_type.startswith("08") else frames)(cls.message_type)


#: One strategy per message class.
MESSAGES: Final[Mapping[type[Any], st.SearchStrategy[Any]]] = {
    **{cls: st.builds(cls, _frames_of(cls), *content) for cls, content in _CONTENT.items()},
    group07_information.Auskunft070015: st.builds(
        group07_information.Auskunft070015,
        _frames_of(group07_information.Auskunft070015),
        kursabschluss=st.none() | st.builds(group07_information.Kursabschluss, st.booleans()),
        tests_sprache=_some(_tests),
        **_participation,
    ),
    group08.Auskunft080015: st.builds(
        group08.Auskunft080015,
        _frames_of(group08.Auskunft080015),
        tests_sprache=_some(_language_tests),
        **_participation,
    ),
}
