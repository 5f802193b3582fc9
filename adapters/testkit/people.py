"""Invented persons and agencies. Nobody here exists: names are made up, numbers follow their formats only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from messages.codes import code
from messages.group07 import Personalien, WeitereAngabenMitAufenthaltstitel
from messages.values import BehoerdeG2G, Erreichbarkeit, Gebaeudeanschrift, Name, PartialDate, Staat


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person: the personal data and the further data of a report."""

    personalien: Personalien
    angaben: WeitereAngabenMitAufenthaltstitel


def agency(kennung: str, name: str, phone: str = "0911 0000-0") -> BehoerdeG2G:
    """An agency for the header; ``kennung`` is "prefix:id", such as "azr:090001"."""
    return BehoerdeG2G(
        code("verzeichnisdienst", "DVDV"),
        kennung,
        name,
        (Erreichbarkeit(code("erreichbarkeit", "02"), phone),),
    )


def states(*keys: str) -> tuple[Staat, ...]:
    """Nationalities by their three-digit Destatis keys."""
    return tuple(Staat(code("staatsangehoerigkeit", key)) for key in keys)


def person(
    first_name: str | None,
    surname: str | None,
    birth: PartialDate,
    gender: str | None,
    *,
    azr: str,
    nationalities: Sequence[str] = ("475",),
    birthplace: str | None = "Aleppo",
    title: str = "AERL-STAT-510",
    street: str = "Lindenweg",
    number: str = "7",
    postcode: str = "90402",
    town: str = "Musterstadt",
    birth_name: str | None = None,
    earlier_names: Sequence[str] = (),
    spellings: Sequence[str] = (),
) -> Person:
    """An invented person; a missing name, gender or birthplace is None, ``azr`` has twelve digits."""
    return Person(
        Personalien(
            vorname=Name(first_name),
            nachname=Name(surname),
            geschlecht=None if gender is None else code("geschlecht", gender),
            geburtsdatum=birth,
            anschrift=Gebaeudeanschrift(
                hausnummer=number, postleitzahl=postcode, strasse=street, wohnort=town
            ),
            geburtsname=None if birth_name is None else Name(birth_name),
            fruehere_nachnamen=tuple(Name(each) for each in earlier_names),
            abweichende_schreibweisen_nachname=tuple(Name(each) for each in spellings),
        ),
        WeitereAngabenMitAufenthaltstitel(
            azr_nummer=azr,
            geburtsort=birthplace,
            geburtsortbezirk=None,
            staatsangehoerigkeiten=states(*nationalities),
            aufenthaltstitel=code("aufenthaltstitel", title),
        ),
    )


def with_nationalities(person: Person, *keys: str) -> Person:
    """The same person with other nationalities (Destatis keys)."""
    return replace(person, angaben=replace(person.angaben, staatsangehoerigkeiten=states(*keys)))


SURNAMES: Final = (
    "Açıkgöz", "Bădescu", "Çelik", "Dvořák", "Ekström", "Fernández", "Gżegżółka", "Hjälmarsson",
    "Ibrahimović", "Jørgensen", "Kováčová", "Lê", "Müller", "Ńowak", "Özdemir", "Petrović", "Quiñones",
    "Rāmāyaṇī", "Şahin", "Țepeș", "Ünal", "Vītoliņš", "Weiß", "Xhafëri", "Ýmirsson", "Žukauskas",
)  # fmt: skip
FIRST_NAMES: Final = (
    "Ana", "Bilal", "Chinedu", "Dilan", "Élodie", "Farid", "Giorgi", "Hồng", "İbrahim", "Jūratė",
    "Kwame", "Lucía", "Mehmet", "Nadežda", "Omar", "Paweł", "Rahel", "Søren", "Tamar", "Yusuf",
)  # fmt: skip

_FIRST_BIRTH: Final = date(1950, 1, 1)
_BIRTH_DAYS: Final = (date(2003, 12, 31) - _FIRST_BIRTH).days
_NATIONALITIES: Final = ("163", "423", "432", "437", "475")
"""Turkey, Afghanistan, Vietnam, Indonesia, Syria: of states whose nationals can be obliged."""


def somebody(rng: random.Random) -> Person:
    """A person who has not been reported before, however many runs there were on the same store.

    The second half of the surname is chosen from more than two hundred million.
    """
    born = date.fromordinal(_FIRST_BIRTH.toordinal() + rng.randrange(_BIRTH_DAYS))
    return person(
        rng.choice(FIRST_NAMES),
        f"{rng.choice(SURNAMES)}-{invented_name(rng)}",
        PartialDate(born.year, born.month, born.day),
        rng.choice("mw"),
        azr=f"{rng.randrange(10, 26):02d}0101{rng.randrange(10**6):06d}",
        nationalities=(rng.choice(_NATIONALITIES),),
        number=str(rng.randrange(1, 200)),
    )


def invented_name(rng: random.Random) -> str:
    """A name of four syllables that nobody has."""
    syllables = (rng.choice("bdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(4))
    return "".join(syllables).capitalize() + rng.choice("lnrst")
