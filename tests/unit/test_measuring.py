"""A measurement that lost one of its workers measures nothing, and must say so instead of waiting."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.office import NotMeasured, expect_all_working
from fixtures.demo.place import Place
from tests.support.pki import shared_pki


def test_a_worker_that_ended_is_told_with_the_last_it_logged(tmp_path: Path) -> None:
    place = Place(tmp_path, shared_pki(), 1)
    place.log.parent.mkdir(parents=True, exist_ok=True)
    place.log.write_text("first\nlast words\n", encoding="utf-8")
    processes = [subprocess.Popen(["sleep", "60"]) for _ in range(2)]
    try:
        expect_all_working(processes, place)
        processes[1].kill()
        processes[1].wait()
        with pytest.raises(NotMeasured, match="worker 2 of 2 ended by itself with -9") as told:
            expect_all_working(processes, place)
        assert str(told.value).endswith("last words")
    finally:
        for process in processes:
            process.kill()
            process.wait()
