"""The configuration of a gateway: one `inge.toml`, overridden by `INGE_…` variables, frozen after start.

Every section is a frozen model and every key says in its description what it expects; `inge config check`
and the reference page are made from these descriptions, so that neither can drift from the code.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from adapters.config_problems import ConfigurationError, Problem, explain, unknown_variables
from schemas.folders import Period

CONFIG_VARIABLE = "INGE_CONFIG"
DEFAULT_PATH = Path("inge.toml")
ENV_PREFIX = "INGE_"

Port = Annotated[int, Field(ge=0, le=65535)]
AGENCY_ID = r"^[a-z]{2,8}:[0-9A-Za-z]{1,20}$"
Region = Literal[
    "federal", "BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"
]
SQLITE_PREFIX = "sqlite:///"


def known_engine(url: str) -> str:
    """Return the address of a store; raises ValueError for one of another engine."""
    if not url.startswith((SQLITE_PREFIX, "postgresql://", "postgresql+psycopg://")):
        raise ValueError("neither a SQLite nor a PostgreSQL address")
    return url


class Section(BaseModel):
    """One table of the configuration file: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EnvironmentSection(Section):
    """Which of the two worlds this gateway belongs to; they never share a store or a key."""

    name: Literal["test", "productive"] = Field(description="`test` or `productive`")


class GatewaySection(Section):
    """Who answers: the agency senders write into `leser`, and its address for the frame of the answers."""

    kennung: str = Field(
        pattern=AGENCY_ID, description="agency identifier with prefix, such as `dbs:090000000`"
    )
    name: str = Field(min_length=1, description="name of the agency as it stands in the answers")
    street: str = Field(min_length=1, description="street of the agency's building")
    house_number: str = Field(min_length=1, description="house number")
    postcode: str = Field(pattern=r"^[0-9]{5}$", description="German postcode, five digits")
    city: str = Field(min_length=1, description="town")
    phone: str | None = Field(default=None, description="telephone number for the answers' frame")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="e-mail address for the answers' frame")


class KeysSection(Section):
    """Where the secrets lie. They are read once at start; no secret is ever printed."""

    signing: Path = Field(description="PKCS#12 file with the key and certificate chain that seal the answers")
    signing_password: SecretStr | None = Field(
        default=None, description="its password; better kept in a file or in INGE_KEYS__SIGNING_PASSWORD"
    )
    signing_password_file: Path | None = Field(
        default=None, description="file whose first line is that password"
    )
    signing_ecdsa: Path | None = Field(
        default=None,
        description="PKCS#12 file with an ECDSA key for partners that ask for it (same password)",
    )
    master_key_file: Path = Field(
        description="file with 64 hexadecimal digits: wraps the journal's content keys"
    )
    number_key_file: Path = Field(
        description="file with 64 hexadecimal digits: the permutation behind the numbers"
    )

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.signing_password is not None and self.signing_password_file is not None:
            raise ValueError("give either signing_password or signing_password_file, not both")
        return self

    def password(self) -> str | None:
        """Give the password of the PKCS#12 files, or None if they have none.

        Raises OSError when the password file cannot be read.
        """
        if self.signing_password_file is not None:
            return self.signing_password_file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        return None if self.signing_password is None else self.signing_password.get_secret_value()


class TrustSection(Section):
    """What a partner's certificate must lead to."""

    anchors: tuple[Path, ...] = Field(
        min_length=1, description="PEM files (or folders of them) with the roots trusted"
    )
    intermediates: tuple[Path, ...] = Field(
        default=(), description="PEM files (or folders) with issuing authorities"
    )
    crls: tuple[Path, ...] = Field(
        default=(), description="PEM or DER revocation lists (or folders); re-read when they change"
    )
    require_crl: bool = Field(
        default=True, description="refuse a certificate for which no valid revocation list is at hand"
    )


