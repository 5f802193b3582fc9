"""Records go into a chunk and come out of it as they were."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batch.packing import pack, unpack


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_records_come_back_as_they_were(records: list[bytes]) -> None:
    assert unpack(pack(records)) == tuple(records)


@pytest.mark.parametrize("octets", [b"\x01", b"\x05\x00\x00\x00abc"])
def test_what_is_cut_off_is_not_taken_for_records(octets: bytes) -> None:
    with pytest.raises(ValueError, match="a record"):
        unpack(zlib.compress(octets))


def test_alike_records_need_little() -> None:
    record = b"<bva:BVABAMF.Bescheinigung.200002>" + b"<a>text</a>" * 100
    assert len(pack([record] * 50)) < 50 * len(record) / 10
