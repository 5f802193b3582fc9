"""Files beside the store: a line is on the disk, and the file under its name, before anything rests on it."""

import os
from io import FileIO
from pathlib import Path


def open_lines(path: Path) -> FileIO:
    """Open a file to append lines to; a new one is on the disk under its name. Raises OSError."""
    try:
        return FileIO(os.open(path, os.O_RDWR | os.O_APPEND), "r+b")
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    file = FileIO(descriptor, "r+b")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return file


def append_lines(file: FileIO, lines: bytes) -> None:
    """Write whole lines at the end and wait until the disk has them.

    Raises OSError; then the beginning of the lines may be there, which the next ones do not continue.
    """
    size = os.fstat(file.fileno()).st_size
    # A line cut short by a crash must not swallow the next one.
    torn = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
    left = (b"\n" if torn else b"") + lines
    # A disk that is nearly full takes a part of it, and says so the next time only.
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
