"""Backups, restores and migrations that cannot be: each says why in a line, and leaves nothing behind."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.cli import age_files
from adapters.cli.console import REFUSED, USAGE
from store.migrate import migrate
from store.restores import RestoresFile
from tests.backup.conftest import Key, beside
from tests.support.cli import Ran, inge
from tests.support.server import Gateway, prepared


def gateway_on(folder: Path, url: str) -> Gateway:
    folder.mkdir(exist_ok=True)
    gateway = prepared(folder, url, furnished=False)
    gateway.write_configuration()
    return gateway


def ran(gateway: Gateway, *words: str | Path) -> Ran:
    """Run a command, which must not end in a traceback."""
    done = inge(*words, "--config", gateway.config)
    assert done.err.startswith("inge: "), done
    return done


@pytest.fixture
def made(store_url: str, key: Key, tmp_path: Path) -> Path:
    """A backup of an empty store."""
    file = tmp_path / "store.age"
    gateway = gateway_on(tmp_path / "made", store_url)
    done = inge("backup", file, "--to", key.recipient, "--config", gateway.config)
    assert done.code == 0, done.err
    return file


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_a_store_that_is_away(made: Path, key: Key, tmp_path: Path, where: str) -> None:
    away = f"sqlite:///{tmp_path}/unmounted/store.db"
    if where == "postgresql":
        away = "postgresql://nobody@127.0.0.1:1/nothing"
    gateway = gateway_on(tmp_path / "away", away)
    for words in (
        ("backup", tmp_path / "new.age", "--to", key.recipient),
        ("restore", made, "--identity", key.file),
        ("migrate",),
    ):
        assert ran(gateway, *words).code == REFUSED
    assert sorted(each.name for each in tmp_path.glob("*.age*")) == ["store.age"]


def test_a_store_of_another_revision(
    empty_url: Callable[[str], str], postgres_cluster: Any, key: Key, tmp_path: Path
) -> None:
    for engine in ("sqlite", "postgresql"):
        url = empty_url(engine)
        migrate(url, "0003")
        gateway = gateway_on(tmp_path / engine, url)
        refused = ran(gateway, "backup", tmp_path / "new.age", "--to", key.recipient)
        assert (refused.code, "run `inge migrate`" in refused.err) == (REFUSED, True)
    assert not list(tmp_path.glob("new.age*"))


def test_a_backup_makes_no_store(key: Key, tmp_path: Path) -> None:
    gateway = gateway_on(tmp_path / "none", f"sqlite:///{tmp_path}/store.db")
    refused = ran(gateway, "backup", tmp_path / "new.age", "--to", key.recipient)
    assert (refused.code, "no file" in refused.err) == (REFUSED, True)
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_backup_that_is_not_there(
    made: Path, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    gateway = gateway_on(tmp_path / "target", empty_url("sqlite"))
    missing = ran(gateway, "restore", tmp_path / "nothing.age", "--identity", key.file)
    assert (missing.code, "No such file" in missing.err) == (USAGE, True)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_file_of_restores_that_cannot_be_written_is_named(
    made: Path, key: Key, empty_url: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = gateway_on(tmp_path / "target", empty_url("sqlite"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(RestoresFile, "append", full)
        refused = ran(gateway, "restore", made, "--identity", key.file)
    assert "restores: No space left on device; nothing is restored" in refused.err
    done = inge("restore", made, "--identity", key.file, "--config", gateway.config)
    assert done.code == 0, done.err


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_file_that_ends_a_restore_is_named(
    made: Path, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    gateway = gateway_on(tmp_path / "target", empty_url("sqlite"))
    other = beside(gateway, gateway.store_url, tmp_path / "other")
    (other.folder.parent / "target" / "heads.jsonl.erasures").mkdir()
    refused = ran(other, "restore", made, "--identity", key.file)
    assert refused.code == REFUSED
    assert "heads.jsonl.erasures: Is a directory; the restore is not done" in refused.err


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_full_disk(store_url: str, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, _: Any) -> int:
            raise OSError(28, "No space left on device")

    def opened(descriptor: Any, mode: str = "r", *more: Any, **how: Any) -> Any:
        return Full(descriptor, mode) if mode == "wb" else open(descriptor, mode, *more, **how)

    monkeypatch.setattr(age_files, "open", opened, raising=False)
    gateway = gateway_on(tmp_path / "made", store_url)
    refused = ran(gateway, "backup", tmp_path / "new.age", "--to", key.recipient)
    assert (refused.code, "new.age: No space left on device" in refused.err) == (USAGE, True)
    assert not list(tmp_path.glob("new.age*"))


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_two_backups_at_once_into_one_file(store_url: str, key: Key, tmp_path: Path) -> None:
    gateway = gateway_on(tmp_path / "made", store_url)
    # As another backup leaves it while it writes.
    (tmp_path / "new.age.partial").write_bytes(b"half of a backup")
    refused = ran(gateway, "backup", tmp_path / "new.age", "--to", key.recipient)
    assert (refused.code, "another backup writes it" in refused.err) == (REFUSED, True)
    assert (tmp_path / "new.age.partial").read_bytes() == b"half of a backup"
