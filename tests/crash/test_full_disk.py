"""A disk gets full under the acceptance store: nothing that was promised is lost, others come again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.away import furnished
from tests.support.stores import fresh_sqlite, open_test_store

MOUNT = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"'
IN_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", MOUNT, "sh")


def with_disk(size: str, disk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command for which a folder is a disk of so many octets."""
    disk.mkdir(exist_ok=True)
    return subprocess.run(
        [*IN_OWN_MOUNTS, size, str(disk), *command], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    if shutil.which("unshare") is None or with_disk("1m", folder, "true").returncode != 0:
        pytest.skip("this machine lets nobody mount a disk of their own (unshare --user --mount)")
    return folder


@pytest.mark.parametrize(
    ("size", "stays_free", "count"), [("1m", 0, 300), ("3m", 0, 300), ("10m", 7 << 20, 1000)]
)
def test_what_was_promised_outlives_a_full_disk(
    disk: Path, tmp_path: Path, sqlite_template: Path, size: str, stays_free: int, count: int
) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    store = open_test_store(url)
    core = furnished(store, tmp_path)
    core.kept.close()
    store.close()
    child = (sys.executable, "-m", "tests.crash.full_disk_child")
    places = (url, str(core.pki.directory), str(disk), str(tmp_path))
    ran = with_disk(size, disk, *child, *places, "64m", str(stays_free), str(count))
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["refused"] == ["T200.no-room"] * 3
    assert told["promised"] > 0
    assert (told["again"], told["in the core"], told["waiting"]) == (True, True, False), told
    # What has to stay free is what draining needs: without it the disk has to be made larger first.
    drained = [f"drained: {told['promised']}"]
    assert told["drained"] == (drained if stays_free else ["StoreFull", *drained])


def test_a_full_disk_under_the_spool_folder_is_told_the_same_way(
    disk: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    """The core store is there; a delivery that fits is taken in afterwards."""
    url = fresh_sqlite(tmp_path, sqlite_template)
    child = (sys.executable, "-m", "tests.crash.full_spool_child")
    ran = with_disk("64k", disk, *child, url, str(tmp_path), str(disk))
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [[503, "T200.no-room", True, "300"], "angenommen"]
