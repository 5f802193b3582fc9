"""The body of a delivery as a sender posts it (RFC 7578): the manifest, then the file, read as it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

Told = Callable[[int, int], None]
"""Called with how many octets were sent, and how many there are."""

_BLOCK: Final = 256 * 1024
_PART: Final = (
    'Content-Disposition: form-data; name="{0}"; filename="{0}.xml"\r\nContent-Type: application/xml\r\n\r\n'
)


class DeliveryBody:
    """A body with a known length that `requests` streams; a context manager that holds the file open."""

    def __init__(self, manifest: bytes, file: Path, told: Told | None = None) -> None:
        """Raises OSError if the file cannot be read."""
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        first, second = (f"--{boundary}\r\n{_PART.format(name)}".encode() for name in ("manifest", "records"))
        self._head = b"".join((first, manifest, b"\r\n", second))
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file: IO[bytes] = file.open("rb")
        self._length = len(self._head) + file.stat().st_size + len(self._tail)
        self._told = told
        self._blocks = self._pieces()
        self._left = b""

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def __enter__(self) -> DeliveryBody:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = _BLOCK) -> bytes:
        """Return the next octets, at most `size`; nothing at the end."""
        if not self._left:
            self._left = next(self._blocks, b"")
        block, self._left = self._left[:size], self._left[size:]
        return block

    def _pieces(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._plain():
            yield piece
            sent += len(piece)
            if self._told is not None:
                self._told(sent, self._length)

    def _plain(self) -> Iterator[bytes]:
        yield self._head
        while block := self._file.read(_BLOCK):
            yield block
        yield self._tail
