"""Hypothesis strategies for the requests to the service itself and for their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from lxml import etree

from messages import group07, group07_information, group08, service
from messages.errors import Advice
from messages.registry import build
from tests.support.messages import MESSAGES, days, moments, texts, uuids
from tests.support.messages_information import MESSAGES as FURTHER

_ids: Final = st.integers(0, 10**19 - 1).map(str)
_agencies: Final = st.sampled_from(["azr:090001", "ags:09000009"])
_codes: Final = st.sampled_from(["X001", "S999.test-attribute", "T070.type-not-allowed"])
_paths: Final = st.none() | st.just("/xauslaender:ABHBAMF.Teilnahmeberechtigung.070001/personalien[1]")
_lines: Final = st.none() | st.integers(1, 10**6)
_advice: Final = st.sampled_from(Advice)
#: Answer documents as they are stored: exclusive canonical octets.
documents: Final = st.one_of(
    MESSAGES[group07.Akzeptanz070003],
    MESSAGES[group07.Dublette070004],
    MESSAGES[group07.NichtMoeglich070005],
    MESSAGES[group07.Anfrage070006],
    FURTHER[group07_information.Auskunft070015],
    FURTHER[group08.UebernahmeNichtMoeglich080017],
).map(lambda message: etree.tostring(build(message), method="c14n", exclusive=True))
_later: Final = st.builds(
    service.SpaetereAntwort,
    _ids,
    uuids,
    uuids,
    moments,
    st.none() | moments,
    st.none() | moments,
    st.none() | documents,
)
_some_later: Final = st.lists(_later, max_size=2).map(tuple)


def _request(cls: type[Any], **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(
        cls,
        anfrage_uuid=uuids,
        kennung=_agencies,
        erstellungszeitpunkt=moments,
        test=st.none() | texts | st.just(""),
        **fields,
    )


#: One strategy per class.
SERVICE: Final[Mapping[type[Any], st.SearchStrategy[Any]]] = {
    service.HoleNachrichten: _request(service.HoleNachrichten, hoechstens=st.none() | st.integers(1, 1000)),
    service.BestaetigeNachrichten: _request(
        service.BestaetigeNachrichten, nachricht_ids=st.lists(_ids, min_size=1, max_size=3).map(tuple)
    ),
    service.StatusAbfrage: _request(service.StatusAbfrage, nachrichten_uuid=uuids),
    service.PruefeNachricht: _request(service.PruefeNachricht, dokument=st.binary(max_size=60)),
    service.HoleNachrichtenAntwort: st.builds(
        service.HoleNachrichtenAntwort, uuids, _some_later, st.booleans()
    ),
    service.BestaetigeNachrichtenAntwort: st.builds(
        service.BestaetigeNachrichtenAntwort, uuids, st.integers(0, 1000)
    ),
    service.StatusAbfrageAntwort: st.builds(
        service.StatusAbfrageAntwort,
        uuids,
        uuids,
        st.sampled_from(service.Zustand),
        st.none() | moments,
        st.none() | days,
        st.none() | uuids,
        st.none()
        | st.builds(service.Ablehnung, _codes, _paths, _lines, st.none() | texts, st.none() | texts, _advice),
        st.none() | st.builds(service.Stelle, texts, st.none() | texts, st.none() | texts, st.none() | texts),
        st.none() | documents,
        _some_later,
    ),
    service.PruefeNachrichtAntwort: st.builds(
        service.PruefeNachrichtAntwort,
        uuids,
        st.booleans(),
        st.none() | st.just("070001"),
        st.lists(st.builds(service.Befund, _codes, _paths, _lines, texts, texts, _advice), max_size=2).map(
            tuple
        ),
    ),
}
