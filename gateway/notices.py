"""Notices to an agency about its right: replaced by another, valid again, or over after a takeover.

The standard has no message for them; they are an extension of our own, which a setting switches off.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from gateway.accepted import Notice, Outcome
from gateway.clock import german_day
from gateway.disclosure import hidden_from
from gateway.information.relation import Relation, joined
from gateway.later import door_of, lay_out
from gateway.tools import Tools
from store.records import CaseRecord, MessageRef, RightRecord
from store.unit import UnitOfWork

REPLACED: Final = "M01"
RESTORED: Final = "M02"
ENDED: Final = "M03"
JOINED_REPLACED: Final = "M04"
JOINED_RESTORED: Final = "M05"


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A kind of notice: its key and words, its effect, and the law it stands on."""

    id: str
    matter: str
    effect: str
    legal_basis: str
    de: str
    en: str


def tell_replaced(
    work: UnitOfWork, tools: Tools, case: CaseRecord, old: RightRecord, new: RightRecord
) -> int | None:
    """Tell an agency that its right was replaced; out: the id in its outbox, None where nobody is told.

    In: the case, the right that ended by it and the one that took its place. Nobody is told of a right that
    no message brought, nor of one's own doing. The locks are held already.
    """
    if old.agency == new.agency:
        return None
    block = work.block_of([case.person_id])
    hidden = hidden_from(Relation.FORMER, block, old.agency)
    return _tell(work, tools, REPLACED, case, _reported(old), new, hidden=hidden)


def tell_restored(work: UnitOfWork, tools: Tools, case: CaseRecord, right: RightRecord) -> int | None:
    """Tell an agency that the replacement of its right was taken back; out: as `tell_replaced`."""
    return _tell(work, tools, RESTORED, case, _reported(right), None, hidden=True)


def tell_ended(work: UnitOfWork, tools: Tools, case: CaseRecord, right: RightRecord) -> list[str]:
    """Tell the agencies that took a right over that it is revoked or cancelled; out: the keys of those told.

    In: the case, and the right as it was before it ended; the takeovers end with it. The locks are held.
    """
    return _tell_joined(work, tools, ENDED, case, right)


def tell_joined_replaced(
    work: UnitOfWork, tools: Tools, case: CaseRecord, old: RightRecord, new: RightRecord
) -> list[str]:
    """Tell the agencies that took a right over that it was replaced; out: the keys of those told.

    In: as `tell_replaced`, the old right as it was before. Nobody is told of a right of its own.
    """
    return _tell_joined(work, tools, JOINED_REPLACED, case, old, new)


def tell_joined_restored(work: UnitOfWork, tools: Tools, case: CaseRecord, right: RightRecord) -> list[str]:
    """Tell the agencies that took a right over that it holds again; out: the keys of those told.

    In: the case, and the right as it is now that its replacement was taken back.
    """
    return _tell_joined(work, tools, JOINED_RESTORED, case, right)


def _tell_joined(
    work: UnitOfWork,
    tools: Tools,
    row_id: str,
    case: CaseRecord,
    right: RightRecord,
    new: RightRecord | None = None,
) -> list[str]:
    told = []
    for each in joined(right, work.takeovers_of([case.id])):
        own = new is not None and new.agency == each.agency
        ref = None if own or each.party_uuid is None else MessageRef(each.agency, each.party_uuid)
        if _tell(work, tools, row_id, case, ref, new, hidden=True) is not None:
            told.append(each.agency)
    return told


def _reported(right: RightRecord) -> MessageRef | None:
    """Return the message that brought a right, None where a clerk captured it."""
    return None if right.party_uuid is None else MessageRef(right.agency, right.party_uuid)


def _tell(
    work: UnitOfWork,
    tools: Tools,
    row_id: str,
    case: CaseRecord,
    ref: MessageRef | None,
    new: RightRecord | None,
    *,
    hidden: bool,
) -> int | None:
    if not tools.settings.notify_replaced or ref is None:
        return None
    version, rows, words = _notices()
    row, day = rows[row_id], german_day(tools.clock.now())
    by = words["other"] if new is None else words.get(new.art, words["other"])
    filled = {"number": case.number, "day": f"{day:%d.%m.%Y}"}
    notice = Notice(
        row.matter,
        case.number,
        day,
        None if new is None else new.art,
        None if new is None or hidden else new.agency_name,
        row.de.format(by=by["de"], **filled),
        row.en.format(by=by["en"], **filled),
    )
    return lay_out(
        work,
        tools,
        ref,
        Outcome(notice, row.effect, row=row, number=case.number, evidence={"table": version}),
        frame=None,
        door=door_of(work, ref),
        trigger_uuid=ref.uuid,
    )


@cache
def _notices() -> tuple[str, Mapping[str, NoticeRow], Mapping[str, Mapping[str, Any]]]:
    text = resources.files("gateway").joinpath("notices.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return data["version"], {row["id"]: NoticeRow(**row) for row in data["notice"]}, data["by"]
