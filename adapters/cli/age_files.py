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

    Raises FileExistsError when there is one, or somebody is writing it; what reading the lines raises;
    OSError.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise FileExistsError(
            f"{partial} is there: another backup writes it, or one was cut short and it can be removed"
        ) from error
    try:
        with open(descriptor, "wb") as file:
            # Only now: whoever wrote it until a moment ago has given it its name.
            if path.exists():
                raise FileExistsError(f"{path} is there already")
            _encrypt(lines, file, to)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        _sync(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path.stat().st_size


def _encrypt(lines: Iterable[bytes], file: IO[bytes], to: Sequence[x25519.Recipient]) -> None:
    import pyrage

    source, sink = _Source(_compressed(lines)), _Sink(file)
    try:
        pyrage.encrypt_io(io.BufferedReader(source, _CHUNK), sink, to)
    except (OSError, pyrage.EncryptError):
        # It passes on only that reading or writing failed; why is what counts.
        failure = source.failure or sink.failure
        if failure is not None:
            raise failure from None
        raise
    # It says nothing of the last bytes that it could not write.
    if sink.failure is not None:
        raise sink.failure


@contextmanager
def decrypted_lines(path: Path, by: Sequence[x25519.Identity]) -> Iterator[Iterator[bytes]]:
    """Give the lines of a file that `encrypt_lines` wrote.

    Leaving it without an error means that every byte read was authentic. Raises CommandError when no identity
    fits, or the file was changed or cut off, and OSError when it cannot be opened.
    """
    encrypted = path.open("rb")
    reading, writing = os.pipe()
    failure: list[Exception] = []
    worker = threading.Thread(target=_decrypt, args=(encrypted, writing, by, failure), daemon=True)
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


class _Sink(io.RawIOBase):
    """Writes into a file, and remembers why it could not."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.failure: Exception | None = None

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, octets: Any) -> int:
        """Write all of it."""
        try:
            return self._file.write(octets)
        except Exception as error:
            self.failure = error
            raise


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


def _decrypt(
    encrypted: IO[bytes], writing: int, by: Sequence[x25519.Identity], failure: list[Exception]
) -> None:
    import pyrage

    try:
        with open(writing, "wb") as target, encrypted:
            pyrage.decrypt_io(encrypted, target, by)
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
