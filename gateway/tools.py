"""What decisions are made with: the same for all messages, for clerks and for the scheduler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.answers import AnswerWriter
from gateway.clock import Clock
from gateway.number import Numbers
from gateway.offices import OfficeFinder, stored_offices
from gateway.parties import PartyDirectory
from gateway.rules.engine import RuleBook
from gateway.rules.nationality import FreeMovement
from gateway.rules.titles import load_titles_not_for
from gateway.settings import Settings
from gateway.validity import ValidityRules
from gateway.workdays import Workdays
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from store.engine import Store


@dataclass(frozen=True, slots=True)
class Tools:
    """What decisions are made with.

    `clock` is the business clock: days, rights, questions, work items, the frames of our messages.
    `real_clock` tells when a record was made. `new_uuid` makes the UUIDs of our own messages,
    `titles_not_for` holds, by type of agency, the residence titles it may not name; `messages` reads and
    writes every version of the standard that is known here.
    """

    settings: Settings
    rules: RuleBook
    validity: ValidityRules
    numbers: Numbers
    parties: PartyDirectory
    offices: OfficeFinder
    clock: Clock
    real_clock: Clock
    free_movement: FreeMovement
    titles_not_for: Mapping[str, frozenset[str]]
    workdays: Workdays
    writer: AnswerWriter
    new_uuid: Callable[[], str]
    messages: MessageRegistry

    @classmethod
    def make(
        cls,
        *,
        store: Store,
        settings: Settings,
        rules: RuleBook,
        numbers: Numbers,
        parties: PartyDirectory,
        real_clock: Clock,
        business_clock: Clock,
        new_uuid: Callable[[], str],
        messages: MessageRegistry = BUNDLED_MESSAGES,
    ) -> Tools:
        """Put them together; what is bundled is read here, what is stored when it is needed."""
        return cls(
            settings=settings,
            rules=rules,
            validity=ValidityRules.load(unlimited_1b=settings.unlimited_1b),
            numbers=numbers,
            parties=parties,
            # Held for seconds of real time: a business clock that jumps must not keep an old directory.
            offices=OfficeFinder(stored_offices(store), real_clock, settings.fallback_office),
            clock=business_clock,
            real_clock=real_clock,
            free_movement=FreeMovement.load(swiss=settings.swiss_free_movement),
            titles_not_for=load_titles_not_for(),
            workdays=Workdays(settings.clerk_holidays),
            writer=AnswerWriter(settings, new_uuid, messages),
            new_uuid=new_uuid,
            messages=messages,
        )

    def agency_name(self, kennung: str, otherwise: str) -> str:
        """Return the name of an agency as it is registered now, `otherwise` of one that is not any more."""
        party = self.parties.party(kennung)
        return otherwise if party is None else party.name

    def refresh(self) -> None:
        """Read the directories where they are too old, so that nobody has to do it under locks."""
        self.offices.refresh()
        self.parties.refresh()
