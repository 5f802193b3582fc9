"""A gateway at work, a key for backups, and empty stores to restore into."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import inge
from tests.support.postgres import PostgresCluster
from tests.support.server import Gateway, prepared


@dataclass(frozen=True)
class Key:
    """The pair of a backup: the file of the identity, and the recipient."""

    file: Path
    recipient: str


@pytest.fixture
def key(tmp_path: Path) -> Key:
    file = tmp_path / "backup.identity"
    made = inge("backup-key", file, "--json")
    assert made.code == 0, made.err
    return Key(file, made.json["recipient"])


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Make the address of an empty database, without tables, of an engine."""
    with ExitStack() as stack:

        def make(engine: str) -> str:
            if engine == "sqlite":
                folder = tmp_path / f"empty{len(list(tmp_path.glob('empty*')))}"
                folder.mkdir()
                return f"sqlite:///{folder}/store.db"
            cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
            name = cluster.create_database()
            stack.callback(cluster.drop_database, name)
            return cluster.url(name)

        yield make


def beside(gateway: Gateway, url: str, folder: Path) -> Gateway:
    """The same gateway, with its keys and heads, on another store; not started."""
    folder.mkdir()
    heads = gateway.folder / "heads.jsonl"
    other = prepared(folder, url, furnished=False, journal={"heads_file": str(heads)})
    other.write_configuration()
    return other
