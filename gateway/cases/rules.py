"""From which states a case may come into which: the transitions as data, and the refusals in words."""

from dataclasses import dataclass
from typing import Final

from store.records import CaseState


@dataclass(frozen=True, slots=True)
class Transition:
    """One way for a case to change.

    `sources` are the states on the day of the change, `targets` what may come out of it: the same state where
    only the data of the case change. `why` says the rule.
    """

    name: str
    sources: frozenset[CaseState]
    targets: frozenset[CaseState]
    why: str


def _way(name: str, sources: str, targets: str, why: str) -> Transition:
    return Transition(
        name,
        frozenset(CaseState(state) for state in sources.split()),
        frozenset(CaseState(state) for state in targets.split()),
        why,
    )


REGISTER: Final = _way(
    "register", "OPEN", "REGISTERED", "§ 7 (1) IntV: with an organiser, while the right is valid"
)
REGISTER_REPETITION: Final = _way(
    "register repetition", "REPEAT_ADMITTED", "REPEAT_REGISTERED", "§ 13 (1) IntV: after the admission only"
)
BEGIN_SECTION: Final = _way(
    "begin section",
    "REGISTERED RUNNING REPEAT_REGISTERED",
    "RUNNING REPEAT_REGISTERED",
    "only who is registered takes part",
)
END_SECTION: Final = _way(
    "end section",
    "RUNNING REPEAT_REGISTERED",
    "RUNNING REPEAT_REGISTERED EXHAUSTED",
    "a section that began ends; with the last unit of the contingent the case is exhausted",
)
COMPLETE: Final = _way(
    "complete",
    "RUNNING REPEAT_REGISTERED EXHAUSTED",
    "EXHAUSTED",
    "a course that began is completed, once; its result may come after the contingent was used up",
)
TAKE_TEST: Final = _way(
    "take test",
    "REGISTERED RUNNING REPEAT_REGISTERED EXHAUSTED LAPSED_INACTIVE",
    "REGISTERED RUNNING REPEAT_REGISTERED EXHAUSTED LAPSED_INACTIVE",
    "§ 17 (1) IntV: who is or was in the course; a result may come late, and keeps no case from lapsing",
)
DROP_OUT: Final = _way(
    "drop out",
    "RUNNING REPEAT_REGISTERED",
    "RUNNING REPEAT_REGISTERED",
    "who began may leave for good; the case stays as it is and lapses unless something happens",
)
EXPIRE: Final = _way("expire", "EXPIRED_UNUSED", "EXPIRED_UNUSED", "the term of the right is over, unused")
LAPSE: Final = _way(
    "lapse", "LAPSED_INACTIVE", "LAPSED_INACTIVE", "§ 4 (1) S. 3 IntV: nothing happened for 13 months"
)
# The repeater's own case knows no way back: it ends used up.
REVOKE: Final = _way("revoke", "OPEN REGISTERED RUNNING", "REVOKED", "the right is withdrawn")
CANCEL: Final = _way(
    "cancel",
    "OPEN REGISTERED RUNNING EXPIRED_UNUSED LAPSED_INACTIVE",
    "CANCELLED",
    "the right should never have been stored",
)
REPLACE: Final = _way(
    "replace",
    "OPEN REGISTERED RUNNING",
    "OPEN REGISTERED RUNNING",
    "a right takes the place of another; case, number, registration and hours stay",
)
RESTORE: Final = _way(
    "restore",
    "OPEN REGISTERED RUNNING EXPIRED_UNUSED LAPSED_INACTIVE",
    "OPEN REGISTERED RUNNING EXPIRED_UNUSED LAPSED_INACTIVE",
    "a replacement is taken back: the earlier right is the current one again",
)
ADMIT_REPETITION: Final = _way(
    "admit repetition", "EXHAUSTED", "EXHAUSTED", "§ 13 (1) IntV: once, after the course was taken"
)

ALL: Final = (
    REGISTER,
    REGISTER_REPETITION,
    BEGIN_SECTION,
    END_SECTION,
    COMPLETE,
    TAKE_TEST,
    DROP_OUT,
    EXPIRE,
    LAPSE,
    REVOKE,
    CANCEL,
    REPLACE,
    RESTORE,
    ADMIT_REPETITION,
)


class CaseError(Exception):
    """A case was not changed; the text says why, without personal data."""


class TransitionRefusedError(CaseError):
    """The rule of a transition forbids it: for the state the case is in, or for what was said."""

    def __init__(self, way: Transition, number: str, because: str) -> None:
        super().__init__(f"case {number}: {way.name}: {because}")
        self.transition = way


class ChangedMeanwhileError(CaseError):
    """Somebody else changed the case after it was read; nothing was changed here."""

    def __init__(self, way: Transition, number: str) -> None:
        super().__init__(f"case {number}: {way.name}: it was changed by somebody else meanwhile")
        self.transition = way


def check_state(way: Transition, number: str, state: CaseState) -> None:
    """Raise TransitionRefusedError unless a case in this state may go this way."""
    if state not in way.sources:
        allowed = ", ".join(sorted(way.sources))
        raise TransitionRefusedError(way, number, f"it is {state}, this needs {allowed} ({way.why})")
