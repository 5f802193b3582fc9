"""Files that are there whole or not at all, and stay after a crash."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import IO, Final

_LONGEST_NAME: Final = 255
"""In octets: NAME_MAX of the usual file systems."""


@contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """Give a file to write beside its place, and put it there when it is safe on the disk.

    After an error nothing is there that was not before; what a killed process left of it goes. Raises
    OSError.
    """
    for left in target.parent.glob(f"{escape(target.name)}.*.part"):
        left.unlink(missing_ok=True)
    # A file of its own that is made here: never one that somebody else is writing, or laid a link to.
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def plain_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading; what a link leads to is not ours, and nothing else is waited for.

    Raises OSError.
    """
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    descriptor = os.open(path, os.O_RDONLY | sum(flags))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def is_plain_name(name: str) -> bool:
    """Tell whether a file of this name can lie in a folder, and in no other, on every system."""
    is_short = len(name.encode()) <= _LONGEST_NAME
    return (
        is_short and name not in {"", ".", ".."} and not any(each in name for each in ("/", "\\", "\0", ":"))
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files; a system that cannot does it by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
