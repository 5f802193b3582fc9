"""The configuration of a gateway: one `inge.toml`, overridden by `INGE_…` variables, frozen after start.

Every section is a frozen model and every key says in its description what it expects; `inge config check`
and the reference page are made from these descriptions, so that neither can drift from the code.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from adapters.config_problems import ConfigurationError, Problem, explain, unknown_variables
from adapters.config_sections import (
    SQLITE_PREFIX,
    EnvironmentSection,
    GatewaySection,
    HttpSection,
    JournalSection,
    KeysSection,
    LimitsSection,
    LoggingSection,
    Section,
    StoreSection,
    TrustSection,
)
from adapters.config_sections_work import (
    AcceptanceSection,
    BackupSection,
    BatchSection,
    ClerksSection,
    ConnectSection,
    OutboxSection,
    RetentionSection,
    RulesSection,
    SchedulerSection,
    SchemasSection,
    WorkSection,
)

CONFIG_VARIABLE = "INGE_CONFIG"
DEFAULT_PATH = Path("inge.toml")
ENV_PREFIX = "INGE_"


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
