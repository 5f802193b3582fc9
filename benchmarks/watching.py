"""Memory of processes while they work, as the kernel counts it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Memory:
    """The largest resident size seen, in MiB, by what `phase` was when it was looked at."""

    def __init__(self) -> None:
        self.phase = ""
        self.peaks: dict[str, float] = {}

    def see(self, pids: Iterable[int]) -> None:
        """Look at processes once; those that ended are passed over."""
        for pid in pids:
            size = resident(pid)
            self.peaks[self.phase] = max(size, self.peaks.get(self.phase, 0.0))


@contextmanager
def watched(pids: Callable[[], Iterable[int]], seconds: float = 0.5) -> Iterator[Memory]:
    """Look at processes again and again until the end of the block."""
    memory, ended = Memory(), threading.Event()

    def look() -> None:
        while not ended.wait(seconds):
            memory.see(pids())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()


def resident(pid: int) -> float:
    """Return the resident size of a process in MiB, 0 if there is none such."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def with_children(pid: int) -> list[int]:
    """Return a process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    except OSError:
        return [pid]
    return [pid, *map(int, children.split())]
