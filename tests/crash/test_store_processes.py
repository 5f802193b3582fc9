"""Real processes on one store: one wins, the others see what it committed; the killed leave nothing."""

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from store.engine import Store
from store.errors import StoreBusy
from store.heads import HeadsFile
from store.records import CaseRecord, CaseState, JournalEntry, JournalKind, PersonRecord, StoredAnswer
from store.sealer import Sealer
from store.verify import verify_journal
from tests.support.processes import children, report, wait_for_word
from tests.support.ring import scale
from tests.support.stores import fresh_sqlite, open_test_store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PROCESSES = 8
HERE = "tests.crash.test_store_processes"


def registering(url: str, rounds: int, me: int) -> None:
    """Child: register the same messages as everybody else, answer those that are new."""
    store = open_test_store(url)
    report("ready")
    wait_for_word()
    seen = []
    for number in range(rounds):
        uuid = f"uuid-{number}"
        with store.unit_of_work() as uow:
            known = uow.register("azr:1", uuid, b"h" * 32, "070001", NOW)
            if known is None:
                uow.store_answer("azr:1", uuid, StoredAnswer(f"answer of {me}".encode(), "070003"))
                uow.commit()
                seen.append([True, f"answer of {me}"])
            else:
                assert known.answer is not None
                seen.append([False, known.answer.document.decode()])
    report(seen)
    store.close()


def test_of_many_processes_one_is_first_and_the_others_see_its_answer(store_url: str) -> None:
    rounds = scale(25, 200)
    with children(f"{HERE}.registering", [(store_url, rounds, me) for me in range(PROCESSES)]) as workers:
        for worker in workers:
            assert worker.hear() == "ready"
        for worker in workers:
            worker.tell()
        told = [worker.hear() for worker in workers]
        assert [worker.end() for worker in workers] == [0] * PROCESSES
    for number in range(rounds):
        answers = [each[number] for each in told]
        assert sum(first for first, _ in answers) == 1
        assert len({answer for _, answer in answers}) == 1


def looking_and_adding(url: str, rounds: int, me: int) -> None:
    """Child: add each person unless somebody did, under its lock; two keys at once, in either order."""
    store = open_test_store(url)
    report("ready")
    wait_for_word()
    added = []
    for number in range(rounds):
        keys = [number * 2 + 1, -number * 2 - 1]
        with store.unit_of_work() as uow:
            assert uow.register(f"azr:{me}", f"uuid-{number}", b"h" * 32, "070001", NOW) is None
            uow.lock_persons(keys if me % 2 else reversed(keys))
            if not uow.persons_by_lock_key(keys[0]):
                epoch, counter = uow.next_counter()
                person = PersonRecord(uow.new_id(), keys[0], "A", "B", "1990", "w", "A", "B")
                case = CaseRecord(
                    uow.new_id(), person.id, f"{epoch}-{counter}", CaseState.OPEN, date(2026, 11, 24)
                )
                uow.add_person(person)
                uow.add_case(case)
                added.append([number, case.number])
            uow.commit()
    report(added)
    store.close()


def test_of_many_processes_one_adds_the_person(store_url: str) -> None:
    rounds = scale(25, 200)
    with children(
        f"{HERE}.looking_and_adding", [(store_url, rounds, me) for me in range(PROCESSES)]
    ) as workers:
        for worker in workers:
            assert worker.hear() == "ready"
        for worker in workers:
            worker.tell()
        added = [pair for worker in workers for pair in worker.hear()]
        assert [worker.end() for worker in workers] == [0] * PROCESSES
    assert sorted(number for number, _ in added) == list(range(rounds))
    assert len({case for _, case in added}) == rounds
    store = open_test_store(store_url)
    with store.read() as reader:
        assert reader.counts()["person"] == rounds
    store.close()


def stopping(url: str, where: str) -> None:
    """Child: do a whole message, but stop before its commit or right after it, and wait to be killed."""
    store = open_test_store(url)
    with store.unit_of_work() as uow:
        assert uow.register("azr:1", "uuid", b"h" * 32, "070001", NOW) is None
        uow.lock_persons([5])
        assert uow.persons_by_lock_key(5) == []
        uow.add_person(PersonRecord(uow.new_id(), 5, "A", "B", "1990", "w", "A", "B"))
        uow.add_journal(JournalEntry(JournalKind.RECEIVED, NOW, "azr:1", "uuid", content=b"<a/>"))
        uow.store_answer("azr:1", "uuid", StoredAnswer(b"<answer/>", "070003"))
        if where == "flushed":
            # Everything is written, only COMMIT is missing.
            link = store._threads.link
            _flush_without_commit(link, uow._batch)
        elif where == "committed":
            uow.commit()
        report(where)
        wait_for_word()


