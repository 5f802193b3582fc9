"""The UUIDs of records: of version 8, side by side, and known by computing them."""

import uuid

import pytest

from store.record_ids import is_computed, position_of, record_uuid, stem_for, stem_of

MANIFEST = "5E1F0000-0000-4000-8000-000000000001"
STEM = stem_for("dbs:000200", MANIFEST)


def test_they_are_uuids_of_version_8() -> None:
    for number in range(200):
        made = record_uuid(stem_for("dbs:000200", str(uuid.UUID(int=number))), number + 1)
        assert str(uuid.UUID(made)) == made
        assert (uuid.UUID(made).variant, uuid.UUID(made).version) == (uuid.RFC_4122, 8)


@pytest.mark.parametrize("position", [1, 255, 256, 1_000_000, 0xFFFFFFFF])
def test_delivery_and_position_are_read_out_of_them(position: int) -> None:
    made = record_uuid(STEM, position)
    assert (stem_of(made), position_of(made)) == (STEM, position)


def test_those_of_a_delivery_lie_side_by_side_in_the_order_of_the_file() -> None:
    made = [record_uuid(STEM, position) for position in (1, 9, 10, 99, 100, 65_536, 1_000_000)]
    assert made == sorted(made)


def test_the_stem_is_that_of_party_and_manifest_in_any_case() -> None:
    assert stem_for("dbs:000200", MANIFEST.lower()) == STEM
    others = {stem_for("dbs:000201", MANIFEST), stem_for("dbs:000200", MANIFEST.replace("1", "2")), STEM}
    assert len(others) == 3


@pytest.mark.parametrize("position", [0, -1, 1 << 32])
def test_there_is_no_record_at_such_a_position(position: int) -> None:
    with pytest.raises(ValueError, match="no position"):
        record_uuid(STEM, position)


def test_what_cannot_be_one_is_told_apart() -> None:
    made = record_uuid(STEM, 1)
    assert is_computed(made)
    others = (MANIFEST.lower(), made.upper(), made[:-1], f"{made}0", made.replace("-", ""), "", "x" * 36)
    assert not any(is_computed(each) for each in others)
