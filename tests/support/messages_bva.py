"""Hypothesis strategies for records and documents of deliveries: all parts on and off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from messages import bva
from messages.errors import Advice
from tests.support.messages import (
    buildings,
    code,
    contact_persons,
    days,
    genders,
    moments,
    names,
    partial_dates,
    rights,
    texts,
    uuids,
)

_marks: Final = st.text("abcäß019 -", min_size=1, max_size=100).filter(str.strip)
_names: Final = st.lists(names, max_size=2).map(tuple)
_counts: Final = st.integers(0, 1_000_000)
_positions: Final = st.integers(1, 1_000_000)
_tokens: Final = st.from_regex(r"\A[a-z0-9:.-]{1,20}\Z")
_tests: Final = st.none() | texts | st.just("")
_parties: Final = st.builds(bva.Stelle, _tokens, texts)
_places: Final = st.builds(bva.Lieferfolge, _positions, _positions, st.booleans())
_files: Final = st.builds(bva.Datei, _tokens, _positions, st.binary(min_size=32, max_size=32))
_headers: Final = {
    "test": _tests,
    "erstellungszeitpunkt": moments,
    "autor": _parties,
    "leser": _parties,
}
_accepted: Final = st.builds(bva.Angenommen, texts, days, st.booleans())
_waiting: Final = st.builds(
    bva.Zurueckgestellt, code("dublette", "17001"), texts, st.none() | contact_persons
)
_refused: Final = st.builds(
    bva.Abgelehnt, code("ablehnungsgrund", "17104", "17050"), texts, st.none() | rights
)
_faults: Final = st.builds(
    bva.Einzelfehler, _tokens, st.none() | texts, texts, texts, st.sampled_from(Advice)
)
_faulty: Final = st.builds(bva.Fehlerhaft, st.lists(_faults, min_size=1, max_size=2).map(tuple))
_frames: Final = st.builds(bva.Ergebnisrahmen, _positions, st.none() | _marks)

#: One strategy per message class.
MESSAGES: Final[Mapping[type[Any], st.SearchStrategy[Any]]] = {
    bva.Bescheinigung200002: st.builds(
        bva.Bescheinigung200002,
        st.builds(bva.Ereignis, moments, _marks),
        _marks,
        st.builds(
            bva.Personalien,
            names,
            names,
            st.none() | names,
            _names,
            _names,
            st.none() | genders,
            partial_dates,
            st.none() | texts,
            buildings,
        ),
        code("personenstatus", "1", "2"),
        days,
        st.none() | _marks,
        st.none() | texts,
    ),
    bva.Ergebnis200004: st.one_of(
        st.builds(bva.Ergebnis200004, _frames, angenommen=_accepted),
        st.builds(bva.Ergebnis200004, _frames, zurueckgestellt=_waiting),
        st.builds(bva.Ergebnis200004, _frames, abgelehnt=_refused),
        st.builds(bva.Ergebnis200004, _frames, fehlerhaft=_faulty),
    ),
}

#: One strategy per document around the records.
DOCUMENTS: Final[Mapping[type[Any], st.SearchStrategy[Any]]] = {
    bva.Lieferschein200001: st.builds(
        bva.Lieferschein200001,
        **_headers,
        lieferschein_uuid=uuids,
        lieferung=_places,
        datei=_files,
        anzahl_datensaetze=_positions,
    ),
    bva.Ergebnisschein200006: st.builds(
        bva.Ergebnisschein200006,
        **_headers,
        ergebnisschein_uuid=uuids,
        lieferschein_uuid=uuids,
        lieferung=_places,
        nachtrag=_counts,
        datei=_files,
        anzahl=st.builds(bva.Zaehlung, _counts, _counts, _counts, _counts),
    ),
    bva.Eingang200007: st.builds(
        bva.Eingang200007,
        **_headers,
        lieferschein_uuid=uuids,
        lieferung=_places,
        anzahl_datensaetze=_positions,
        zustand=st.sampled_from(bva.Eingangszustand),
    ),
    bva.Abruf200008: st.builds(
        bva.Abruf200008,
        **_headers,
        abruf_uuid=uuids,
        gegenstand=st.sampled_from(bva.Gegenstand),
        lieferschein_uuid=st.none(),
        ergebnisschein_uuid=st.none() | uuids,
        bestaetigt=st.lists(uuids, max_size=2).map(tuple),
    ),
    bva.Uebersicht200009: st.builds(
        bva.Uebersicht200009,
        **_headers,
        abruf_uuid=uuids,
        erwartet=st.builds(bva.Naechstes, _positions, _positions),
        lieferungen=st.lists(
            st.builds(
                bva.Lieferstand,
                lieferschein_uuid=uuids,
                lieferung=_places,
                eingangszeitpunkt=moments,
                zustand=st.sampled_from(bva.Lieferzustand),
                anzahl_datensaetze=_positions,
                bearbeitet=_counts,
                ergebnisse=st.lists(
                    st.builds(
                        bva.Ergebnisstand, uuids, _counts, moments, st.none() | moments, st.none() | moments
                    ),
                    max_size=2,
                ).map(tuple),
                fehler=st.none() | _faults,
            ),
            max_size=2,
        ).map(tuple),
    ),
}
