"""Sections of the configuration: what a gateway does, and how long it keeps what it did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from adapters.config_sections import AGENCY_ID, Section, known_engine
from schemas.folders import Period

Region = Literal[
    "federal", "BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"
]


class RulesSection(Section):
    """The readings of the law and of the standard that an operator may choose."""

    key_profile: Literal["seed2012", "xa"] = Field(
        default="seed2012",
        description="`seed2012` compares surname, first name, birth date, gender; `xa` leaves the first name",
    )
    swiss_free_movement: bool = Field(
        default=True, description="treat Swiss nationals like EU/EEA citizens: no obligation"
    )
    expired_only: Literal["accept", "duplicate"] = Field(
        default="accept",
        description="only expired rights under the key: `accept` with a weak work item, or `duplicate`",
    )
    unlimited_1b: bool = Field(default=True, description="an obligation 1b has no end")
    notify_replaced: bool = Field(
        default=True,
        description="tell an agency, through its outbox, that its right was replaced or its takeover ended",
    )
    fallback_office: str | None = Field(
        default=None, description="id of the regional office for postcodes that no office's ranges hold"
    )


class OutboxSection(Section):
    """Later answers that senders fetch."""

    fetch_at_most: int = Field(
        default=50, ge=1, le=200, description="most later answers handed out at once; the rest comes next"
    )


class ClerksSection(Section):
    """What waits for the clerks of the regional offices."""

    working_days: int = Field(
        default=3, ge=1, le=60, description="working days after which an undecided work item is reminded of"
    )
    holidays: Region = Field(
        default="federal",
        description="holidays that are no working days: `federal`, or the key of a state (`BY`)",
    )


class SchedulerSection(Section):
    """What is done without a message that asks for it."""

    every_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="seconds between two turns of the scheduler"
    )


class WorkSection(Section):
    """Deferred work: what is done after the message that asked for it."""

    in_server: int = Field(
        default=1,
        ge=0,
        le=16,
        description="threads for it per worker process of the server; 0 leaves all to `inge worker`",
    )
    attempts: int = Field(
        default=5, ge=1, le=50, description="attempts after which a row is dead and waits for an operator"
    )
    lease_seconds: float = Field(
        default=60.0, ge=1, le=3600, description="seconds after which another takes over from a dead worker"
    )
    poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="seconds between two looks whether something is due"
    )


class BatchSection(Section):
    """Deliveries of many records: over HTTP, or through a watched folder."""

    chunk_records: int = Field(
        default=50, ge=1, le=1000, description="records that commit together; one that fails hurts no other"
    )
    max_bytes: int = Field(
        default=4 << 30,
        ge=1024,
        description="largest file of records, in bytes; it lies in `spool`",
    )
    max_records: int = Field(default=1_000_000, ge=1, le=1_000_000, description="most records of one file")
    spool: Path | None = Field(
        default=None,
        description="private folder for files while they are taken in; the system's if not given",
    )
    at_once: int = Field(
        default=2, ge=1, le=64, description="deliveries coming in at a time per worker process of the server"
    )
    # A day after its manifest came a node forgets what it never accepted (gateway.batch.draining).
    upload_seconds: float = Field(
        default=3600.0,
        gt=0,
        le=43_200,
        description="longest time a delivery may take to arrive; without a byte it is `http.body_seconds`",
    )
    folder: Path | None = Field(
        default=None,
        description="folder that is watched for deliveries, by workers and by workers in the server",
    )
    folder_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="seconds between two looks into that folder"
    )


class AcceptanceSection(Section):
    """What the batch door does while the core store is away: without `url` it says "try later"."""

    url: str | None = Field(
        default=None,
        description="store of this node for deliveries until they are drained, such as `sqlite:///path`",
    )
    max_bytes: int = Field(
        default=8 << 30,
        ge=1 << 20,
        description='most bytes of disk for what waits there; beyond it the door says "try later"',
    )
    free_bytes: int = Field(
        default=512 << 20,
        ge=0,
        description="bytes of its disk (SQLite) that stay free; without any nothing could be drained",
    )
    registry_file: Path | None = Field(
        default=None,
        description="signed copy of the party registry; beside the heads file if not given",
    )
    registry_every_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="seconds after which that copy is written anew"
    )
    registry_max_age_hours: float = Field(
        default=24.0, gt=0, le=168, description="hours after which the copy is not believed any more"
    )
    gap_minutes: float = Field(
        default=15.0,
        ge=0,
        le=1440,
        description="minutes a delivery waits for the numbers before its own, which may lie on another node",
    )
    remember_days: int = Field(
        default=14, ge=1, le=365, description="days for which receipts stay there after draining"
    )

    @field_validator("url")
    @classmethod
    def _known_engine(cls, value: str | None) -> str | None:
        return value if value is None else known_engine(value)

    @model_validator(mode="after")
    def _young_enough(self) -> Self:
        if self.registry_every_seconds >= self.registry_max_age_hours * 3600:
            raise ValueError(
                "registry_every_seconds is longer than registry_max_age_hours: between two copies none would"
                " be believed"
            )
        return self


class BackupSection(Section):
    """Copies of the store, and what must be known outside of it to take one back."""

    recipients: tuple[str, ...] = Field(
        default=(), description="recipients of age (`age1…`) that backups are encrypted to"
    )
    restores_file: Path | None = Field(
        default=None,
        description="file outside the database that knows the restores; beside the heads file if not given",
    )


class RetentionSection(Section):
    """How long personal data are kept (§ 8 IntV): all but names five years, names and birth date ten."""

    counts_from: Literal["case-end", "case-opened"] = Field(
        default="case-end", description="from when the years count: `case-end` or `case-opened`"
    )
    erasures_file: Path | None = Field(
        default=None,
        description="file outside the database that knows the erasures; beside the heads file if not given",
    )


class ServedPeriod(Section):
    """From when until when a version is served; what is not set stays as its folder says."""

    served_from: date | None = Field(default=None, description="first day (German time)")
    served_until: date | None = Field(default=None, description="last day")


class SchemasSection(Section):
    """Contracts beyond the bundled ones, and from when until when each version of a standard is served.

    `[schemas.served."XAusländer 26.11"]` with the days `served_from` and `served_until` is about one version.
    """

    installed: Path | None = Field(
        default=None, description="folder with official schema packages that replace the bundled"
    )
    versions: tuple[Path, ...] = Field(
        default=(), description="folders with further versions of a standard, served beside the bundled"
    )
    served: dict[str, ServedPeriod] = Field(
        default={}, description="tables with the period of a version, by its name such as `XAusländer 26.11`"
    )
    announce_end_days: int = Field(
        default=90,
        ge=0,
        le=730,
        description="days before the last day of a version when answers begin to tell",
    )

    def periods(self) -> Mapping[str, Period]:
        """Give the periods that are set, by version."""
        return {name: Period(each.served_from, each.served_until) for name, each in self.served.items()}


class ConnectSection(Section):
    """How authorities get connected: for whom a test environment confirms, whom a productive one believes."""

    confirmed_by: tuple[Path, ...] = Field(
        default=(), description="certificates (PEM or DER) that test gateways sign their confirmations with"
    )
    confirms_for: tuple[Annotated[str, Field(pattern=AGENCY_ID)], ...] = Field(
        default=(),
        description="kennungen of the productive gateways that confirmations of this test environment may "
        "be meant for; the one of `gateway.kennung` if none is given",
    )
    idle_days: int = Field(
        default=180,
        ge=30,
        le=1095,
        description="days without activity after which a test environment ends a connection that was opened "
        "and destroys its test data",
    )
