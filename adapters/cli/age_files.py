"""Encrypted files in the format of age: written to recipients, read with an identity.

Who makes backups needs the recipients only, and cannot read what was made.
"""

from __future__ import annotations

import io
import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from adapters.cli.console import REFUSED, CommandError

if TYPE_CHECKING:
    from pyrage import x25519

_CHUNK = 1 << 16


def new_identity() -> tuple[str, str]:
    """Return a new identity, which is secret, and its recipient, which is not."""
    from pyrage import x25519

    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipients(texts: Iterable[str]) -> list[x25519.Recipient]:
    """Read recipients (`age1…`). Raises CommandError naming the one that is none."""
    from pyrage import RecipientError, x25519

    found = []
    for text in texts:
        try:
            found.append(x25519.Recipient.from_str(text))
        except RecipientError as error:
            raise CommandError(f"{text} is no recipient of age") from error
    return found


def identities(path: Path) -> list[x25519.Identity]:
    """Read the identities in a file, a line each. Raises CommandError, quoting nothing of it."""
    from pyrage import IdentityError, x25519

    try:
        lines = path.read_text(encoding="ascii").splitlines()
        found = [x25519.Identity.from_str(line.strip()) for line in lines if line.startswith("AGE-SECRET-")]
    except (OSError, UnicodeError, IdentityError) as error:
        raise CommandError(f"{path} cannot be read as a file of identities") from error
    if not found:
        raise CommandError(f"{path} holds no identity")
    return found


def encrypt_lines(lines: Iterable[bytes], path: Path, to: Sequence[x25519.Recipient]) -> int:
    """Write lines into a new file, compressed and encrypted, whole or not at all; out: its size in bytes.

    Raises FileExistsError when there is one, and what reading the lines raises.
    """
    import pyrage

    if path.exists():
        raise FileExistsError(f"{path} is there already")
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    source = _Source(_compressed(lines))
    try:
        with open(descriptor, "wb") as file:
            try:
                pyrage.encrypt_io(io.BufferedReader(source, _CHUNK), file, to)
            except OSError:
                # It passes on only that reading failed; why is what counts.
                if source.failure is not None:
                    raise source.failure from None
                raise
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        _sync(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path.stat().st_size


@contextmanager
def decrypted_lines(path: Path, by: Sequence[x25519.Identity]) -> Iterator[Iterator[bytes]]:
    """Give the lines of a file that `encrypt_lines` wrote.

    Leaving it without an error means that every byte read was authentic. Raises CommandError when no identity
    fits, or the file was changed or cut off.
    """
    reading, writing = os.pipe()
    failure: list[Exception] = []
    worker = threading.Thread(target=_decrypt, args=(path, writing, by, failure), daemon=True)
    worker.start()
    with open(reading, "rb", buffering=_CHUNK) as source:
        try:
            yield _split(source)
        except Exception as error:
            source.close()
            worker.join()
            if failure and not isinstance(failure[0], BrokenPipeError):
                raise _unreadable(path) from error
            raise
        while source.read(_CHUNK):
            pass
    worker.join()
    if failure:
        raise _unreadable(path) from failure[0]


class _Source(io.RawIOBase):
    """A stream over pieces of bytes that are made when they are asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.failure: Exception | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one piece goes."""
        try:
            while not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    return 0
                self._rest = piece
        except Exception as error:
            self.failure = error
            raise
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6)
    for line in lines:
        packed = packer.compress(line)
        if packed:
            yield packed
    yield packer.flush()


def _split(source: IO[bytes]) -> Iterator[bytes]:
    unpacker, rest = zlib.decompressobj(), b""
    while packed := source.read(_CHUNK):
        try:
            rest += unpacker.decompress(packed)
        except zlib.error as error:
            raise CommandError("the backup holds no compressed lines", exit_code=REFUSED) from error
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _decrypt(path: Path, writing: int, by: Sequence[x25519.Identity], failure: list[Exception]) -> None:
    import pyrage

    try:
        with open(writing, "wb") as target, path.open("rb") as file:
            pyrage.decrypt_io(file, target, by)
    except Exception as error:  # noqa: BLE001 - told by whoever reads the other end
        failure.append(error)


def _unreadable(path: Path) -> CommandError:
    return CommandError(f"{path} cannot be decrypted: another key, or not whole", exit_code=REFUSED)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
