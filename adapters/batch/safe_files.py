"""Files that are there whole or not at all, and stay after a crash."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """Give a file to write beside its place, and put it there when it is safe on the disk.

    After an error nothing is there that was not before. Raises OSError.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def is_plain_name(name: str) -> bool:
    """Tell whether a name stays in the folder it is put into, on every system."""
    return name not in {"", ".", ".."} and not any(each in name for each in ("/", "\\", "\0", ":"))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files; a system that cannot does it by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
