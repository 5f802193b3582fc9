"""A real gateway for tests: several worker processes behind a port of this machine, on a given store."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import requests
from lxml import etree

import fixtures.pki
from adapters.client import Client, GatewayTrust, RetryPolicy
from fixtures import persons
from fixtures.pki.build import Pki, build_pki
from messages.frame import Message
from messages.registry import build
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.processes import Program
from tests.support.stores import MASTER_KEY, open_test_store

ONCE = RetryPolicy(attempts=1)
START_SECONDS = 60
SERVER = "adapters.server"


@dataclass
class Gateway:
    """A running gateway. `settings` are the tables of its inge.toml, by section; `entry` is the module whose
    `serve` runs it."""

    folder: Path
    store_url: str
    settings: dict[str, dict[str, Any]]
    pki: Pki = field(default_factory=shared_pki)
    process: Program | None = None
    entry: str = SERVER

    @property
    def port(self) -> int:
        return int(self.settings["http"]["port"])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def soap(self) -> str:
        return f"{self.base}/soap"

    @property
    def log_path(self) -> Path:
        return self.folder / "gateway.log"

    @property
    def config(self) -> Path:
        return self.folder / "inge.toml"

    def write_configuration(self) -> None:
        """Write the settings down, for a start or for a command."""
        self.config.write_text(_toml(self.settings), encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until every worker process has begun and the port is open."""
        self.write_configuration()
        self.process = Program(f"{self.entry}.serve", self.config, log=self.log_path, folder=self.folder)
        workers = self.settings["http"]["workers"]
        already = len(self.events("ready"))
        deadline = time.monotonic() + START_SECONDS
        while len(self.events("ready")) - already < workers:
            assert self.process.poll() is None, self.log_path.read_text()
            assert time.monotonic() < deadline, self.log_path.read_text()
            time.sleep(0.05)
        # A worker says it is ready from within its application; the server listens a moment later.
        while not self._listens():
            assert time.monotonic() < deadline, self.log_path.read_text()
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()

    def kill(self) -> None:
        """SIGKILL to everything at once: nobody can finish anything."""
        assert self.process is not None
        pids = [self.process.pid, *self.workers()]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        while any(_runs(pid) for pid in pids):
            time.sleep(0.01)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines about an event, oldest first."""
        if not self.log_path.exists():
            return []
        lines = [line for line in self.log_path.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]
        return [entry for entry in map(json.loads, lines) if entry["event"] == name]

    def client(self, holder: str = "abh1", **options: Any) -> Client:
        """The bundled client of one of the agencies; sends once unless told otherwise."""
        trust = GatewayTrust([self.pki.certificate("gateway"), self.pki.certificate("second-gateway")])
        return Client(self.soap, self.pki.key(holder), trust, **{"retry": ONCE, **options})

    def get(self, path: str) -> requests.Response:
        return requests.get(self.base + path, timeout=30)

    def post(
        self, body: bytes, headers: Mapping[str, str | None] | None = None, version: str = "1.1"
    ) -> requests.Response:
        """Hand-made bytes."""
        usual = {"Content-Type": "text/xml" if version == "1.1" else "application/soap+xml"}
        return requests.post(self.soap, data=body, headers={**usual, **(headers or {})}, timeout=60)


@contextmanager
def running(
    folder: Path, store_url: str, *, furnished: bool = True, entry: str = SERVER, **sections: dict[str, Any]
) -> Iterator[Gateway]:
    """A gateway with two workers on a migrated store; `sections` change its inge.toml."""
    gateway = prepared(folder, store_url, furnished=furnished, **sections)
    gateway.entry = entry
    gateway.start()
    try:
        yield gateway
    finally:
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.kill()


def prepared(folder: Path, store_url: str, *, furnished: bool = True, **sections: dict[str, Any]) -> Gateway:
    """The same, not started yet."""
    pki = live_pki()
    if furnished:
        store = open_test_store(store_url)
        furnish(store, pki)
        store.close()
    for name, content in (("master.key", MASTER_KEY.hex()), ("number.key", "2b" * 32)):
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)
    settings: dict[str, dict[str, Any]] = {
        "environment": {"name": "test"},
        "gateway": {
            "kennung": persons.BAMF.kennung,
            "name": persons.BAMF.name,
            "street": "Frankenstraße",
            "house_number": "210",
            "postcode": "90461",
            "city": "Nürnberg",
            "email": "gateway@bamf.example",
        },
        "keys": {
            "signing": pki.p12("gateway"),
            "signing_ecdsa": pki.p12("second-gateway"),
            "signing_password": pki.password,
            "master_key_file": "master.key",
            "number_key_file": "number.key",
        },
        "trust": {"anchors": pki.anchors, "intermediates": pki.intermediates, "crls": pki.crls},
        "store": {"url": store_url},
        "journal": {"heads_file": "heads.jsonl"},
        "http": {"port": free_port(), "workers": 2, "drain_seconds": 20},
    }
    for name, changes in sections.items():
        settings.setdefault(name, {}).update(changes)
    return Gateway(folder, store_url, settings, pki)


@cache
def live_pki() -> Pki:
    """The test PKI, valid now: a gateway in a process of its own has the real clock."""
    folder = shared_pki().directory.parent / "live"
    return build_pki(Path(fixtures.pki.__file__).with_name("test.toml"), folder, datetime.now(UTC))


def free_port() -> int:
    """A port nobody listens on at this moment, outside the range outgoing connections take theirs from."""
    while True:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def octets(message: Message) -> bytes:
    """A message as bytes, without envelope."""
    return etree.tostring(build(message))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _toml(settings: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for section, table in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {_toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    if isinstance(value, dict):
        entries = (
            f"{json.dumps(key, ensure_ascii=False)} = {_toml_value(each)}" for key, each in value.items()
        )
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
