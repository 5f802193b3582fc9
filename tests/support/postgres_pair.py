"""PostgreSQL as docs/deployment sets it up: primary and synchronous standby, TLS, passwords, three roles."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.deployment import DEPLOYMENT, adapted
from tests.support.postgres import PostgresCluster, require_binaries
from tests.support.server import free_port

PASSWORD = "of all roles of this test"
_SIZES = {
    "shared_buffers = 4GB": "shared_buffers = 64MB",
    "effective_cache_size = 10GB": "effective_cache_size = 256MB",
    "max_wal_size = 8GB": "max_wal_size = 256MB",
    "max_slot_wal_keep_size = 32GB": "max_slot_wal_keep_size = 256MB",
}


class Pair:
    """Two clusters; `primary` is the one that takes writes at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        binaries = require_binaries()
        self.primary = PostgresCluster(folder / "one", binaries, free_port())
        self.standby = PostgresCluster(folder / "two", binaries, free_port())
        self.authority = folder / "ca.pem"
        self.archive = folder / "wal"

    def url(self, role: str) -> str:
        """The address of docs/deployment/inge-node.toml at this machine's ports; password by PGPASSWORD."""
        return (
            f"postgresql://{role}@/inge?host=127.0.0.1:{self.primary.port}&host=127.0.0.1:{self.standby.port}"
            f"&target_session_attrs=primary&sslmode=verify-full&sslrootcert={self.authority}"
        )

    def connect(self, role: str) -> psycopg.Connection:
        """A connection of a role to the primary, over TLS."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.primary.port,
            user=role,
            dbname="inge",
            sslmode="verify-full",
            sslrootcert=str(self.authority),
        )

    def start(self) -> None:
        """Make and start both; roles, database and standby as the page says."""
        self.folder.chmod(0o755)
        self.primary.create()
        self._furnish()
        self.primary.start()
        self.psql(self.primary, "-f", str(DEPLOYMENT / "roles.sql"))
        for role in ("inge_owner", "inge_app", "inge_reader"):
            self.psql(self.primary, "-c", f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
        self.psql(self.primary, "-c", f"CREATE ROLE inge_standby LOGIN REPLICATION PASSWORD '{PASSWORD}'")
        self._follow()

    def fail_over(self) -> None:
        """Crash the primary, and let the standby take its place, alone for now."""
        self.primary.stop("immediate")
        self.standby.run("pg_ctl", "-D", str(self.standby.data), "-w", "promote")
        self.psql(self.standby, "-c", "ALTER SYSTEM SET synchronous_standby_names = ''")
        self.psql(self.standby, "-c", "SELECT pg_reload_conf()")

    def psql(self, cluster: PostgresCluster, *arguments: str) -> None:
        """As the superuser, without waiting for a standby that does not follow yet."""
        self._psql(str(cluster.folder), cluster.port, "inge", "postgres", *arguments)

    def psql_as_owner(self, *arguments: str) -> None:
        """As the role that migrates, over TLS."""
        self._psql("127.0.0.1", self.primary.port, "inge_owner", "inge", *arguments)

    def stop(self) -> None:
        """Stop whatever runs."""
        for cluster in (self.primary, self.standby):
            if (cluster.data / "postmaster.pid").exists():
                cluster.stop("immediate")

    def _psql(self, host: str, port: int, role: str, database: str, *arguments: str) -> None:
        done = subprocess.run(
            [
                "psql",
                "-Xqv",
                "ON_ERROR_STOP=1",
                "-h",
                host,
                "-p",
                str(port),
                "-U",
                role,
                *arguments,
                database,
            ],
            env={**os.environ, "PGOPTIONS": "-c synchronous_commit=local", "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _furnish(self) -> None:
        data, user = self.primary.data, self.primary.data.stat().st_uid
        self.archive.mkdir()
        key, certificate = _server_certificate()
        self.authority.write_bytes(certificate)
        for name, content in (("server.key", key), ("server.crt", certificate)):
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
            os.chown(data / name, user, -1)
        os.chown(self.archive, user, -1)
        text = adapted("postgresql.conf", {**_SIZES, "/var/backups/wal": str(self.archive)})
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"{text}\nlisten_addresses = '127.0.0.1'\n")
        places = {f"10.0.0.{each}/32": "127.0.0.1/32" for each in (11, 12, 21, 22, 23)}
        (local,) = re.findall("^local .*$", (DEPLOYMENT / "pg_hba.conf").read_text(encoding="utf-8"), re.M)
        (data / "pg_hba.conf").write_text(
            adapted("pg_hba.conf", {**places, local: "local all inge trust"}), encoding="utf-8"
        )

    def _follow(self) -> None:
        self.standby.folder.mkdir(mode=0o700)
        os.chown(self.standby.folder, self.primary.data.stat().st_uid, -1)
        source = (
            f"host=127.0.0.1 port={self.primary.port} user=inge_standby password='{PASSWORD}'"
            f" sslmode=verify-full sslrootcert={self.authority} application_name=inge_standby_1"
        )
        self.standby.run(
            "pg_basebackup", "-D", str(self.standby.data), "-R", "-X", "stream", "-c", "fast", "-d", source
        )
        with (self.standby.data / "postgresql.conf").open("a", encoding="ascii") as file:
            file.write(f"port = {self.standby.port}\nunix_socket_directories = '{self.standby.folder}'\n")
        self.standby.start()


@contextmanager
def documented_pair() -> Iterator[Pair]:
    """Give the pair, running, with the roles of roles.sql; removed afterwards."""
    require_binaries()
    folder = Path(tempfile.mkdtemp(prefix="inge-pg-", dir="/tmp"))
    pair = Pair(folder)
    try:
        pair.start()
        yield pair
    finally:
        pair.stop()
        shutil.rmtree(folder)


def _server_certificate() -> tuple[bytes, bytes]:
    """Key and certificate for this machine's own address, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PostgreSQL of a test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    ).add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )
