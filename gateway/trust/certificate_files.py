"""Certificates and revocation lists as the operator lays them down: files or folders, PEM or DER."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509

_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der", ".crl"})

Snapshot = tuple[tuple[str, int, int, int], ...]
"""Path, time of change in ns, size and inode of every file: differs once any of them was rewritten."""


class TrustFileError(Exception):
    """A configured file or folder is missing or holds something else than it should. Names it."""


def read_certificates(places: Sequence[Path]) -> tuple[x509.Certificate, ...]:
    """Read all certificates of the given files and folders. Raises TrustFileError."""
    found: list[x509.Certificate] = []
    for path in _files(places):
        content = _content(path)
        try:
            if content.lstrip().startswith(b"-----"):
                found += x509.load_pem_x509_certificates(content)
            else:
                found.append(x509.load_der_x509_certificate(content))
        except (ValueError, x509.InvalidVersion) as error:
            raise TrustFileError(f"{path}: holds no X.509 certificate in PEM or DER") from error
    return tuple(found)


def read_revocation_lists(places: Sequence[Path]) -> tuple[x509.CertificateRevocationList, ...]:
    """Read all CRLs of the given files and folders, one per file. Raises TrustFileError."""
    found: list[x509.CertificateRevocationList] = []
    for path in _files(places):
        content = _content(path)
        try:
            if content.lstrip().startswith(b"-----"):
                found.append(x509.load_pem_x509_crl(content))
            else:
                found.append(x509.load_der_x509_crl(content))
        except ValueError as error:
            raise TrustFileError(f"{path}: holds no certificate revocation list in PEM or DER") from error
    return tuple(found)


def take_snapshot(places: Sequence[Path]) -> Snapshot:
    """Return what tells whether `places` changed, without reading them. Raises TrustFileError."""
    states = []
    for path in _files(places):
        try:
            state = path.stat()
        except OSError as error:
            raise TrustFileError(f"{path}: {error.strerror}") from error
        states.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(states)


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if not place.is_dir():
            yield place
            continue
        try:
            yield from sorted(path for path in place.iterdir() if path.suffix.lower() in _SUFFIXES)
        except OSError as error:
            raise TrustFileError(f"{place}: {error.strerror}") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrustFileError(f"{path}: {error.strerror}") from error
