"""What a unit of work knows of disclosure blocks (Auskunftssperre)."""

from collections.abc import Iterable
from datetime import datetime

from store.records_information import BlockReport, DisclosureBlock
from store.schema import disclosure_block
from store.statements import ids_text
from store.unit_persons import PersonWork

SET = "block-set"
LIFTED = "block-lifted"
MOVED = "block-moved"


class BlockWork(PersonWork):
    """Disclosure blocks. Each agency that reports one has its own; every change is told in the history."""

    __slots__ = ()

    def block_of(self, person_ids: Iterable[int]) -> DisclosureBlock | None:
        """Return the block that hides what is told of these persons, None where there is none."""
        return block_of(self.reported_blocks(person_ids))

    def reported_blocks(self, person_ids: Iterable[int]) -> list[BlockReport]:
        """Return the blocks of these persons as they were reported, the oldest first, queued ones last."""
        wanted = set(person_ids)
        rows = self._run(self._queries.blocks, ids_text(self._link.dialect, wanted))
        known = {(row[0], row[1]): BlockReport(*row) for row in rows}
        for row in self._batch.get(disclosure_block, ()):
            if row[0] in wanted:
                known.setdefault((row[0], row[1]), BlockReport(*row))
        return list(known.values())

    def set_block(self, report: BlockReport, reason: str, actor: str | None = None) -> None:
        """Queue that an agency reported a block; reported again it stays as it was.

        In: why, and who set it if that was not the agency.
        """
        self._add(disclosure_block, (report.person_id, report.agency, report.since, report.at))
        who = actor or report.agency
        self._note(report.person_id, SET, {}, _told(report), at=report.at, actor=who, reason=reason)

    def lift_block(self, report: BlockReport, *, at: datetime, actor: str, reason: str) -> bool:
        """Take the block of an agency away; False if it is not there any more."""
        if not self._changed(self._queries.lift_block, (report.person_id, report.agency)):
            return False
        self._note(report.person_id, LIFTED, _told(report), {}, at=at, actor=actor, reason=reason)
        return True

    def move_block(
        self, report: BlockReport, person_id: int, *, at: datetime, actor: str, reason: str
    ) -> bool:
        """Give a block to another stored person; False if it is not there, or that one has it already.

        For two persons that are one, or are not after all.
        """
        parameters = (person_id, report.person_id, report.agency, person_id, report.agency)
        if not self._changed(self._queries.move_block, parameters):
            return False
        change = {"agency": report.agency, "from": report.person_id, "to": person_id}
        for each in (report.person_id, person_id):
            self._note(each, MOVED, {}, change, at=at, actor=actor, reason=reason)
        return True


def block_of(reports: Iterable[BlockReport]) -> DisclosureBlock | None:
    """Return what several reports make together; None of none."""
    known = list(reports)
    if not known:
        return None
    began = min(each.at for each in known)
    first = frozenset(each.agency for each in known if each.at == began)
    return DisclosureBlock(first, min(each.since for each in known))


def _told(report: BlockReport) -> dict[str, str]:
    return {"agency": report.agency, "since": report.since.isoformat()}
