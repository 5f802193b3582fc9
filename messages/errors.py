"""The one catalogue of refusals and reasons, and the one exception that carries them.

The texts are data (``errors.toml``); a step that refuses names a code and hands over the facts, the words
come from the catalogue. Codes of the XInneres list keep their name ("T011"); a more specific one is
``<standard>.<specific>`` ("T011.broken") and inherits from the standard one what it does not say itself.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from messages.phrases import in_german

if TYPE_CHECKING:
    from schemas.violations import Violation


_SAID: Final = frozenset({"expected", "found"})
"""Details that may hold words beside names and codes; they come in English."""
_LONGEST_PATH: Final = 4000
"""As much of a path as the contract of the service has room for: names have no end."""


class Advice(StrEnum):
    """What the sender should do next."""

    RETRY = "retry"
    CORRECT = "correct"
    CALL = "call"


class Category(StrEnum):
    """The part of the way of a message that gives the code."""

    TRANSPORT = "transport"
    XML = "xml"
    VERSION = "version"
    SPECIFICATION = "specification"
    AVAILABILITY = "availability"
    SOAP = "soap"
    BUSINESS = "business"


class Severity(StrEnum):
    """``error``: nothing was stored. ``warning``: valid, but somebody should look. ``info``: a fact."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One code with all that is said about it.

    ``standard`` is the code of the XInneres error list (version 3) under which the refusal travels in a
    rejection 0010, or None where that list has no place for it. ``retry_after`` is in seconds.
    ``text_de`` and ``text_en`` are templates; ``placeholders`` are the details they ask for.
    """

    code: str
    standard: str | None
    category: Category
    severity: Severity
    retryable: bool
    text_de: str
    text_en: str
    advice: Advice
    retry_after: int | None
    placeholders: frozenset[str]

    def render_de(self, details: Mapping[str, str] | None = None) -> str:
        """The German text with ``details`` filled in; a detail nobody knows reads "nicht genannt"."""
        known = details or {}
        german = {name: in_german(value) if name in _SAID else value for name, value in known.items()}
        return self.text_de.format_map(_Details(german, "nicht genannt"))

    def render_en(self, details: Mapping[str, str] | None = None) -> str:
        """The English text with ``details`` filled in; a detail nobody knows reads "not named"."""
        return self.text_en.format_map(_Details(details or {}, "not named"))


class GatewayError(Exception):
    """The one exception with which a step refuses a message.

    ``path`` is an XPath without values, ``line`` a line of the canonical document, ``details`` fill the
    placeholders of the texts and must never hold personal data. ``violations`` are all findings of the
    schema check, so that the sender can mend everything at once. ``retry_after`` (seconds) replaces the
    catalogue's value. Raises KeyError for a code that is not in the catalogue: that is a programmer's error.
    """

    def __init__(
        self,
        code: str,
        *,
        path: str | None = None,
        line: int | None = None,
        details: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        retry_after: int | None = None,
    ) -> None:
        entry = CATALOGUE.get(code)
        if entry is None:
            raise KeyError(f"no error code {code!r} in messages/errors.toml")
        super().__init__(code)
        self.code = code
        self.entry = entry
        self.path = None if path is None else path[:_LONGEST_PATH]
        self.line = line
        self.details: Mapping[str, str] = MappingProxyType(dict(details or {}))
        self.violations = tuple(violations)
        self.retry_after = entry.retry_after if retry_after is None else retry_after

    @property
    def text_de(self) -> str:
        """The German text for the sender."""
        return self.entry.render_de(self.details)

    @property
    def text_en(self) -> str:
        """The English text for the sender."""
        return self.entry.render_en(self.details)

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"{self.code}{place}: {self.text_en}"


class _Details(dict[str, str]):
    """A mapping for ``str.format_map`` that says so when a detail is not known."""

    def __init__(self, details: Mapping[str, str], unknown: str) -> None:
        super().__init__(details)
        self._unknown = unknown

    def __missing__(self, key: str) -> str:
        return self._unknown


_INHERITED: Final = ("standard", "category", "severity", "retryable", "advice", "retry_after")


def load_catalogue(toml: str) -> Mapping[str, CatalogueEntry]:
    """Read a catalogue from the text of a TOML file, in its order.

    Raises ValueError when an entry is incomplete, contradicts itself or has no parent entry.
    """
    return MappingProxyType({entry.code: entry for entry in _entries(tomllib.loads(toml))})


def _entries(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[CatalogueEntry]:
    for code, table in tables.items():
        parent: Mapping[str, Any] = {}
        if "." in code:
            family = code.partition(".")[0]
            if family not in tables:
                raise ValueError(f"{code}: no entry {family} to belong to")
            parent = tables[family]
        merged = {key: parent[key] for key in _INHERITED if key in parent} | dict(table)
        yield _entry(code, merged)


def _entry(code: str, table: Mapping[str, Any]) -> CatalogueEntry:
    unknown = set(table) - {*_INHERITED, "de", "en"}
    if unknown:
        raise ValueError(f"{code}: unknown keys {sorted(unknown)}")
    try:
        entry = CatalogueEntry(
            code=code,
            standard=table.get("standard") or None,
            category=Category(table["category"]),
            severity=Severity(table["severity"]),
            retryable=bool(table["retryable"]),
            text_de=str(table["de"]),
            text_en=str(table["en"]),
            advice=Advice(table["advice"]),
            retry_after=table.get("retry_after") or None,
            placeholders=_placeholders(table["de"]),
        )
    except KeyError as missing:
        raise ValueError(f"{code}: {missing} is missing") from missing
    if entry.placeholders != _placeholders(entry.text_en):
        raise ValueError(f"{code}: the German and the English text ask for different details")
    if entry.retryable != (entry.advice is Advice.RETRY):
        raise ValueError(f"{code}: retryable and advice contradict each other")
    if entry.retry_after is not None and not entry.retryable:
        raise ValueError(f"{code}: retry_after without retryable")
    return entry


def _placeholders(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


CATALOGUE: Final[Mapping[str, CatalogueEntry]] = load_catalogue(
    resources.files(__package__).joinpath("errors.toml").read_text(encoding="utf-8")
)
