"""Which restores there were, told in a file outside the store: no epoch of numbers may come twice.

A backup knows only the epochs up to its own time; restored a second time it would begin one that the first
restore began already.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from store.line_files import append_lines, open_lines


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore: when (ISO 8601), from a backup of when, and the epoch of numbers that began with it."""

    at: str
    made_at: str
    epoch: int


class RestoresFile:
    """JSON lines, each synced before the restore goes on. Belongs beside the journal's heads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last_epoch(self) -> int:
        """Return the highest epoch that any restore began, 0 if there was none.

        Raises ValueError when a line cannot be read: guessing here could assign a number twice.
        """
        if not self.path.exists():
            return 0
        lines = self.path.read_text(encoding="ascii").splitlines()
        return max((int(json.loads(line)["epoch"]) for line in lines if line.strip()), default=0)

    def append(self, restore: Restore) -> None:
        """Write a restore and wait until the disk has it. Raises OSError."""
        with open_lines(self.path) as file:
            append_lines(file, json.dumps(asdict(restore)).encode("ascii") + b"\n")
