"""Who this gateway is, and the readings of law and standard that its operator chose."""

from dataclasses import dataclass
from pathlib import Path

from gateway.normalise import KeyProfile
from gateway.workdays import FEDERAL
from messages.values import Erreichbarkeit, Gebaeudeanschrift, Postfachanschrift

TEST = "test"
PRODUCTIVE = "productive"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the core, the same for all processes of one environment.

    `environment` is `test` or `productive`. `kennung`, `name`, `address` and `reachability` (at least one)
    are those of the agency that answers. `fallback_office` is the id of the office for postcodes that no
    range holds. `expired_only_accepts` is the reading of I09, `unlimited_1b` the term of a 1b,
    `notify_replaced` whether an agency is told that its right was replaced.
    `fetch_at_most` is how many later answers are handed out at once, `clerk_working_days` after how many
    working days an undecided work item is overdue, `clerk_holidays` whose holidays are none of these:
    `federal`, or the key of a state. `announce_end_days` is how many days before the last day of a version of
    the standard its end is announced. `retention_counts_from` is `case-end` or `case-opened`, and
    `erasures_file` where erasures are told, outside the store; None where none is to be told (tests).
    `confirms_for` are the kennungen of the productive gateways that may take confirmations of this test
    environment; empty for one of the same kennung. `connect_idle_days` is after how many days without
    activity a connection that was opened is ended.
    """

    environment: str
    kennung: str
    name: str
    address: Gebaeudeanschrift | Postfachanschrift
    reachability: tuple[Erreichbarkeit, ...]
    product: str = "InGe-Gateway"
    manufacturer: str = "inge-gateway"
    product_version: str | None = None
    key_profile: KeyProfile = KeyProfile.SEED2012
    expired_only_accepts: bool = True
    swiss_free_movement: bool = True
    unlimited_1b: bool = True
    notify_replaced: bool = True
    fallback_office: str | None = None
    fetch_at_most: int = 50
    clerk_working_days: int = 3
    clerk_holidays: str = FEDERAL
    announce_end_days: int = 90
    retention_counts_from: str = "case-end"
    erasures_file: Path | None = None
    confirms_for: tuple[str, ...] = ()
    connect_idle_days: int = 180

    def __post_init__(self) -> None:
        if self.environment not in (TEST, PRODUCTIVE):
            raise ValueError(f"the environment is {TEST} or {PRODUCTIVE}, not {self.environment!r}")
        if not self.reachability:
            raise ValueError("the standard wants at least one way to reach the author of an answer")

    @property
    def is_test(self) -> bool:
        """Tell whether only documents with the attribute `test` belong here."""
        return self.environment == TEST

    @property
    def test_mark(self) -> str | None:
        """Return what the attribute `test` of our own documents says: only its presence counts."""
        return "1" if self.is_test else None
