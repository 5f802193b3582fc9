"""What is in the store before a test begins: persons with cases in any state, and requests without a door."""

from dataclasses import replace
from datetime import date
from typing import Any

from fixtures import persons
from fixtures.persons import LEYLA, Person
from gateway.decided import Decided
from gateway.deciding import Decider
from gateway.identity import Identity
from gateway.normalise import PersonKey, name_key
from gateway.plain import plain
from gateway.requests import Request
from store.records import CaseRecord, CaseState, PersonRecord, RightRecord, RightStatus, Section
from tests.support.core import NOW, TGS1, Core

BAMF = persons.BAMF
TLA = persons.agency("ags:09000009", "Sozialamt Musterstadt")
BVA = persons.agency("dbs:000200", "Bundesverwaltungsamt (Demo)")


def key_of(person: Person) -> PersonKey:
    """What of a person is compared."""
    data = person.personalien
    return PersonKey(
        name_key(data.nachname.text),
        name_key(data.vorname.text),
        data.geburtsdatum.iso,
        "" if data.geschlecht is None else data.geschlecht.code,
    )


def stored_person(core: Core, person: Person = LEYLA, **changes: Any) -> PersonRecord:
    """Put a person into the store."""
    key, data = key_of(person), person.personalien
    with core.store.unit_of_work() as work:
        record = PersonRecord(
            id=work.new_id(),
            lock_key=key.lock,
            surname_key=key.surname,
            first_name_key=key.first_name,
            birth=key.birth,
            gender=key.gender,
            surname=data.nachname.text,
            first_name=data.vorname.text,
            details=plain(data) | plain(person.angaben),
        )
        record = replace(record, **changes)
        work.add_person(record)
        work.commit()
    return record


def stored_case(
    core: Core,
    person: PersonRecord,
    art: str,
    state: str = "OPEN",
    agency: Any = TGS1,
    *,
    used: int = 0,
    limited: str = "",
    until: date | None = date(2027, 11, 1),
    **changes: Any,
) -> CaseRecord:
    """Put a case of a person into the store. In: `limited` is "orientation", "language" or nothing."""
    with core.store.unit_of_work() as work:
        case_id = work.new_id()
        right = RightRecord(
            id=work.new_id(),
            case_id=case_id,
            art=art,
            agency=agency.kennung,
            agency_name=agency.name,
            valid_from=date(2026, 11, 1),
            valid_until=until,
            unlimited=until is None,
            status=RightStatus.CURRENT,
            only_orientation=limited == "orientation",
            only_language=limited == "language",
            decided_at=core.clock.now(),
        )
        case = CaseRecord(
            id=case_id,
            person_id=person.id,
            number=f"{case_id % 10**14:014d}",
            state=CaseState(state),
            rights=(right,),
            **{"opened_on": date(2026, 11, 1), "granted_units": 700, **changes},
        )
        work.add_case(case)
        if used:
            work.add_section(
                Section(
                    id=work.new_id(),
                    case_id=case_id,
                    section="1",
                    course_type="1",
                    course_no="K-1",
                    organiser="T-1",
                    site="O-1",
                    began_on=date(2026, 11, 2),
                    ended_on=None,
                    units=used,
                    absent_excused=None,
                    absent_unexcused=None,
                    at=core.clock.now(),
                    actor="test",
                )
            )
        work.commit()
    return case


def request_of(
    art: str, agency: Any, person: Person = LEYLA, *, number: str | None = None, **changes: Any
) -> Request:
    """A request that no door brings yet."""
    data = person.personalien
    request = Request(
        art=art,
        agency=agency.kennung,
        agency_name=agency.name,
        agency_type="",
        key=key_of(person),
        surname=data.nachname.text,
        first_name=data.vorname.text,
        details=plain(data) | plain(person.angaben),
        nationalities=frozenset(
            state.staatsangehoerigkeit.code for state in person.angaben.staatsangehoerigkeiten
        ),
        received=NOW,
        postcode=data.anschrift.postleitzahl,
        number=number,
        sent_end=date(2027, 6, 30) if art in ("2", "5", "7", "8") else None,
    )
    return replace(request, **changes)


def decide(core: Core, request: Request, identity: Identity | None = None, **said: Any) -> Decided:
    """Decide a request on the store, as a door would, and commit."""
    decider = Decider(core.pipeline.tools)
    prepared = decider.prepare(request, core.clock.now().date())
    if isinstance(prepared, Decided):
        return prepared
    with core.store.unit_of_work() as work:
        decided = decider.decide(work, prepared, identity=identity, **said)
        work.commit()
    return decided


def cases_of(core: Core, person_id: int) -> list[CaseRecord]:
    """The cases of a person as they are stored."""
    with core.store.unit_of_work() as work:
        return work.cases_of([person_id])
