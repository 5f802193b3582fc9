"""One unit of work: what a message reads and leaves, in one transaction."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import Table

from store.links import Batch
from store.schema import (
    case_file,
    case_history,
    content,
    course_dropout,
    course_registration,
    course_section,
    course_site,
    course_test,
    decision,
    delivery_later,
    delivery_result,
    disclosure_block,
    entitlement,
    erasure,
    homonym,
    journal,
    message,
    organiser,
    outbox,
    person,
    person_history,
    person_search,
    question,
    retrieval,
    takeover,
    work,
    work_item,
    work_item_message,
)
from store.unit_blocks import BlockWork
from store.unit_cases import CaseWork
from store.unit_courses import CourseWork
from store.unit_deliveries import DeliveryWork
from store.unit_items import WorkItemWork
from store.unit_results import ResultWork
from store.unit_retrievals import RetrievalWork
from store.unit_takeovers import TakeoverWork
from store.unit_work import DeferredWork

_ORDER: tuple[Table, ...] = (
    message,
    content,
    person,
    person_history,
    person_search,
    case_file,
    entitlement,
    case_history,
    organiser,
    course_site,
    course_registration,
    course_section,
    course_test,
    course_dropout,
    takeover,
    disclosure_block,
    work_item,
    work_item_message,
    homonym,
    question,
    decision,
    outbox,
    delivery_result,
    delivery_later,
    retrieval,
    erasure,
    work,
    journal,
)


class UnitOfWork(
    ResultWork,
    BlockWork,
    CaseWork,
    WorkItemWork,
    TakeoverWork,
    RetrievalWork,
    CourseWork,
    DeliveryWork,
    DeferredWork,
):
    """A transaction in the order registration → locks → reading → writing → commit.

    What is added reaches the database at `commit`; what changes a stored row does so at once, but nobody
    sees it before. Every method may raise StoreUnavailable (StoreBusy among them); then nothing was kept,
    and the unit of work is over.
    """

    __slots__ = ()

    def __enter__(self) -> UnitOfWork:
        self._link.enter()
        try:
            self._link.begin()
        except BaseException:
            self._link.leave()
            raise
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._open:
                self._open = False
                self._link.rollback()
        finally:
            self._link.leave()

    def flush(self) -> None:
        """Write everything queued without committing, so that what follows in here reads it.

        For work that takes several decisions in one transaction; a message needs one round trip, at its end.
        """
        self._link.write(self._take_batch())

    def commit(self) -> None:
        """Write everything queued and commit. After an error nothing of it is there.

        A connection lost during the commit itself leaves it open whether it happened; the resend of the
        message finds out, since its registration is part of the same transaction.
        """
        self._link.commit(self._take_batch())
        self._open = False

    def _take_batch(self) -> Batch:
        batch: Batch = {table: self._batch[table] for table in _ORDER if table in self._batch}
        self._batch = {}
        self._contents = {}
        return batch
