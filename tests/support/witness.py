"""Witnesses of what must not happen: a file opened by anybody, also in C; a connection made to a port."""

import ctypes
import os
import select
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_OPEN = 0x20
_IN_ACCESS = 0x01


class FileWitness:
    """Sees every opening and reading below a folder while it watches, by inotify(7)."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        if libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _IN_OPEN | _IN_ACCESS) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def saw_something(self) -> bool:
        """Return whether anything was opened or read since the last question."""
        readable, _, _ = select.select([self._descriptor], [], [], 0)
        if readable:
            os.read(self._descriptor, 1 << 16)
        return bool(readable)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


class PortWitness:
    """Listens on a port of this machine and sees every connection made to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def saw_something(self) -> bool:
        """Return whether anybody connected since the last question."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        if readable:
            self._socket.accept()[0].close()
        return bool(readable)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
