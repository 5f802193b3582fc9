"""A throw-away PostgreSQL cluster from the system's binaries: unix socket, fsync on."""

import fcntl
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

REQUIRED = "INGE_REQUIRE_POSTGRESQL"
MINIMUM = 15
_SHORT_LIVED = """
autovacuum = off
checkpoint_timeout = 1h
jit = off
max_wal_senders = 0
wal_level = minimal
"""
"""Nothing that pays off on a cluster that lives for minutes."""
PORT = 5432
"""Only the name of the socket file; nothing listens on the network."""


def find_binaries() -> Path | None:
    """Return the folder of the newest server binaries on this machine (15 or later), or None."""
    found: list[tuple[int, Path]] = []
    for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        version = initdb.parent.parent.name
        if version.isdigit() and int(version) >= MINIMUM:
            found.append((int(version), initdb.parent))
    if found:
        return max(found)[1]
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def require_binaries() -> Path:
    """Return the folder of the binaries; skips the test without them, or fails it if they are demanded."""
    binaries = find_binaries()
    if binaries is None:
        reason = f"no PostgreSQL {MINIMUM}+ server binaries on this machine"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{reason}, and {REQUIRED}=1")
        pytest.skip(reason)
    return binaries


class PostgresCluster:
    """One cluster in a folder of its own; it can be stopped and started under the tests' hands."""

    def __init__(self, folder: Path, binaries: Path, port: int = PORT) -> None:
        self.folder = folder
        self.port = port
        self._binaries = binaries
        self._user = _server_user()

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.folder / "data"

    def create(self, *, durable: bool = True) -> None:
        """Make the cluster's files; the server process may not be root, so another user owns them then.

        Only tests that take the power away need a `durable` one; the others make and drop a database each.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, self._user)
        self.run(
            "initdb", "-D", str(self.data), "-U", "inge", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        settings = self.data / "postgresql.conf"
        sync = "on" if durable else "off"
        with settings.open("a", encoding="ascii") as file:
            file.write(
                "listen_addresses = ''\n"
                f"unix_socket_directories = '{self.folder}'\n"
                f"port = {self.port}\n"
                f"fsync = {sync}\nfull_page_writes = {sync}\nsynchronous_commit = on\n"
                "max_connections = 300\nshared_buffers = 64MB\nmax_wal_size = 1GB\n"
            )
            if not durable:
                file.write(_SHORT_LIVED)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = self.folder / "server.log"
        self.run("pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast` cuts the connections, `immediate` is a crash."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-m", mode, "stop")

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database of this cluster."""
        return f"postgresql+psycopg://inge@/{database}?host={self.folder}&port={self.port}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Return a connection of our own, in autocommit, for what a test does behind the store's back."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, user="inge", dbname=database, autocommit=True
        )

    def create_database(self, template: str = "template1") -> str:
        """Make a fresh database, a copy of the template; return its name."""
        name = f"t_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, also under open connections."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as the user that owns its files."""
        command = [str(self._binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self._user, "--", *command]
        # pg_ctl's server would inherit a pipe and never close it.
        out = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}")


@contextmanager
def shared_cluster(base: Path, prepare: Callable[[PostgresCluster], None]) -> Iterator[PostgresCluster]:
    """Give the one cluster of a test session: the first worker makes it, the last one takes it down.

    In: a folder common to the workers of a session, used for the lock and the count of users, and what the
    first worker does to the new cluster.
    """
    binaries = require_binaries()
    note = base / "postgresql.json"
    with _locked(base):
        state = json.loads(note.read_text()) if note.exists() else None
        if state is None:
            # A socket's path may have about 100 characters, and its folder must be open to the server's user.
            folder = Path(tempfile.mkdtemp(prefix="inge-pg-", dir="/tmp"))
            cluster = PostgresCluster(folder, binaries)
            cluster.create(durable=False)
            cluster.start()
            prepare(cluster)
            state = {"folder": str(folder), "users": 0}
        state["users"] += 1
        note.write_text(json.dumps(state))
    cluster = PostgresCluster(Path(state["folder"]), binaries)
    try:
        yield cluster
    finally:
        with _locked(base):
            state = json.loads(note.read_text())
            state["users"] -= 1
            if state["users"] > 0:
                note.write_text(json.dumps(state))
            else:
                note.unlink()
                cluster.stop("immediate")
                shutil.rmtree(cluster.folder)


@contextmanager
def own_cluster() -> Iterator[PostgresCluster]:
    """Give a cluster that only one test uses, and may stop and start."""
    cluster = PostgresCluster(Path(tempfile.mkdtemp(prefix="inge-pg-", dir="/tmp")), require_binaries())
    cluster.create()
    cluster.start()
    try:
        yield cluster
    finally:
        if (cluster.data / "postmaster.pid").exists():
            cluster.stop("immediate")
        shutil.rmtree(cluster.folder)


@contextmanager
def _locked(base: Path) -> Iterator[None]:
    with (base / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("neither a user postgres nor nobody to run the server as")
