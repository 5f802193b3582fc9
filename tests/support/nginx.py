"""A real nginx in front of a gateway: ends TLS with client certificates and passes them on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from fixtures.pki.build import Pki
from tests.support.server import free_port
from tests.support.tools import find_tool

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        ssl_client_certificate {folder}/clients.pem;
        ssl_verify_client on;
        ssl_verify_depth 2;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
        }}
    }}
}}
"""


@contextmanager
def tls_proxy(folder: Path, upstream: int, pki: Pki) -> Iterator[str]:
    """An nginx before the port `upstream`; out: its https address. Clients need a certificate of the PKI."""
    nginx = find_tool("nginx")
    folder.mkdir()
    client_files(folder, pki, "gateway", "server")
    trusted = [*pki.anchors, *pki.intermediates]
    (folder / "clients.pem").write_bytes(b"".join(path.read_bytes() for path in trusted))
    port = free_port()
    settings = _CONFIGURATION.format(folder=folder, port=port, upstream=upstream)
    (folder / "nginx.conf").write_text(settings)
    command = [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        wait_for_nginx(process, port, folder)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def client_files(folder: Path, pki: Pki, holder: str, name: str) -> tuple[str, str]:
    """Certificate (with its issuer) and key of a holder as PEM files, as TLS tools want them."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        pkcs12,
    )

    content = pkcs12.load_pkcs12(pki.p12(holder).read_bytes(), pki.password.encode())
    assert content.key is not None
    assert content.cert is not None
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain = [content.cert.certificate, *(each.certificate for each in content.additional_certs)]
    certificate.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
    key.write_bytes(content.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(certificate), str(key)


def wait_for_nginx(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"nginx did not start: {(folder / 'error.log').read_text()}")
