"""The watched folder: deliveries are dropped into it, receipts and results come to lie in it.

```
in/       the file of records first, then its manifest NAME.schein.xml, which names the file
out/      by party: NAME.eingang.xml (the receipt), and each result with its note
done/     manifests and files that were taken in
refused/  those that were not, and beside each manifest NAME.fehler.xml
```

Of all processes one works on the folder at a time. Nothing depends on that: whatever is done twice has the
same outcome twice. A result counts as fetched and confirmed once it lies in the folder safely.
"""

from __future__ import annotations

import errno
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final, NamedTuple

import structlog

from adapters.batch.safe_files import is_plain_name, plain_file, sync_folder, written
from adapters.observability_logs import place_of
from gateway.accepted import Route
from gateway.batch.handing_over import FOLDER, HandingOver
from gateway.batch.result_notes import file_name
from gateway.batch.taking import Opened, Taken, Taking
from gateway.clock import Clock
from gateway.deferred.leases import prolonged
from gateway.results import Refusal
from gateway.trust.admission import Limits, admit
from messages.errors import GatewayError
from messages.namespaces import BVA
from store.engine import Store
from store.errors import ContentErased
from store.records_batch import Delivery, DeliveryResult

LEASE: Final = "batch-folder"
LEASE_LENGTH: Final = timedelta(seconds=60)
MANIFEST: Final = ".schein.xml"
RECEIPT: Final = ".eingang.xml"
REFUSAL: Final = ".fehler.xml"
_ROUTE: Final = Route(FOLDER, "")
_RESULTS_AT_ONCE: Final = 20
_LATER: Final = timedelta(seconds=10)
_GAP: Final = "S999.delivery-gap"
_GLIMPSE: Final = 1 << 20
_BLOCK: Final = 1 << 20


