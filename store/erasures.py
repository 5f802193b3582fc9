"""Which persons were erased, told in a file outside the store: a restore brings them back, and must not.

A line holds ids, days and the stage, nothing of the person. It is written before the erasure is committed: a
crash leaves a line too many, never one too few. Who replays looks again whether a line holds.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from store.line_files import append_lines, open_lines


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """One erasure: the ids of a person and of all merged into it, the stage, and the days it rests on.

    `ended_on` is the day from which the years were counted, `on` the day on which they were over, `at` the
    instant (ISO 8601).
    """

    persons: tuple[int, ...]
    stage: int
    ended_on: date
    on: date
    at: str

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), default=date.isoformat)

    @classmethod
    def from_line(cls, line: str) -> "ErasureLine":
        """Read a line back. Raises ValueError when it is none."""
        try:
            data = json.loads(line)
            return cls(
                tuple(int(each) for each in data["persons"]),
                int(data["stage"]),
                date.fromisoformat(data["ended_on"]),
                date.fromisoformat(data["on"]),
                str(data["at"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a line of erasures") from error


class ErasuresFile:
    """JSON lines, each synced before the erasure is committed. Belongs beside the journal's heads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, lines: Iterable[ErasureLine]) -> None:
        """Write lines and wait until the disk has them. Raises OSError."""
        text = "".join(f"{each.line()}\n" for each in lines)
        with open_lines(self.path) as file:
            append_lines(file, text.encode("ascii"))

    def read(self) -> Iterator[ErasureLine | None]:
        """Give every line in order; None for one that cannot be read. A file that is not there has none."""
        if not self.path.exists():
            return
        with self.path.open(encoding="ascii", errors="replace") as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    yield ErasureLine.from_line(line)
                except ValueError:
                    yield None
