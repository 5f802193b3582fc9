"""The files beside the store, on a disk that has place for a part of a line only."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from store.erasures import ErasureLine, ErasuresFile
from store.heads import Head, HeadsFile
from store.restores import Restore, RestoresFile

ERASED = ErasureLine((1, 2), 1, date(2027, 5, 1), date(2032, 5, 2), "2032-05-02T03:00:00+00:00")
RESTORED = Restore("2026-11-26T12:00:00+00:00", "2026-11-25T12:00:00+00:00", 2)


@contextmanager
def place_for(octets: int) -> Iterator[None]:
    """Let no file of this process become larger; the system writes what still fits, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_erasure_that_was_told_in_part_was_not_told(tmp_path: Path) -> None:
    file = ErasuresFile(tmp_path / "erasures.jsonl")
    file.append([ERASED])
    with place_for(file.path.stat().st_size + 20), pytest.raises(OSError, match="too large"):
        file.append([ERASED])
    file.append([ERASED])
    assert list(file.read()) == [ERASED, None, ERASED]
    assert file.path.stat().st_mode & 0o777 == 0o640


def test_a_restore_that_was_told_in_part_was_not_told(tmp_path: Path) -> None:
    file = RestoresFile(tmp_path / "restores.jsonl")
    file.append(RESTORED)
    assert file.last_epoch() == 2
    with place_for(file.path.stat().st_size + 20), pytest.raises(OSError, match="too large"):
        file.append(RESTORED)


def test_a_head_that_was_written_in_part_is_written_again(tmp_path: Path) -> None:
    file = HeadsFile(tmp_path / "heads.jsonl")
    heads = [Head(each, bytes(32), datetime(2026, 11, 26, tzinfo=UTC), b"signed") for each in (1, 2)]
    file.append(heads[:1])
    with place_for(file.path.stat().st_size + 20), pytest.raises(OSError, match="too large"):
        file.append(heads)
    assert file.last_position() == 1
    file.append(heads)
    assert [head for head, _ in file.read()] == [heads[0], None, heads[1]]