class WatchedFolder:
    """Works on one folder. In: what takes deliveries in and hands results over, a name no other process has.

    `clock` is the real one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Store,
        taking: Taking,
        handing_over: HandingOver,
        clock: Clock,
        holder: str,
        spool: Path | None = None,
    ) -> None:
        self._in, self._out, self._done, self._refused = (
            folder / name for name in ("in", "out", "done", "refused")
        )
        self._store = store
        self._taking = taking
        self._handing_over = handing_over
        self._clock = clock
        self._holder = holder
        self._spool = spool
        self._not_before: dict[Path, datetime] = {}
        self._behind: set[str] = set()
        """Of whom something waits in this turn: what comes after it may only seem to have a gap before it."""
        self._after = (0, 0)
        self._halted = threading.Event()
        self._log = structlog.get_logger("adapters.batch")

    def turn(self) -> Mapping[str, int]:
        """Take in what lies there, and lay results down; out: how much of each.

        Nothing if another process works on the folder. Raises StoreUnavailable, OSError.
        """
        done: Counter[str] = Counter()
        with self._lease() as is_mine:
            if not is_mine:
                return done
            for each in (self._in, self._out, self._done, self._refused):
                each.mkdir(parents=True, exist_ok=True)
            self._behind.clear()
            lying = sorted((_glimpse(each), each) for each in self._in.glob(f"*{MANIFEST}"))
            for claimed, manifest in lying:
                if self._halted.is_set():
                    return done
                how = self._worked_on(manifest)
                if how == "waiting":
                    self._behind.add(claimed.author)
                done[how] += 1
            done["results"] += self._lay_down_results()
        return +done

    def halt(self) -> None:
        """Let a turn under way end after the delivery at hand; for the end of the process."""
        self._halted.set()

    def leave(self) -> None:
        """Give the lease back, so that another process may go on at once."""
        with self._store.write() as connection:
            self._store.release_lease(connection, LEASE, self._holder)

    def _worked_on(self, manifest: Path) -> str:
        """Lead one delivery as far as it goes; out: "taken", "refused" or "waiting".

        What is wrong with one file keeps no other waiting.
        """
        now = self._clock.now()
        if now < self._not_before.get(manifest, now):
            return "waiting"
        try:
            return self._work_on(manifest)
        except OSError as error:
            return self._wait(manifest, type(error).__name__)

    def _work_on(self, manifest: Path) -> str:
        with suppress(FileNotFoundError):  # somebody took it away while we looked
            octets = self._read(manifest)
            outcome = self._taking.open(octets, _ROUTE)
            records: Path | None = None
            if isinstance(outcome, Opened):
                records = self._records(outcome)
                if records is None:
                    error = GatewayError(
                        "T099.delivery-parts", details={"found": "the part records is missing"}
                    )
                    return self._file_refusal(manifest, None, self._taking.refuse(outcome, error))
                if not records.exists():
                    return self._wait(manifest, "records are missing")
                outcome = self._take(outcome, records)
            if isinstance(outcome, Refusal):
                return self._file_refusal(manifest, records, outcome)
            return self._file_receipt(manifest, outcome)
        return "waiting"

    def _read(self, manifest: Path) -> bytes:
        with plain_file(manifest) as file:
            return file.read(self._taking.notes.limits.max_bytes + 1)

    def _records(self, opened: Opened) -> Path | None:
        name = opened.manifest.datei.name
        return self._in / name if is_plain_name(name) and not name.endswith(MANIFEST) else None

    def _take(self, opened: Opened, records: Path) -> Taken | Refusal:
        """Take a delivery in from a copy that nobody else can change."""
        with plain_file(records) as file, tempfile.TemporaryFile(dir=self._spool) as spool:
            # One octet more than the manifest names is enough to see that it is too long.
            _copy(file, spool, opened.manifest.datei.groesse + 1)
            return self._taking.take(opened, spool)

    def _file_receipt(self, manifest: Path, taken: Taken) -> str:
        out = self._out_of(taken.party.kennung)
        with written(out / _renamed(manifest, RECEIPT)) as file:
            file.write(taken.receipt)
        name = _glimpse(manifest).file
        # The manifest goes last: as long as it lies there, all this is done again.
        if is_plain_name(name):
            _move(self._in / name, self._done)
        _move(manifest, self._done)
        self._log.info(
            "delivery",
            door=FOLDER,
            uuid=taken.uuid,
            outcome="repeated" if taken.repeated else "answered",
        )
        return "taken"

    def _file_refusal(self, manifest: Path, records: Path | None, refusal: Refusal) -> str:
        error, party = refusal.error, refusal.party
        if error.entry.retryable:
            return self._wait(manifest, error.code, error.retry_after)
        if error.code == _GAP and party is not None and party.kennung in self._behind:
            return self._wait(manifest, error.code)
        if party is None and self._is_fresh(manifest):
            return self._wait(manifest, "the manifest may not be complete yet")
        with written(self._refused / _renamed(manifest, REFUSAL)) as file:
            file.write(refusal.fehler)
        if records is not None:
            _move(records, self._refused)
        _move(manifest, self._refused)
        self._log.info("delivery", door=FOLDER, uuid=refusal.uuid, outcome="refused", code=error.code)
        return "refused"

    def _is_fresh(self, manifest: Path) -> bool:
        age = self._clock.now().timestamp() - manifest.stat().st_mtime
        return 0 <= age < _LATER.total_seconds()

    def _wait(self, manifest: Path, why: str, seconds: int | None = None) -> str:
        wait = _LATER if seconds is None else timedelta(seconds=seconds)
        self._not_before[manifest] = self._clock.now() + wait
        self._log.warning("delivery-waits", door=FOLDER, why=why)
        return "waiting"

    def _lay_down_results(self) -> int:
        """Lay down the next results; one that cannot be keeps no other waiting."""
        count = 0
        page = self._handing_over.waiting(self._after, _RESULTS_AT_ONCE)
        for delivery, result in page:
            if self._halted.is_set():
                break
            try:
                count += self._lay_down(delivery, result)
            except (ContentErased, OSError) as error:
                self._log.error("result-incomplete", door=FOLDER, uuid=result.uuid, **place_of(error))
        is_full = len(page) == _RESULTS_AT_ONCE
        self._after = (page[-1][1].delivery_id, page[-1][1].addendum) if is_full else (0, 0)
        return count

    def _lay_down(self, delivery: Delivery, result: DeliveryResult) -> bool:
        out = self._out_of(delivery.party_id)
        name = file_name(delivery, result.addendum)
        with written(out / name) as file:
            file.writelines(self._handing_over.file(delivery, result))
        with written(out / f"{name.removesuffix('.xml')}{MANIFEST}") as file:
            file.write(result.document)
        return self._handing_over.handed_over(delivery, result)

    def _out_of(self, party: str) -> Path:
        folder = self._out / party.replace(":", "-")
        if folder.is_symlink():
            raise OSError(errno.ELOOP, "a link in the place of a folder", str(folder))
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            sync_folder(self._out)
        return folder

    @contextmanager
    def _lease(self) -> Iterator[bool]:
        """Take the lease, and keep it as long as the turn lasts; out: whether it is ours."""
        if not self._take_lease():
            yield False
            return
        # Should another take over meanwhile, both come to the same.
        with prolonged("folder-lease", LEASE_LENGTH, self._take_lease):
            yield True

    def _take_lease(self) -> bool:
        with self._store.write() as connection:
            return self._store.take_lease(connection, LEASE, self._holder, self._clock.now(), LEASE_LENGTH)


class _Claimed(NamedTuple):
    """What a manifest claims: for the order and for tidying up only."""

    number: int
    package: int
    author: str
    file: str


def _glimpse(manifest: Path) -> _Claimed:
    try:
        with plain_file(manifest) as file:
            root = admit(file.read(_GLIMPSE), Limits()).root
        place = f"{{{BVA}}}lieferung/{{{BVA}}}"
        number, package = (
            int(root.findtext(f"{place}{name}") or 0)
            for name in ("laufende.nummer.der.lieferung", "paketnummer")
        )
        author, name = (
            (root.findtext(f"{{{BVA}}}{each}") or "").strip()
            for each in (f"autor/{{{BVA}}}kennung", f"datei/{{{BVA}}}name")
        )
        return _Claimed(number, package, author, name)
    except (OSError, ValueError, GatewayError):
        return _Claimed(0, 0, "", "")


def _copy(file: IO[bytes], to: IO[bytes], at_most: int) -> None:
    left = at_most
    while left and (block := file.read(min(left, _BLOCK))):
        to.write(block)
        left -= len(block)


def _renamed(manifest: Path, ending: str) -> str:
    return manifest.name.removesuffix(MANIFEST) + ending


def _move(file: Path, folder: Path) -> None:
    """Move a file that is still there into a folder, beside what has its name already."""
    target, count = folder / file.name, 0
    while target.exists():
        count += 1
        target = folder / f"{file.name}.{count}"
    with suppress(FileNotFoundError):
        file.rename(target)