def _flush_without_commit(link: object, batch: object) -> None:
    from store import link_postgresql, link_sqlite
    from store.statements import Statement
    from store.unit import _ORDER

    nothing = Statement("SELECT 1")
    assert isinstance(batch, dict)
    rows = {table: batch[table] for table in _ORDER if table in batch}
    if isinstance(link, link_postgresql.PostgresLink):
        link_postgresql._COMMIT = nothing
        with pytest.raises(Exception, match="not committed"):
            link.commit(rows)
    else:
        assert isinstance(link, link_sqlite.SqliteLink)
        link._cursor = _NoCommit(link._cursor)  # type: ignore[assignment]
        link.commit(rows)


class _NoCommit:
    """A cursor that swallows COMMIT."""

    def __init__(self, cursor: object) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> object:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *arguments: object) -> object:
        """Run anything but COMMIT."""
        return self if sql == "COMMIT" else self._cursor.execute(sql, *arguments)  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["queued", "flushed"])
def test_a_process_killed_before_its_commit_leaves_nothing(store_url: str, where: str) -> None:
    with children(f"{HERE}.stopping", [(store_url, where)]) as (worker,):
        assert worker.hear() == where
        worker.kill()
        store = open_test_store(store_url)
        # The resend: first time again, and the dead process holds no lock.
        with store.unit_of_work() as uow:
            assert uow.register("azr:1", "uuid", b"h" * 32, "070001", NOW) is None
            uow.lock_persons([5])
            assert uow.persons_by_lock_key(5) == []
        with store.read() as reader:
            assert set(reader.counts().values()) == {0}
        store.close()


def test_a_process_killed_after_its_commit_leaves_its_answer_to_the_resend(store_url: str) -> None:
    with children(f"{HERE}.stopping", [(store_url, "committed")]) as (worker,):
        assert worker.hear() == "committed"
        worker.kill()
        store = open_test_store(store_url)
        with store.unit_of_work() as uow:
            known = uow.register("azr:1", "uuid", b"h" * 32, "070001", NOW)
            assert known is not None
            assert known.answer == StoredAnswer(b"<answer/>", "070003")
            assert len(uow.persons_by_lock_key(5)) == 1
        store.close()


def holding(url: str) -> None:
    """Child: hold a registration and a lock until told, then commit."""
    store = open_test_store(url)
    with store.unit_of_work() as uow:
        assert uow.register("azr:1", "uuid", b"h" * 32, "070001", NOW) is None
        uow.lock_persons([5])
        uow.persons_by_lock_key(5)
        uow.add_journal(JournalEntry(JournalKind.RECEIVED, NOW, "azr:1", "uuid"))
        report("holding")
        wait_for_word()
        uow.commit()
    report("done")
    store.close()


def test_a_sqlite_writer_gives_up_when_the_lock_does_not_come(sqlite_template: Path, tmp_path: Path) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    with children(f"{HERE}.holding", [(url,)]) as (worker,):
        assert worker.hear() == "holding"
        hasty = open_test_store(url, patience=0.01)
        with pytest.raises(StoreBusy), hasty.unit_of_work():
            pass
        worker.tell()
        assert worker.hear() == "done"
        with hasty.unit_of_work() as uow:
            assert uow.register("azr:1", "uuid", b"h" * 32, "070001", NOW) is not None
        hasty.close()


@pytest.mark.postgresql
def test_a_late_commit_with_older_ids_is_sealed_too(postgres_store: Store, tmp_path: Path) -> None:
    heads = HeadsFile(tmp_path / "heads.jsonl")
    store = postgres_store
    sealer = Sealer(store, lambda data: data, heads, "one")
    go, ready = threading.Event(), threading.Event()

    def late() -> None:
        with store.unit_of_work() as uow:
            uow.register("azr:1", "late", b"h" * 32, "070001", NOW)
            uow.add_journal(JournalEntry(JournalKind.RECEIVED, NOW, "azr:1", "late"))
            ready.set()
            go.wait(60)
            uow.commit()

    thread = threading.Thread(target=late)
    thread.start()
    assert ready.wait(60)
    with store.unit_of_work() as uow:
        uow.register("azr:1", "early", b"h" * 32, "070001", NOW)
        uow.add_journal(JournalEntry(JournalKind.RECEIVED, NOW, "azr:1", "early"))
        uow.commit()
    assert sealer.run_once(NOW) == 1
    go.set()
    thread.join()
    assert sealer.run_once(NOW) == 1
    with store.read() as reader:
        rows = list(reader.journal())
    assert [row.uuid for row in rows] == ["early", "late"]
    assert rows[0].id > rows[1].id
    assert verify_journal(store, heads, lambda data, signature: data == signature, NOW).intact
