"""The confirmation of a right that was just reported and accepted: from the report and its answer.

The authority prints, so this needs what a sender has: no store, no gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from adapters.print.confirmation import Confirmation, NotPrintableError, address_lines, one_line, part_of
from messages.group07 import (
    Akzeptanz070003,
    BerechtigungVerpflichtung,
    BesondersIntegrationsbeduerftig070010,
    KeineAusreichendenSprachkenntnisse070009,
    KeineEinfachenSprachkenntnisse070008,
    Teilnahmeberechtigung070001,
)
from messages.group08 import (
    Akzeptanz080003,
    Teilnahmeverpflichtung080010,
    Teilnahmezulassung080001,
    ZulassungVerpflichtung,
)

_REPORTS: Final[dict[type[Any], tuple[type[Any], ...]]] = {
    Akzeptanz070003: (
        Teilnahmeberechtigung070001,
        KeineEinfachenSprachkenntnisse070008,
        KeineAusreichendenSprachkenntnisse070009,
        BesondersIntegrationsbeduerftig070010,
    ),
    Akzeptanz080003: (Teilnahmezulassung080001, Teilnahmeverpflichtung080010),
}
"""Which reports an acceptance can be the answer to."""


def confirmation_of(report: Any, answer: Any, between: Sequence[Any] = ()) -> Confirmation:
    """Return the confirmation of an accepted right.

    In: a report (070001, 070008 to 070010, 080001, 080010) and the proven answer to it (070003, 080003), both
    typed; where a question came before the acceptance, the question and the reply to it are `between` them.
    The right is printed as the answer names it, the person as the report does; where the report says
    that there is a disclosure block, the address is left out. Raises NotPrintableError if the answer is no
    acceptance, or not the one to this report.
    """
    if type(report) not in _REPORTS.get(type(answer), ()):
        raise NotPrintableError(
            f"{_type_of(answer)} in answer to {_type_of(report)} accepts no right that could be printed"
        )
    for before, after in pairwise((report, *between, answer)):
        if after.rahmen.ausloeser_uuid != before.rahmen.kopf.nachrichten_uuid:
            raise NotPrintableError(f"{_type_of(after)} is not the answer to this {_type_of(before)}")
    right: BerechtigungVerpflichtung | ZulassungVerpflichtung = (
        answer.berechtigung_verpflichtung
        if isinstance(answer, Akzeptanz070003)
        else answer.zulassung_verpflichtung
    )
    person = report.personalien
    blocked = getattr(report.weitere_angaben, "auskunftssperre_liegt_vor", False)
    issuer = right.ausstellende_behoerde
    return Confirmation(
        art=right.art.code,
        number="".join(right.bamfkennziffer.split()),
        surname=one_line(person.nachname.text),
        first_name=one_line(person.vorname.text),
        birth=person.geburtsdatum,
        address=None if blocked else address_lines(person.anschrift),
        valid_until=right.gueltig_bis,
        part=part_of(
            only_orientation=getattr(report, "nur_orientierungskurs", False),
            only_language=getattr(report, "nur_sprachkurs", False),
        ),
        issuer=one_line(issuer.bezeichnung or issuer.kurzbezeichnung) or report.rahmen.kopf.autor.name,
        test=report.rahmen.test is not None,
    )


def _type_of(message: Any) -> str:
    return getattr(message, "message_type", None) or "an unknown document"
