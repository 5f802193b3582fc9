"""Signed heads of the journal's chain, kept outside the database in a file that is only appended to."""

import base64
import fcntl
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from store.journal import head_bytes
from store.line_files import append_lines, open_lines


@dataclass(frozen=True, slots=True)
class Head:
    """The chain up to `position`, sealed at a time and signed over `signed_bytes`."""

    position: int
    chain: bytes
    at: datetime
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return head_bytes(self.position, self.chain, self.at)

    def line(self) -> str:
        """Return the head as one line of JSON."""
        return json.dumps(
            {
                "position": self.position,
                "chain": self.chain.hex(),
                "at": self.at.isoformat(),
                "signature": base64.b64encode(self.signature).decode("ascii"),
            }
        )

    @classmethod
    def from_line(cls, line: str) -> "Head":
        """Read a line back; raises ValueError when it is not one."""
        try:
            data = json.loads(line)
            return cls(
                int(data["position"]),
                bytes.fromhex(data["chain"]),
                datetime.fromisoformat(data["at"]),
                base64.b64decode(data["signature"], validate=True),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not a head of a journal") from error


class HeadsFile:
    """JSON lines, each written and synced before the next is made. Belongs on another disk than the store.

    All processes of a node share one; every node has its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_to = 0
        self._last: Head | None = None

    def last(self) -> Head | None:
        """Return the head with the highest position written by any process, None in a new file.

        Reads only what came since the last call: the file grows by a line a second, for years.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read_to:
            self._read_to, self._last = 0, None
        if size > self._read_to:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                for line in file:
                    if not line.endswith(b"\n"):
                        # Cut short by a crash, or half written: looked at again when there is more.
                        break
                    self._read_to += len(line)
                    self._last = _higher(self._last, line)
        return self._last

    def last_position(self) -> int:
        """Return the position of `last`, 0 in a new file."""
        last = self.last()
        return 0 if last is None else last.position

    def append(self, heads: Iterable[Head]) -> None:
        """Write those heads, in order of position, that no process has written yet; wait for the disk."""
        with open_lines(self.path) as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            after = self.last_position()
            lines = [head.line().encode("ascii") + b"\n" for head in heads if head.position > after]
            if lines:
                append_lines(file, b"".join(lines))

    def set_aside(self, at: datetime) -> Path | None:
        """Put the file away under another name, for the evidence, when a restored store takes up the chain.

        In: the time of the restore, which becomes part of the name. Out: the new name, None without a file.
        """
        if not self.path.exists():
            return None
        aside = self.path.with_name(f"{self.path.name}.until-{at:%Y%m%dT%H%M%S.%fZ}")
        if aside.exists():
            raise FileExistsError(f"{aside} is there already")
        self.path.rename(aside)
        self._read_to, self._last = 0, None
        return aside

    def read(self) -> Iterator[tuple[Head | None, int]]:
        """Give every head with its line number; None for a line cut short by a crash."""
        if not self.path.exists():
            return
        with self.path.open(encoding="ascii", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    yield Head.from_line(line), number
                except ValueError:
                    yield None, number


def _higher(known: Head | None, line: bytes) -> Head | None:
    try:
        head = Head.from_line(line.decode("ascii", errors="replace"))
    except ValueError:
        return known
    return head if known is None or head.position > known.position else known
