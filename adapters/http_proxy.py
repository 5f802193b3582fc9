"""Who is at the other end: the peer itself, or what a configured trusted proxy says about it.

No Python ASGI server hands a TLS client certificate to the application; the proxy that ends TLS sends it
in a header (nginx: ``$ssl_client_escaped_cert``). From anyone else that header is dropped.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from adapters.http import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a request.

    `address` without port; `tls_fingerprint` the SHA-256 of its TLS client certificate in lower-case hex, as
    a trusted proxy reported it; `tls_unreadable` if such a header was there but held no certificate.
    """

    address: str
    tls_fingerprint: str | None = None
    tls_unreadable: bool = False


def peer_reader(proxies: Sequence[str], certificate_header: str) -> Callable[[Request], Peer]:
    """A function that tells the peer of a request.

    `proxies` are addresses or networks ("10.0.0.5", "fd00::/8") whose X-Forwarded-For and
    `certificate_header` are believed. Raises ValueError if one of them is no address.
    """
    networks = tuple(ipaddress.ip_network(proxy) for proxy in proxies)
    header = certificate_header.lower().encode("ascii")

    def read(request: Request) -> Peer:
        client = request.scope.get("client")
        address = client[0] if client else ""
        if not _is_trusted(address, networks):
            return Peer(address)
        address = _forwarded_for(request, networks) or address
        escaped = request.headers.get(header, b"")
        if not escaped:
            return Peer(address)
        fingerprint = _fingerprint(escaped)
        return Peer(address, fingerprint, tls_unreadable=fingerprint is None)

    return read


def _forwarded_for(request: Request, networks: Sequence[Network]) -> str | None:
    """The last address of X-Forwarded-For that is no trusted proxy; those after it cannot be forged."""
    hops = request.headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
    for hop in reversed([hop.strip() for hop in hops]):
        if not _is_address(hop):
            return None
        if not _is_trusted(hop, networks):
            return hop
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _is_trusted(address: str, networks: Sequence[Network]) -> bool:
    if not networks or not _is_address(address):
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in networks)


@lru_cache(maxsize=1024)
def _fingerprint(escaped: bytes) -> str | None:
    try:
        certificate = x509.load_pem_x509_certificate(unquote_to_bytes(escaped))
    except (ValueError, x509.InvalidVersion):
        return None
    return certificate.fingerprint(hashes.SHA256()).hex()
