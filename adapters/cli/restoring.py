"""What a restored store needs before it may work again: the journal's heads, its own mark, the erasures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.cli.opening import opened_store
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from adapters.config import Config
    from store.backup import Header


@dataclass(frozen=True, slots=True)
class Finished:
    """What was done. `lost_positions` were sealed after the backup was made.

    Of the erasures, `erasures_wait` wait for open work, `erasures_failed` met an error, `erasures_unread` are
    lines that cannot be read.
    """

    heads_aside: Path | None
    lost_positions: int
    erased_again: int
    erasures_wait: int
    erasures_failed: int
    erasures_unread: int

    def as_data(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "heads_aside": None if self.heads_aside is None else str(self.heads_aside),
            "lost_positions": self.lost_positions,
            "erased_again": self.erased_again,
            "erasures_wait": self.erasures_wait,
            "erasures_failed": self.erasures_failed,
            "erasures_unread": self.erasures_unread,
        }

    def as_text(self) -> str:
        """Return it in words."""
        lines = [f"erased again: {self.erased_again}"]
        if self.erasures_wait:
            lines.append(f"{self.erasures_wait} erasures wait, `inge retention due` says for what")
        if self.erasures_failed:
            lines.append(f"{self.erasures_failed} persons cannot be erased again because of an error")
        if self.erasures_unread:
            lines.append(f"{self.erasures_unread} lines of the file of erasures cannot be read")
        if self.heads_aside is not None:
            lines.append(
                f"{self.lost_positions} rows of the journal were sealed after the backup and are lost; "
                f"their heads are kept in {self.heads_aside}"
            )
        return "\n".join(lines)


def finish_restore(config: Config, header: Header, epoch: int, now: datetime) -> Finished:
    """Erase again what was erased after the backup, begin a new file of heads where need be, seal.

    In: the header of the backup that was loaded, the new epoch of numbers, the time of the restore. May be
    done again after a crash. Raises ConfigurationError, StoreUnavailable.
    """
    from adapters.config_secrets import load_signing_key
    from adapters.server_core import build_tools, erasures_file
    from gateway.retention.replay import replay
    from store.engine import new_holder
    from store.erasures import ErasuresFile
    from store.heads import HeadsFile
    from store.records import JournalEntry, JournalKind
    from store.sealer import JournalBehind, Sealer

    key = load_signing_key(config)
    heads = HeadsFile(config.journal.heads_file)
    with opened_store(config) as store:
        # First of all: until the heads fit, the gateway says that it is not ready.
        lines = list(ErasuresFile(erasures_file(config)).read())
        known = [line for line in lines if line is not None]
        with counted("persons erased again") as count:
            replayed = replay(store, build_tools(config, store), known, lambda done: count("", done))
        sealer, outside = Sealer(store, key.sign, heads, new_holder()), heads.last_position()
        aside = None
        try:
            sealer.check()
        except JournalBehind:
            aside = heads.set_aside(now)
        with store.unit_of_work() as work:
            work.add_journal(
                JournalEntry(
                    JournalKind.RESTORED,
                    now,
                    facts={
                        "backup_of": header.made_at.isoformat(),
                        "epoch": epoch,
                        "position": header.position,
                        "known_outside": outside,
                        "heads_aside": None if aside is None else aside.name,
                    },
                )
            )
            work.commit()
        sealer.leave(now)
    return Finished(
        aside,
        max(0, outside - header.position) if aside else 0,
        replayed.erased,
        len(replayed.waits),
        len(replayed.failed),
        len(lines) - len(known),
    )
