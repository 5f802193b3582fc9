"""The journal on both engines: every way to tamper with it is found, and named for what it is."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import POSTGRESQL_SETTINGS
from store.engine import Store
from store.erasure import destroy_content
from store.errors import ContentErased, StoreUnavailable
from store.heads import Head, HeadsFile
from store.journal import GENESIS, HASHED, chain_hash, row_hash
from store.records import JournalEntry, JournalKind, MessageRef, StoredAnswer
from store.sealer import JournalBehind, Sealer
from store.vault import ContentBroken
from store.verify import FindingKind, JournalReport, verify_journal
from tests.support.postgres import PostgresCluster
from tests.support.stores import fresh_postgresql, open_test_store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PARTY = "azr:090100"


def sign(data: bytes) -> bytes:
    return hashlib.sha256(b"key" + data).digest()


def fits(data: bytes, signature: bytes) -> bool:
    return sign(data) == signature


@pytest.fixture
def heads(tmp_path: Path) -> HeadsFile:
    return HeadsFile(tmp_path / "heads.jsonl")


@pytest.fixture
def sealer(store: Store, heads: HeadsFile) -> Sealer:
    return Sealer(store, sign, heads, "one")


def write(store: Store, count: int = 1, *, first: int = 0) -> None:
    for number in range(first, first + count):
        uuid = f"uuid-{number}"
        with store.unit_of_work() as uow:
            uow.register(PARTY, uuid, b"h" * 32, "070001", NOW)
            uow.add_journal(
                JournalEntry(
                    JournalKind.RECEIVED, NOW, PARTY, uuid, "070001", content=f"<a{number}/>".encode()
                )
            )
            uow.add_journal(
                JournalEntry(JournalKind.CLERK, NOW, PARTY, uuid, facts={"row": "D01", "ä": number})
            )
            uow.store_answer(PARTY, uuid, StoredAnswer(b"<answer/>", "070003"))
            uow.commit()


def sealed(store: Store, sealer: Sealer, runs: int = 3) -> None:
    """Write and seal 4 rows per run, so that several heads exist: positions 4, 8, 12."""
    for run in range(runs):
        write(store, 2, first=run * 2)
        assert sealer.run_once(NOW + timedelta(seconds=run)) == 4


def verify(store: Store, heads: HeadsFile) -> JournalReport:
    return verify_journal(store, heads, fits, NOW + timedelta(seconds=30))


def tamper(store: Store, *statements: str) -> None:
    with store.write() as connection:
        for statement in statements:
            connection.execute(text(statement))


def found(report: JournalReport) -> set[tuple[FindingKind, int | None]]:
    return {(finding.kind, finding.position) for finding in report.findings}


def test_an_untouched_journal_is_intact_and_the_unsealed_window_is_named(
    store: Store, sealer: Sealer, heads: HeadsFile
) -> None:
    sealed(store, sealer)
    report = verify(store, heads)
    assert report.intact
    assert (report.rows, report.last_position, report.inside_heads, report.outside_heads) == (12, 12, 3, 3)
    assert (report.unsealed, report.oldest_unsealed) == (0, None)
    write(store, 1, first=90)
    report = verify(store, heads)
    assert report.intact
    assert (report.unsealed, report.oldest_unsealed) == (2, timedelta(seconds=30))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET code = 'X001' WHERE position = 5",
        "UPDATE journal SET peer = '' WHERE position = 5",
        "UPDATE journal SET facts = NULL WHERE position = 6",
        "UPDATE journal SET kind = 'refused' WHERE position = 5",
        "UPDATE journal SET content_key_id = content_key_id + 1 WHERE position = 5",
        "UPDATE journal SET at = (SELECT max(at) FROM journal_head) WHERE position = 5",
        "UPDATE journal SET row_hash = chain_hash WHERE position = 5",
        "DELETE FROM content WHERE id = (SELECT content_key_id FROM journal WHERE position = 5)",
        "UPDATE content SET request = (SELECT row_hash FROM journal WHERE position = 1)"
        " WHERE id = (SELECT content_key_id FROM journal WHERE position = 5)",
    ],
)
def test_a_changed_row_is_found(store: Store, sealer: Sealer, heads: HeadsFile, change: str) -> None:
    sealed(store, sealer)
    tamper(store, change)
    assert found(verify(store, heads)) == {(FindingKind.CHANGED, 6 if "position = 6" in change else 5)}


def test_a_removed_row_is_found(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    sealed(store, sealer)
    tamper(store, "DELETE FROM journal WHERE position = 6")
    assert found(verify(store, heads)) == {(FindingKind.REMOVED, 6)}


def test_a_removed_row_whose_gap_was_closed_is_found(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    sealed(store, sealer)
    tamper(store, "DELETE FROM journal WHERE position = 6")
    for position in range(7, 13):
        tamper(store, f"UPDATE journal SET position = {position - 1} WHERE position = {position}")
    kinds = found(verify(store, heads))
    assert (FindingKind.REORDERED, 6) in kinds
    assert (FindingKind.TRUNCATED, 12) in kinds


@pytest.mark.parametrize("with_chain", [False, True])
def test_reordered_rows_are_found(store: Store, sealer: Sealer, heads: HeadsFile, with_chain: bool) -> None:
    sealed(store, sealer)
    with store.read() as reader:
        five, six = [row for row in reader.journal() if row.position in (5, 6)]
    tamper(
        store,
        f"UPDATE journal SET position = 999 WHERE id = {five.id}",
        f"UPDATE journal SET position = 5 WHERE id = {six.id}",
        f"UPDATE journal SET position = 6 WHERE id = {five.id}",
    )
    if with_chain:
        with store.write() as connection:
            for row, chain in ((five, six.chain_hash), (six, five.chain_hash)):
                change = text("UPDATE journal SET chain_hash = :chain WHERE id = :id")
                connection.execute(change, {"chain": chain, "id": row.id})
    kinds = found(verify(store, heads))
    assert {(FindingKind.REORDERED, 5), (FindingKind.REORDERED, 6)} <= kinds
    assert {kind for kind, _ in kinds} == {FindingKind.REORDERED}


def test_a_cut_off_tail_is_found_by_the_heads_outside(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    sealed(store, sealer)
    tamper(
        store,
        "DELETE FROM content WHERE id IN (SELECT content_key_id FROM journal WHERE position > 7)",
        "DELETE FROM journal WHERE position > 7",
        "DELETE FROM journal_head WHERE position > 7",
    )
    assert found(verify(store, heads)) == {(FindingKind.TRUNCATED, 8)}
    with pytest.raises(JournalBehind):
        sealer.check()
    write(store, first=99)
    with pytest.raises(JournalBehind):
        sealer.run_once(NOW)
    with store.read() as reader:
        assert max(row.position or 0 for row in reader.journal()) == 7


def test_heads_of_other_processes_are_seen_and_a_torn_line_is_passed_over(heads: HeadsFile) -> None:
    other = HeadsFile(heads.path)
    assert other.last_position() == 0
    heads.append([Head(1, bytes(32), NOW, b"s")])
    assert other.last_position() == 1
    with heads.path.open("ab") as file:
        file.write(b'{"position": 9, "cha')
    assert other.last_position() == 1
    heads.append([Head(2, bytes(32), NOW, b"s")])
    assert other.last_position() == heads.last_position() == 2
    heads.path.write_bytes(b"")
    assert other.last_position() == 0


def test_a_chain_rewritten_from_a_row_on_contradicts_its_heads(
    store: Store, sealer: Sealer, heads: HeadsFile
) -> None:
    sealed(store, sealer)
    tamper(store, "UPDATE journal SET code = 'X001' WHERE position = 6")
    with store.read() as reader:
        rows = list(reader.journal())
    chain = GENESIS
    with store.write() as connection:
        for row in rows:
            own = row_hash([getattr(row, name) for name in HASHED])
            chain = chain_hash(chain, row.position or 0, own)
            connection.execute(
                text("UPDATE journal SET row_hash = :own, chain_hash = :chain WHERE id = :id"),
                {"own": own, "chain": chain, "id": row.id},
            )
    assert found(verify(store, heads)) == {(FindingKind.REWRITTEN, 8), (FindingKind.REWRITTEN, 12)}


def test_a_changed_row_before_its_seal_is_found(store: Store, heads: HeadsFile) -> None:
    write(store)
    tamper(store, "UPDATE journal SET code = 'X001' WHERE kind = 'clerk'")
    report = verify(store, heads)
    assert found(report) == {(FindingKind.CHANGED, None)}


def test_a_head_signed_by_somebody_else_is_found(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    sealed(store, sealer)
    report = verify_journal(store, heads, lambda data, signature: False, NOW)
    assert {kind for kind, _ in found(report)} == {FindingKind.BAD_HEAD}
    lines = heads.path.read_text().splitlines()
    heads.path.write_text(
        "\n".join([lines[0], lines[1].replace('"position": 8', '"position": 80'), lines[2]])
    )
    assert found(verify(store, heads)) == {(FindingKind.BAD_HEAD, 80)}


def test_a_line_cut_short_by_a_crash_is_written_again(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    sealed(store, sealer)
    whole = heads.path.read_bytes()
    heads.path.write_bytes(whole[:-40])
    again = HeadsFile(heads.path)
    assert Sealer(store, sign, again, "one").run_once(NOW) == 0
    report = verify(store, again)
    assert report.intact
    assert (report.unreadable_lines, report.outside_heads) == ((3,), 3)


def test_destroyed_keys_leave_nothing_to_read_and_an_intact_chain(
    store: Store, sealer: Sealer, heads: HeadsFile
) -> None:
    sealed(store, sealer)
    ref = MessageRef(PARTY, "uuid-0")
    with store.write() as connection:
        assert destroy_content(connection, ref) == 1
    with store.read() as reader:
        gone, _ = reader.journal_of("uuid-0")
        kept, _ = reader.journal_of("uuid-1")
        with pytest.raises(ContentErased):
            reader.journaled_content(gone)
        with pytest.raises(ContentErased):
            reader.answer_document(ref)
        assert reader.journaled_content(kept) == b"<a1/>"
    with store.unit_of_work() as uow:
        known = uow.register(PARTY, "uuid-0", b"h" * 32, "070001", NOW)
        assert known is not None
        assert (known.answer, known.erased) == (None, True)
    assert verify(store, heads).intact


def test_the_stored_content_is_not_in_the_clear(store: Store) -> None:
    write(store)
    with store.read() as reader:
        (row,) = reader.connection.execute(text("SELECT request, answer FROM content")).all()
    assert b"<a0/>" not in bytes(row.request)
    assert b"<answer/>" not in bytes(row.answer)


def test_a_ciphertext_cannot_stand_for_another(store: Store) -> None:
    write(store, 2)
    tamper(store, "UPDATE content SET answer = (SELECT request FROM content ORDER BY id LIMIT 1)")
    for uuid in ("uuid-0", "uuid-1"):
        with store.read() as reader, pytest.raises(ContentBroken):
            reader.answer_document(MessageRef(PARTY, uuid))


def test_one_sealer_works_until_its_lease_runs_out(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    other = Sealer(store, sign, heads, "two")
    write(store)
    assert sealer.run_once(NOW) == 2
    write(store, first=5)
    assert other.run_once(NOW + timedelta(seconds=9)) is None
    assert other.run_once(NOW + timedelta(seconds=11)) == 2
    assert sealer.run_once(NOW + timedelta(seconds=12)) is None
    assert verify(store, heads).intact


def test_the_heads_of_a_sealer_that_died_before_writing_them_are_made_up_for(
    store: Store, sealer: Sealer, heads: HeadsFile
) -> None:
    def dies(data: bytes) -> bytes:
        raise OSError("token away")

    write(store)
    with pytest.raises(OSError, match="token"):
        Sealer(store, dies, heads, "one").run_once(NOW)
    assert not heads.path.exists()
    assert sealer.run_once(NOW) == 0
    assert verify(store, heads).outside_heads == 1


def test_who_leaves_seals_what_is_left_and_hands_the_lease_over(
    store: Store, sealer: Sealer, heads: HeadsFile
) -> None:
    other = Sealer(store, sign, heads, "other")
    write(store)
    assert sealer.run_once(NOW) == 2
    assert (other.run_once(NOW), other.leave(NOW)) == (None, None)
    write(store, first=3)
    assert sealer.leave(NOW) == 2
    assert verify(store, heads).unsealed == 0
    assert other.run_once(NOW) == 0


@pytest.fixture
def node_b(store: Store, tmp_path: Path) -> tuple[Sealer, HeadsFile]:
    """Another node on the same store, with its own file of heads."""
    folder = tmp_path / "node-b"
    folder.mkdir()
    heads = HeadsFile(folder / "heads.jsonl")
    return Sealer(store, sign, heads, "node b"), heads


def test_the_sealer_moves_between_nodes_that_have_files_of_their_own(
    store: Store, sealer: Sealer, heads: HeadsFile, node_b: tuple[Sealer, HeadsFile]
) -> None:
    other, others_heads = node_b
    write(store, 2)
    assert sealer.run_once(NOW) == 4
    # Without the lease, without a file yet: only what the other one sealed last is taken in.
    assert other.run_once(NOW) is None
    assert others_heads.last_position() == 4
    write(store, first=2)
    assert other.run_once(NOW + timedelta(seconds=30)) == 2
    write(store, first=3)
    assert other.leave(NOW + timedelta(seconds=31)) == 2
    # The first node slept meanwhile; that is no alarm, and it makes up for what it did not see.
    sealer.check()
    write(store, first=4)
    assert sealer.run_once(NOW + timedelta(seconds=32)) == 2
    assert other.run_once(NOW + timedelta(seconds=32)) is None
    assert [head and head.position for head, _ in heads.read()] == [4, 6, 8, 10]
    assert [head and head.position for head, _ in others_heads.read()] == [4, 6, 8, 10]
    for file in (heads, others_heads):
        assert verify(store, file).intact


def test_a_node_without_the_lease_knows_a_cut_off_tail_too(
    store: Store, sealer: Sealer, node_b: tuple[Sealer, HeadsFile]
) -> None:
    """As after a failover to a copy of the store that lacks the last commits."""
    other, _ = node_b
    sealed(store, sealer)
    other.run_once(NOW)
    tamper(store, "DELETE FROM journal WHERE position > 7", "DELETE FROM journal_head WHERE position > 7")
    for each in (sealer, other):
        with pytest.raises(JournalBehind):
            each.run_once(NOW + timedelta(minutes=1))


def test_a_head_is_missed_also_when_the_chain_has_grown_past_it_again(
    store: Store, sealer: Sealer, heads: HeadsFile, node_b: tuple[Sealer, HeadsFile]
) -> None:
    """A node that had not seen the last heads yet goes on sealing; the one that had seen them says so."""
    other, others_heads = node_b
    sealed(store, sealer, runs=1)
    other.run_once(NOW)
    write(store, 2, first=10)
    assert sealer.run_once(NOW) == 4
    tamper(
        store,
        "DELETE FROM content WHERE id IN (SELECT content_key_id FROM journal WHERE position > 4)",
        "DELETE FROM journal WHERE position > 4",
        "DELETE FROM journal_head WHERE position > 4",
    )
    write(store, 5, first=20)
    assert other.run_once(NOW + timedelta(minutes=1)) == 10
    with pytest.raises(JournalBehind, match="another row"):
        sealer.check()
    assert found(verify(store, heads)) == {(FindingKind.REWRITTEN, 8)}
    assert verify(store, others_heads).intact


def test_processes_of_one_node_write_every_head_once(store: Store, sealer: Sealer, heads: HeadsFile) -> None:
    others = [Sealer(store, sign, HeadsFile(heads.path), f"other {number}") for number in range(4)]
    for run in range(5):
        write(store, first=run)
        assert sealer.run_once(NOW) == 2
        # The file as each of them remembers it is older than what is in it now.
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda each: each.run_once(NOW), others)) == [None] * 4
    assert [head and head.position for head, _ in heads.read()] == [2, 4, 6, 8, 10]
    heads.path.write_bytes(b"")
    for each in others:
        each.run_once(NOW)
    assert [head and head.position for head, _ in heads.read()] == [10]


def test_clocks_that_differ_delay_a_takeover_and_never_let_two_seal_at_once(
    store: Store, sealer: Sealer, heads: HeadsFile, node_b: tuple[Sealer, HeadsFile]
) -> None:
    ahead, _ = node_b
    for turn in range(5):
        write(store, first=turn)
        # A clock that is ahead takes the lease at every turn; the chain stays one.
        assert sealer.run_once(NOW + timedelta(seconds=turn)) in (2, None)
        assert ahead.run_once(NOW + timedelta(minutes=5, seconds=turn)) in (2, 0)
    write(store, first=9)
    # It dies: the other one has to wait by as much longer as the clocks differ.
    assert sealer.run_once(NOW + timedelta(minutes=5, seconds=14)) is None
    assert sealer.run_once(NOW + timedelta(minutes=5, seconds=15)) == 2
    assert verify(store, heads).intact


def test_verifying_takes_longer_than_any_message_may(
    postgres_cluster: PostgresCluster, heads: HeadsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between reading the heads and the rows their signatures are looked at, minutes where there are many.
    monkeypatch.setitem(POSTGRESQL_SETTINGS, "idle_in_transaction_session_timeout", "100ms")
    with fresh_postgresql(postgres_cluster) as url:
        store = open_test_store(url)
        sealed(store, Sealer(store, sign, heads, "one"), runs=1)

        def slowly(data: bytes, signature: bytes) -> bool:
            time.sleep(0.5)
            return fits(data, signature)

        told: list[tuple[str, int]] = []
        monkeypatch.setattr("store.verify._TOLD_AFTER", 3)
        report = verify_journal(store, heads, slowly, NOW, lambda *step: told.append(step))
        store.close()
    assert (report.rows, report.intact) == (4, True)
    assert told == [("rows", 3), ("rows", 6)]


def test_a_transaction_that_the_server_ended_for_idling_was_cut_off(
    postgres_cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POSTGRESQL_SETTINGS, "idle_in_transaction_session_timeout", "100ms")
    with fresh_postgresql(postgres_cluster) as url:
        store = open_test_store(url)
        with pytest.raises(StoreUnavailable):
            idle(store)
        store.close()


def idle(store: Store) -> None:
    with store.read() as reader:
        reader.connection.execute(text("SELECT 1"))
        time.sleep(0.5)
        reader.connection.execute(text("SELECT 1"))
