"""Notes about a case, in codes of the list informationberechtigungverpflichtung with their days."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from gateway.cases import contingent, inactive_since, lapses_on, state_on
from gateway.information.subject import Subject
from gateway.validity import add_months
from messages.codes import code
from messages.courses import Hinweis
from messages.errors import CATALOGUE
from messages.values import Code
from store.records import CaseRecord, CaseState

QUIET_MONTHS: Final = 9
"""So long nothing may happen before the agency is told that the case will lapse (code 17581)."""


def notes(subject: Subject, today: date) -> tuple[Hinweis, ...]:
    """Return what an agency has to know about a case and those before it, each with its number.

    Lapsed ones with hours left (17580, all of them), one that will lapse (17581), a death (17582), a
    repetition that is admitted (17583) or registered (17584).
    """
    case = subject.case
    found = [Hinweis(each.number, information("17580")) for each in lapsed(subject, today)]
    found += [Hinweis(case.number, each) for each in about_to_lapse(case, today)]
    if subject.person.deceased:
        found.append(Hinweis(case.number, information("17582")))
    if subject.repetition is not None:
        found.append(Hinweis(case.number, repeats(subject.repetition)))
    return tuple(found)


def about_to_lapse(case: CaseRecord, today: date) -> Iterator[Code]:
    """Give the note that nothing has happened in a registered or begun case for more than nine months."""
    since, last_day = inactive_since(case), lapses_on(case)
    if since is not None and last_day is not None and add_months(since, QUIET_MONTHS) < today <= last_day:
        yield information("17581", date=last_day)


def repeats(repetition: CaseRecord) -> Code:
    """Return the note about a repetition. In: its own case."""
    if repetition.registered_on is None:
        return information("17583", date=repetition.opened_on)
    return information("17584", date=repetition.opened_on, registered=repetition.registered_on)


def lapsed(subject: Subject, today: date) -> Sequence[CaseRecord]:
    """Return the case and those before it that have lapsed, while the person has hours left."""
    if contingent.remaining(subject.cases) <= 0:
        return ()
    return [
        each
        for each in (*earlier(subject), subject.case)
        if state_on(each, today) is CaseState.LAPSED_INACTIVE
    ]


def earlier(subject: Subject) -> list[CaseRecord]:
    """Return the person's cases that were opened before the one asked about, in order."""
    own = (subject.case.opened_on, subject.case.id)
    before = [each for each in subject.cases if each.repeats is None and (each.opened_on, each.id) < own]
    return sorted(before, key=lambda each: (each.opened_on, each.id))


def information(key: str, **days: date) -> Code:
    """Return a code of the list; where it speaks of days its name says them, in German."""
    if not days:
        return code("information", key)
    listed = code("information", key)
    text = CATALOGUE[key].render_de({name: f"{day:%d.%m.%Y}" for name, day in days.items()})
    return Code(listed.code, listed.list_uri, listed.list_version, text)
