"""The row hash: whatever changes in a row changes its hash, and nothing else does."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from store.journal import HASHED, chain_hash, row_hash
from tests.support.ring import scale

FIELD = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=8),
)
ROW = st.lists(FIELD, min_size=len(HASHED), max_size=len(HASHED))


@settings(max_examples=scale(200, 5000))
@given(ROW, ROW)
def test_rows_that_differ_have_different_hashes(one: list[object], other: list[object]) -> None:
    # Bytes are written as hex, so a text of the same digits stands for them; a column has one type.
    def plain(row: list[object]) -> list[object]:
        return [value.hex() if isinstance(value, bytes) else value for value in row]

    assert (row_hash(one) == row_hash(other)) == (plain(one) == plain(other))


@settings(max_examples=scale(100, 2000))
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    st.integers(-720, 720),
)
def test_the_same_moment_in_another_zone_has_the_same_hash(at: datetime, minutes: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert row_hash([1, at]) == row_hash([1, elsewhere])
    assert row_hash([1, at]) != row_hash([1, at + timedelta(microseconds=1)])


@settings(max_examples=scale(100, 2000))
@given(st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=6, unique=True), st.data())
def test_a_chain_over_rows_in_another_order_ends_elsewhere(rows: list[bytes], data: st.DataObject) -> None:
    other = data.draw(st.permutations(rows))

    def end(order: list[bytes]) -> bytes:
        chain = bytes(32)
        for position, row in enumerate(order, start=1):
            chain = chain_hash(chain, position, row)
        return chain

    assert (end(rows) == end(other)) == (rows == other)
