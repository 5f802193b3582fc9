"""Who sends in the cases, and whom they write to."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from adapters.testkit.people import agency
from messages.values import BehoerdeG2G

AGENCY_ID: Final = r"[a-z]{2,8}:[0-9A-Za-z]{1,20}"
"""A kennung with its prefix."""


@dataclass(frozen=True, slots=True)
class Party:
    """An invented agency; `kind` is ABH, TGS or BVA, `keys` are the certificates that speak for it."""

    id: str
    kennung: str
    name: str
    kind: str
    phone: str
    keys: tuple[str, ...]

    @property
    def in_header(self) -> BehoerdeG2G:
        """The party as author of a message."""
        return agency(self.kennung, self.name, self.phone)


@dataclass(frozen=True, slots=True)
class Reader:
    """The agency that runs the gateway, as messages name it in `leser`."""

    kennung: str
    name: str

    @property
    def in_header(self) -> BehoerdeG2G:
        """The agency as reader of a message."""
        return agency(self.kennung, self.name)


@cache
def all_parties() -> Mapping[str, Party]:
    """The parties of the kit by their ids."""
    tables = tomllib.loads(_text())["party"]
    parties = (Party(**{**table, "keys": tuple(table["keys"])}) for table in tables)
    return {party.id: party for party in parties}


@cache
def usual_reader() -> Reader:
    """Whom a kit writes to unless it is made for another gateway."""
    return Reader(**tomllib.loads(_text())["reader"])


def _text() -> str:
    return resources.files(__package__).joinpath("parties.toml").read_text(encoding="utf-8")