class StoreSection(Section):
    """Where everything is remembered."""

    url: str = Field(description="`sqlite:///path` (one machine) or `postgresql://user@host/database`")

    @field_validator("url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        return known_engine(value)


class JournalSection(Section):
    """The sealed message journal."""

    heads_file: Path = Field(
        description="file outside the database that receives every sealed head of the chain"
    )
    seal_every_seconds: float = Field(
        default=1.0, gt=0, le=60, description="longest time a row stays unsealed, in seconds"
    )


class HttpSection(Section):
    """The web server in front of all HTTP doors."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: Port = Field(default=8470, description="port to listen on")
    workers: int = Field(default=2, ge=1, le=64, description="number of worker processes")
    threads: int = Field(default=1, ge=1, le=16, description="threads for CPU work per worker process")
    queue: int = Field(
        default=64, ge=1, description="messages that may wait per worker; further ones hear `try later`"
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address partners reach the gateway under, for the WSDL",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses or networks whose client-certificate header is believed"
    )
    client_certificate_header: str = Field(
        default="x-ssl-client-cert",
        description="header in which those proxies pass the TLS client certificate on",
    )
    client_certificate_must_match: bool = Field(
        default=False,
        description="refuse messages whose signer is not the holder of that TLS client certificate",
    )
    body_seconds: float = Field(
        default=60.0, gt=0, description="longest time a request body may take to arrive, in seconds"
    )
    drain_seconds: float = Field(
        default=20.0, gt=0, description="time given to requests under way when the gateway stops"
    )


class LimitsSection(Section):
    """Caps on what is admitted; what is not set keeps the default of `gateway.trust.admission.Limits`."""

    max_bytes: int | None = Field(default=None, ge=1024, description="largest request body, in bytes")
    max_depth: int | None = Field(default=None, ge=8, description="deepest nesting of elements")
    max_attributes: int | None = Field(default=None, ge=8, description="most attributes of one element")
    max_siblings: int | None = Field(default=None, ge=8, description="most children of one element")
    max_elements: int | None = Field(default=None, ge=64, description="most elements of one document")
    max_namespaces: int | None = Field(default=None, ge=8, description="most namespace declarations in scope")
    max_text: int | None = Field(default=None, ge=1024, description="longest single text, in characters")

    def given(self) -> dict[str, int]:
        """Give only the caps that were set, as arguments for `dataclasses.replace` on the default limits."""
        return self.model_dump(exclude_none=True)


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
        default=True, description="tell an agency, through its outbox, that its right was replaced"
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
    upload_seconds: float = Field(
        default=3600.0,
        gt=0,
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
    """How authorities get connected: whose confirmations a productive environment believes."""

    confirmed_by: tuple[Path, ...] = Field(
        default=(), description="certificates (PEM or DER) that test gateways sign their confirmations with"
    )


class LoggingSection(Section):
    """What the gateway writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe level written"
    )
    format: Literal["json", "text"] = Field(
        default="json", description="`json` (one object per line) or `text`"
    )


class Config(BaseSettings):
    """The whole configuration. Made by `load_config`; environment variables win over the file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    environment: EnvironmentSection
    gateway: GatewaySection
    keys: KeysSection
    trust: TrustSection
    store: StoreSection
    journal: JournalSection
    http: HttpSection = HttpSection()
    limits: LimitsSection = LimitsSection()
    rules: RulesSection = RulesSection()
    outbox: OutboxSection = OutboxSection()
    clerks: ClerksSection = ClerksSection()
    scheduler: SchedulerSection = SchedulerSection()
    work: WorkSection = WorkSection()
    batch: BatchSection = BatchSection()
    acceptance: AcceptanceSection = AcceptanceSection()
    backup: BackupSection = BackupSection()
    retention: RetentionSection = RetentionSection()
    schemas: SchemasSection = SchemasSection()
    connect: ConnectSection = ConnectSection()
    logging: LoggingSection = LoggingSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above the file, which comes in as keyword arguments."""
        return env_settings, init_settings


def config_path(given: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Tell which file counts: the one given, else INGE_CONFIG, else `inge.toml` here."""
    if given is not None:
        return given
    return Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else DEFAULT_PATH


def load_config(path: Path) -> Config:
    """Read and check the configuration; relative paths in it count from the file's own folder.

    Raises ConfigurationError with every problem found at once.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        expected = "an existing configuration file (--config, INGE_CONFIG, or inge.toml here)"
        raise ConfigurationError([Problem(str(path), "there is no such file", expected)]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [Problem(str(path), f"cannot be read: {error}", "a readable UTF-8 file")]
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Problem(str(path), f"is not TOML: {error}", "a TOML file")]) from error
    problems = unknown_variables(Config, os.environ, ENV_PREFIX)
    try:
        config = Config(**tables)
    except ValidationError as error:
        raise ConfigurationError(explain(Config, error) + problems) from error
    except SettingsError as error:
        wrong = Problem("environment variables", str(error), 'lists as JSON, such as ["127.0.0.1"]')
        raise ConfigurationError([wrong, *problems]) from error
    if problems:
        raise ConfigurationError(problems)
    return _anchored(config, path.resolve().parent)


def _anchored(config: Config, base: Path) -> Config:
    """Make every relative path of the configuration absolute, counted from `base`."""
    changed: dict[str, Any] = {}
    for name in Config.model_fields:
        section: Section = getattr(config, name)
        paths = {key: _absolute(value, base) for key, value in section if _absolute(value, base) != value}
        if isinstance(section, StoreSection | AcceptanceSection):
            url = section.url
            if url is not None and url.startswith(SQLITE_PREFIX):
                paths["url"] = SQLITE_PREFIX + str(base / url.removeprefix(SQLITE_PREFIX))
        if paths:
            changed[name] = section.model_copy(update=paths)
    return config.model_copy(update=changed)


def _absolute(value: object, base: Path) -> object:
    if isinstance(value, Path):
        return base / value
    if isinstance(value, tuple):
        return tuple(_absolute(item, base) for item in value)
    return value
