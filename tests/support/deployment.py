"""The example files of docs/deployment at work on this machine: ports and places replaced, nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.pki.build import Pki
from tests.support.nginx import client_files, wait_for_nginx
from tests.support.reference import PROJECT
from tests.support.server import free_port
from tests.support.tools import find_tool

DEPLOYMENT = PROJECT / "docs" / "deployment"
_AROUND = """
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/inge.conf;
}}
"""


def adapted(name: str, replaced: Mapping[str, str]) -> str:
    """An example file with some places of the example replaced; each of them has to be in it."""
    text = (DEPLOYMENT / name).read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


@dataclass
class Proxy:
    """The documented nginx, running."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def upstreams(self) -> Path:
        return self.folder / "upstreams.conf"

    def ask_nodes(self, ports: Sequence[int]) -> subprocess.CompletedProcess[str]:
        """Run the documented script that keeps the list of nodes, once."""
        nodes = [f"127.0.0.1:{port}" for port in ports]
        return subprocess.run(
            [str(DEPLOYMENT / "inge-upstreams"), str(self.upstreams), *nodes],
            env={**os.environ, "INGE_RELOAD": f"kill -HUP {self.process.pid}"},
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def documented_proxy(folder: Path, ports: Sequence[int], pki: Pki) -> Iterator[Proxy]:
    """The nginx of docs/deployment/nginx.conf before the nodes at some ports of this machine."""
    nginx = find_tool("nginx")
    find_tool("curl")
    folder.mkdir()
    client_files(folder, pki, "gateway", "server")
    (folder / "clients.pem").write_bytes(
        b"".join(path.read_bytes() for path in [*pki.anchors, *pki.intermediates])
    )
    port = free_port()
    text = adapted(
        "nginx.conf",
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "/etc/nginx/inge/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
        },
    )
    (folder / "inge.conf").write_text(text, encoding="utf-8")
    (folder / "upstreams.conf").write_text(
        "".join(f"server 127.0.0.1:{each} max_fails=0;\n" for each in ports)
    )
    whole = folder / "nginx.conf"
    whole.write_text(_AROUND.format(folder=folder))
    command = [nginx, "-c", str(whole), "-p", str(folder), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert (checked.returncode, re.findall(r"\[warn\].*", checked.stderr)) == (0, []), checked.stderr
    process = subprocess.Popen(command)
    try:
        wait_for_nginx(process, port, folder)
        yield Proxy(folder, port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
