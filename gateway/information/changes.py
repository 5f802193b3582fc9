"""Reported changes of a known person (070019, 070022): whom they are about, and the rows that end them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from gateway.accepted import Outcome, Receipt
from gateway.identity import survivor
from gateway.requests import number_of
from messages.courses import Identifikation
from messages.errors import GatewayError
from store.records import CaseRecord, PersonRecord
from store.unit import UnitOfWork

MISMATCH: Final = "00057"


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What becomes of a report: key and words of the receipt, effect, and the law it stands on."""

    id: str
    matter: str
    effect: str
    legal_basis: str
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """All rows, and the version that evidence names."""

    version: str
    rows: Mapping[str, ChangeRow]

    def outcome(self, row_id: str, evidence: Mapping[str, Any]) -> Outcome:
        """Return the end of a report as a receipt in the words of a row."""
        row = self.rows[row_id]
        receipt = Receipt(row.matter, row.de, row.en)
        return Outcome(receipt, row.effect, row=row, evidence={"table": self.version, **evidence})


@cache
def change_table() -> ChangeTable:
    """Return the bundled table."""
    text = resources.files("gateway.information").joinpath("changes.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return ChangeTable(data["version"], {row["id"]: ChangeRow(**row) for row in data["row"]})


def locked_person(
    work: UnitOfWork, identified: Identifikation, *further_keys: int
) -> tuple[CaseRecord, PersonRecord]:
    """Lock the person of a number, and return the case of the number and who it is today.

    In: number and birth date as sent; further lock keys, for everything is locked at once. Raises
    GatewayError 00057 where no person fits, T200.busy when the person got another key while the lock was
    awaited.
    """
    number = number_of(identified.bamfkennziffer) or ""
    expected = _find(work, number)
    keys = {*further_keys, *(() if expected is None else (expected[1].lock_key,))}
    work.lock_persons(keys)
    found = _find(work, number)
    if found is None or found[1].birth != identified.geburtsdatum.iso:
        raise GatewayError(MISMATCH)
    if found[1].lock_key not in keys:
        raise GatewayError("T200.busy")
    return found


def _find(work: UnitOfWork, number: str) -> tuple[CaseRecord, PersonRecord] | None:
    case = work.case_by_number(number)
    person = None if case is None else work.person(case.person_id)
    return None if case is None or person is None else (case, survivor(work, person))
