"""Hypothesis strategies for every message class: any content the contracts allow, all parts on and off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

from hypothesis import strategies as st

from messages import codes, frame, group07, rejection, values
from messages.values import Code
from schemas.din91379.characters import characters_of

_CHARACTERS: Final = characters_of("datatypeC")

# Text of blanks only counts as empty (S030), wherever text is mandatory.
texts: Final = st.lists(st.sampled_from(_CHARACTERS), min_size=1, max_size=12).map("".join).filter(str.strip)
names: Final = st.builds(values.Name, st.none() | texts)
uuids: Final = st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper())
days: Final = st.dates(date(1900, 1, 1), date(2199, 12, 31))
moments: Final = st.builds(
    lambda moment, offset: moment.replace(
        microsecond=moment.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(minutes=offset))
    ),
    st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31)),
    st.integers(-14 * 60, 14 * 60),
) | st.just(datetime(2026, 11, 24, 8, tzinfo=UTC))


def _partial(day: date, precision: int) -> values.PartialDate:
    return values.PartialDate(*(day.year, day.month, day.day)[:precision])


partial_dates: Final = st.builds(_partial, days, st.integers(1, 3))


def code(short_name: str, *keys: str, named: bool = True) -> st.SearchStrategy[Code]:
    """Codes of a list, with and without its URI and a name."""
    code_list = codes.LISTS[short_name]
    return st.builds(
        Code,
        st.sampled_from(keys),
        st.sampled_from([None, code_list.uri]),
        st.sampled_from([None, code_list.version])
        if not code_list.write_version
        else st.just(code_list.version),
        st.sampled_from([None, "Klartext zum Schlüssel"]) if named else st.none(),
    )


def _digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=1, max_size=size)


channels: Final = code("erreichbarkeit", "01", "02", "04", "09", named=False)
reachable: Final = st.builds(values.Erreichbarkeit, channels, texts, st.none() | texts)
directories: Final = code("verzeichnisdienst", "DVDV", named=False)
readers: Final = st.builds(
    values.BehoerdeG2G, directories, texts, texts, st.lists(reachable, max_size=2).map(tuple)
)
authors: Final = st.builds(
    values.BehoerdeG2G, directories, texts, texts, st.lists(reachable, min_size=1, max_size=2).map(tuple)
)
buildings: Final = st.builds(
    values.Gebaeudeanschrift,
    hausnummer=st.none() | _digits(4),
    hausnummer_buchstabe=st.sampled_from([None, "a", "1/2", "B."]),
    postleitzahl=_digits(5),
    stockwerkswohnungsnummer=st.sampled_from([None, "3", "2.OG"]),
    strasse=texts,
    teilnummer=st.none() | texts,
    wohnort=texts,
    frueherer_gemeindename=st.none() | texts,
    wohnungsinhaber=st.none() | texts,
    zusatzangaben=st.none() | texts,
    hausnummern_bis=st.none()
    | st.builds(
        values.HausnummernBis,
        hausnummer_bis=st.none() | _digits(4),
        buchstabe_bis=st.sampled_from([None, "c"]),
        teilnummer_bis=st.none() | texts,
    ),
)
boxes: Final = st.builds(
    values.Postfachanschrift, postfach=st.none() | texts, wohnort=texts, postleitzahl=_digits(5)
)
addresses: Final = buildings | boxes
contacts: Final = st.builds(values.Kommunikation, channels, texts, st.none() | texts)
contact_persons: Final = st.builds(
    values.Ansprechpartner,
    geschaeftszeichen=st.none() | texts,
    familienname=st.none() | names,
    vorname=st.none() | names,
    kontaktdaten=st.lists(contacts, min_size=1, max_size=2).map(tuple),
)
offices: Final = st.builds(
    values.Behoerde,
    st.none() | texts,
    st.none() | texts,
    st.none()
    | st.builds(
        values.Behoerdenkennung,
        st.builds(Code, st.just("azr"), st.just(codes.LISTS["dvdv-praefix"].uri), st.just("51")),
        st.builds(Code, _digits(6), st.none(), st.none(), st.sampled_from([None, "Behörde"])),
    ),
    st.lists(
        st.builds(values.Organisationseinheit, st.none() | texts, st.none() | st.integers(0, 9)), max_size=2
    ).map(tuple),
    st.lists(contacts, max_size=2).map(tuple),
)
nationalities: Final = st.builds(
    values.Staat, code("staatsangehoerigkeit", "163", "423", "437", "475"), st.none()
)
genders: Final = code("geschlecht", "m", "w", "x", "d")
rights: Final = st.builds(
    group07.BerechtigungVerpflichtung,
    code("art", "1a", "1b", "2", "3", "4", "5", "6", "7", "8"),
    texts,
    days,
    st.none() | days,
    st.booleans(),
    offices,
)
personal_data: Final = st.builds(
    group07.Personalien,
    names,
    names,
    st.none() | genders,
    partial_dates,
    buildings,
    st.none() | names,
    st.none() | names,
    st.lists(names, max_size=2).map(tuple),
    st.lists(names, max_size=2).map(tuple),
)
further_data: Final = st.builds(
    group07.WeitereAngabenMitAufenthaltstitel,
    st.builds("{:02d}{:02d}{:02d}{:06d}".format, *map(st.integers, (0, 0, 0, 0), (99, 12, 31, 999999))),
    st.none() | texts,
    st.none() | texts,
    st.lists(nationalities, min_size=1, max_size=4).map(tuple),
    code("aufenthaltstitel", "AERL-STAT-510", "NE-STAT-04"),
    st.booleans(),
)


def _header(message_type: str) -> st.SearchStrategy[frame.Nachrichtenkopf]:
    return st.builds(
        frame.Nachrichtenkopf,
        uuids,
        st.sampled_from([codes.message_type(message_type), Code(message_type, name="Nachricht")]),
        moments,
        readers,
        authors,
    )


def frame_parts(message_type: str) -> dict[str, st.SearchStrategy[Any]]:
    """What the frames of all messages share, by field."""
    return {
        "produkt": texts,
        "produkthersteller": texts,
        "produktversion": st.none() | texts,
        "test": st.none() | texts | st.just(""),
        "kopf": _header(message_type),
        "anschrift_leser": st.none() | addresses,
        "anschrift_autor": addresses,
    }


def frames(message_type: str) -> st.SearchStrategy[frame.Rahmen]:
    """Frames of group 07."""
    return st.builds(
        frame.Rahmen,
        **frame_parts(message_type),
        ausloeser_uuid=st.none() | uuids,
        ansprechpartner=st.none() | contact_persons,
        ihr_zeichen=st.none() | texts,
    )


reasons: Final = st.builds(
    rejection.Rueckweisungsgrund,
    st.sampled_from([codes.xinneres_error("X001"), Code("S999", codes.LISTS["fehlercodes"].uri, "3")]),
    st.lists(
        st.builds(
            rejection.GrundSpezifisch,
            st.none() | st.sampled_from([codes.specific_error("X001"), codes.specific_error("T080")]),
            st.none() | texts,
        ),
        max_size=2,
    ).map(tuple),
)
_marks: Final = st.text("abcäß019 -", min_size=1, max_size=100).filter(str.strip)
rejections: Final = st.builds(
    rejection.Rueckweisung,
    rueckweisende_stelle=st.none()
    | st.builds(
        rejection.RueckweisendeStelle,
        texts,
        addresses,
        st.lists(reachable, min_size=1, max_size=2).map(tuple),
    ),
    rueckweisungsgrund=st.lists(reasons, min_size=1, max_size=2).map(tuple),
    transportinformationen=st.none()
    | st.builds(
        rejection.Transportinformationen,
        st.none() | texts,
        st.none() | texts,
        st.none() | moments,
        st.none() | texts,
    ),
    einzelfaelle=st.lists(
        st.builds(
            rejection.Einzelfall,
            st.builds(rejection.IdentifikationEreignis, moments, _marks),
            st.lists(reasons, min_size=1, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    id_nachricht=st.none()
    | st.builds(
        rejection.IdentifikationNachricht,
        uuids,
        st.just(codes.code("nachrichtentyp", "070001", full=True)),
        moments,
    ),
    nachricht=st.binary(min_size=1, max_size=60),
)

#: One strategy per message class.
MESSAGES: Final[Mapping[type[Any], st.SearchStrategy[Any]]] = {
    group07.Teilnahmeberechtigung070001: st.builds(
        group07.Teilnahmeberechtigung070001,
        frames("070001"),
        personal_data,
        st.none() | texts,
        st.booleans(),
        further_data,
    ),
    group07.Akzeptanz070003: st.builds(group07.Akzeptanz070003, frames("070003"), rights),
    group07.Dublette070004: st.builds(group07.Dublette070004, frames("070004"), code("dublette", "17001")),
    group07.NichtMoeglich070005: st.builds(
        group07.NichtMoeglich070005,
        frames("070005"),
        code("ablehnungsgrund", "17104", "17109"),
        texts,
        st.none() | rights,
        st.booleans(),
        st.lists(code("information", "17117", "17580"), max_size=3).map(tuple),
    ),
    group07.Anfrage070006: st.builds(
        group07.Anfrage070006, frames("070006"), code("nachfragegrund", "17121"), texts, rights
    ),
    group07.Antwort070007: st.builds(group07.Antwort070007, frames("070007"), st.booleans()),
    group07.KeineEinfachenSprachkenntnisse070008: st.builds(
        group07.KeineEinfachenSprachkenntnisse070008,
        frames("070008"),
        personal_data,
        st.none() | texts,
        st.booleans(),
        further_data,
    ),
    group07.KeineAusreichendenSprachkenntnisse070009: st.builds(
        group07.KeineAusreichendenSprachkenntnisse070009,
        frames("070009"),
        personal_data,
        st.none() | texts,
        further_data,
    ),
    group07.BesondersIntegrationsbeduerftig070010: st.builds(
        group07.BesondersIntegrationsbeduerftig070010,
        frames("070010"),
        personal_data,
        st.none() | texts,
        days,
        further_data,
    ),
    rejection.Rueckweisung0010: st.builds(
        rejection.Rueckweisung0010, st.builds(frame.Grundrahmen, **frame_parts("0010")), rejections
    ),
}
