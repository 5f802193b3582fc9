"""What is sent in each case, built in order: every case leaves behind what later ones refer to."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from lxml import etree

from adapters.testkit.cases import Case
from adapters.testkit.changes import change_document
from adapters.testkit.deliveries import changed_file, manifest, numbered, records_file
from adapters.testkit.documents import Head, Subject, make
from adapters.testkit.parties import Reader, all_parties
from adapters.testkit.people import Person, somebody, with_nationalities
from messages import bva
from messages.registry import build
from messages.service import (
    BestaetigeNachrichten,
    HoleNachrichten,
    PruefeNachricht,
    StatusAbfrage,
)
from messages.service import build as build_request
from messages.values import Name


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent in a case: canonical octets, the UUID of message or request, the root's Clark name."""

    body: bytes
    uuid: str
    root: str
    file: bytes = b""
    """The file of records beside a manifest."""


class Material:
    """Builds bodies; `numbers` and `questions` (UUIDs of 070006) are filled in by who sees the answers.

    `delivery_number` is the one that is expected next.
    """

    def __init__(self, reader: Reader, rng: random.Random, new_uuid: Callable[[], str]) -> None:
        self.reader = reader
        self.numbers: dict[str, str] = {}
        self.questions: dict[str, str] = {}
        self.delivery_number = 1
        self.sent: dict[str, Sent] = {}
        self._persons: dict[str, Person] = {}
        self._rng = rng
        self._new_uuid = new_uuid

    def make(self, case: Case, now: datetime) -> Sent:
        """Build what a case sends. Raises KeyError if a case it refers to has left nothing behind."""
        if case.again is not None:
            sent = self.sent[case.again]
            if case.again in self._persons:
                self._persons[case.id] = self._persons[case.again]
        elif case.does == "send":
            sent = self._message(case, now)
        elif case.does == "deliver":
            sent = self._delivery(case, now)
        elif case.does == "result":
            sent = self._fetching(case, now)
        else:
            sent = self.request(case.does, case, now, **self._asked(case, now))
        self.sent[case.id] = sent
        return sent

    def request(self, what: str, case: Case, now: datetime, **content: Any) -> Sent:
        """Build a request to the service in the name of a case's author; `what` as `Case.does`."""
        uuid = self._new_uuid()
        request = _REQUESTS[what](
            anfrage_uuid=uuid,
            kennung=all_parties()[case.author].kennung,
            erstellungszeitpunkt=now,
            test="1",
            **content,
        )
        return _sent(build_request(request), uuid)

    def _message(self, case: Case, now: datetime) -> Sent:
        uuid = self._new_uuid() if case.uuid_of is None else self.sent[case.uuid_of].uuid
        person = self._person(case)
        head = Head(
            author=all_parties()[case.author].in_header,
            reader=self.reader.in_header,
            uuid=uuid,
            created=now,
            answers=self._question(case),
        )
        number = case.number if case.number_of is None else self.numbers[case.number_of]
        subject = Subject(person=person, number=number, further=_further(case, person, now.date()))
        root = build(make(case.message, head, subject))
        # Indented, so that a line tells something; the blanks are signed like everything else.
        etree.indent(root)
        change_document(case.change, root)
        return _sent(root, uuid)

    def _delivery(self, case: Case, now: datetime) -> Sent:
        uuid = self._new_uuid()
        persons = [
            self._persons[str(case.person_of)] if kind == "known" else somebody(self._rng)
            for kind in case.records
        ]
        file = records_file(zip(case.records, persons, strict=True))
        number = numbered(case.change, self.delivery_number)
        sender = all_parties()[case.author]
        note = manifest(sender, self.reader, uuid, now, number, file, len(persons))
        root = etree.fromstring(bva.write(note))
        etree.indent(root)
        return replace(_sent(root, uuid), file=changed_file(case.change, file))

    def _fetching(self, case: Case, now: datetime) -> Sent:
        uuid, sender = self._new_uuid(), all_parties()[case.author]
        asked = bva.Abruf200008(
            test="1",
            abruf_uuid=uuid,
            erstellungszeitpunkt=now,
            autor=bva.Stelle(sender.kennung, sender.name),
            leser=bva.Stelle(self.reader.kennung, self.reader.name),
            gegenstand=bva.Gegenstand.NOTE,
            lieferschein_uuid=self.sent[str(case.of)].uuid,
        )
        root = etree.fromstring(bva.write(asked))
        etree.indent(root)
        return _sent(root, uuid)

    def _person(self, case: Case) -> Person:
        known = case.person_of or case.number_of
        person = somebody(self._rng) if known is None else self._persons[known]
        if case.nationality is not None:
            person = with_nationalities(person, case.nationality)
        self._persons[case.id] = person
        return person

    def _question(self, case: Case) -> str | None:
        if case.message != "070007":
            return None
        return self._new_uuid() if case.answers is None else self.questions[case.answers]

    def _asked(self, case: Case, now: datetime) -> Mapping[str, Any]:
        match case.does:
            case "check":
                return {"dokument": self._message(case, now).body}
            case "status":
                return {"nachrichten_uuid": self.sent[str(case.of)].uuid}
            case "confirm":
                return {"nachricht_ids": (_NEVER_HANDED_OUT,)}
            case _:
                return {}


_NEVER_HANDED_OUT: Final = "9" * 18
_REQUESTS: Final[Mapping[str, type[Any]]] = {
    "status": StatusAbfrage,
    "check": PruefeNachricht,
    "fetch": HoleNachrichten,
    "confirm": BestaetigeNachrichten,
}


def _further(case: Case, person: Person, today: date) -> Mapping[str, Any]:
    further = dict(case.says)
    if case.ends_in_days is not None:
        further["gueltig_bis"] = today + timedelta(days=case.ends_in_days)
    if case.message == "070019":
        further["neuer_nachname"] = Name(f"{person.personalien.nachname.text}-Neu")
    return further


def _sent(root: etree._Element, uuid: str) -> Sent:
    return Sent(etree.tostring(root, method="c14n", exclusive=True), uuid, str(root.tag))
