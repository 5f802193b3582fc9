"""The TLS client certificate through a real nginx as proxy; from anyone else the header is dropped."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.door.test_http import fault_code
from tests.door.test_messages import sealed, somebody
from tests.support.nginx import client_files, tls_proxy
from tests.support.server import Gateway, octets, running
from tests.support.stores import fresh_sqlite

TEXT_XML = {"Content-Type": "text/xml"}


def start(folder: Path, template: Path, **http: object) -> Iterator[Gateway]:
    with running(folder, fresh_sqlite(folder, template), http={"workers": 1, **http}) as gateway:
        yield gateway


@pytest.fixture
def trusting(tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    yield from start(tmp_path, sqlite_template, trusted_proxies=["127.0.0.1"])


@pytest.fixture
def matching(tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    yield from start(
        tmp_path, sqlite_template, trusted_proxies=["127.0.0.1"], client_certificate_must_match=True
    )


@pytest.fixture
def distrusting(tmp_path: Path, sqlite_template: Path) -> Iterator[Gateway]:
    yield from start(tmp_path, sqlite_template)


def fingerprint(gateway: Gateway, holder: str) -> str:
    return gateway.pki.certificate(holder).fingerprint(hashes.SHA256()).hex()


def post(
    address: str, folder: Path, gateway: Gateway, holder: str, signer: str, **headers: str
) -> requests.Response:
    """Through the proxy, with the TLS certificate of one holder and the message signed by another."""
    with requests.Session() as session:
        session.cert = client_files(folder, gateway.pki, holder, f"client-{holder}")
        body = sealed(gateway, octets(somebody(signer)), signer)
        return session.post(
            f"{address}/soap", data=body, headers={**TEXT_XML, **headers}, timeout=60, verify=False
        )


def last_tls(gateway: Gateway) -> object:
    return gateway.events("message")[-1]["tls"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_certificate_reaches_the_application(trusting: Gateway, tmp_path: Path) -> None:
    with tls_proxy(tmp_path / "nginx", trusting.port, trusting.pki) as address:
        assert post(address, tmp_path, trusting, "abh1", "abh1").status_code == 200
        assert last_tls(trusting) == fingerprint(trusting, "abh1")
        # What a client claims in the header is overwritten by the proxy.
        forged = quote(trusting.pki.certificate("abh1").public_bytes(Encoding.PEM))
        answer = post(address, tmp_path, trusting, "abh2", "abh2", **{"X-SSL-Client-Cert": forged})
        assert answer.status_code == 200
        assert last_tls(trusting) == fingerprint(trusting, "abh2")
        # A data centre may carry the messages of others, unless the operator says otherwise.
        assert post(address, tmp_path, trusting, "abh2", "abh1").status_code == 200


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_without_a_client_certificate_the_proxy_lets_nobody_in(trusting: Gateway, tmp_path: Path) -> None:
    with tls_proxy(tmp_path / "nginx", trusting.port, trusting.pki) as address:
        response = requests.get(f"{address}/healthz", verify=False, timeout=30)
        assert response.status_code == 400
        assert b"No required SSL certificate" in response.content


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_signer_and_connection_may_have_to_match(matching: Gateway, tmp_path: Path) -> None:
    with tls_proxy(tmp_path / "nginx", matching.port, matching.pki) as address:
        assert post(address, tmp_path, matching, "abh1", "abh1").status_code == 200
        other = post(address, tmp_path, matching, "abh2", "abh1")
        assert (other.status_code, fault_code(other)) == (500, "T070.transport-identity")
    # Past the proxy there is no certificate at all.
    direct = matching.post(sealed(matching, octets(somebody())))
    assert fault_code(direct) == "T070.transport-identity"


def test_the_header_from_anyone_else_is_dropped(distrusting: Gateway) -> None:
    forged = quote(distrusting.pki.certificate("abh1").public_bytes(Encoding.PEM))
    headers = {"X-SSL-Client-Cert": forged, "X-Forwarded-For": "203.0.113.7"}
    assert distrusting.post(sealed(distrusting, octets(somebody())), headers).status_code == 200
    assert last_tls(distrusting) is None
