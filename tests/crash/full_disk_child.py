"""Accepting onto a disk that gets full, as the process that `test_full_disk` runs.

Arguments: address of the core store; folder of the PKI, folder where the disk is mounted, folder of the copy
of the registry; how large the disk is made at last; how much of it stays free; records of a delivery.
"""

import json
import subprocess
import sys
from pathlib import Path

from fixtures.resettlers import records
from gateway.batch.taking import Taken
from gateway.results import Refusal
from store.acceptance.records import Limits
from store.errors import StoreUnavailable
from tests.support.away import AwayCore, numbered
from tests.support.batch import ROUTE
from tests.support.batch_http import records_file
from tests.support.outage import store_away
from tests.support.pki import pki_in
from tests.support.stores import open_test_store


def main(url: str, pki: str, disk: str, folder: str, larger: str, free: str, each: str) -> None:
    acceptance = f"sqlite:///{disk}/acceptance.db"
    count = int(each)
    core = AwayCore(
        open_test_store(url),
        pki_in(pki),
        Path(folder),
        acceptance_url=acceptance,
        limits=Limits(1 << 30, int(free)),
    )
    file = records_file(Path(folder) / "records.xml", records(3, count)).read_bytes()
    promised, refused = [], []
    with store_away(url, None):
        for number in range(1, 100):
            manifest = numbered(core, file, count, number)
            outcome = core.handed_in(manifest, file)
            if isinstance(outcome, Refusal):
                refused.append(outcome.error.code)
                if len(refused) == 3:
                    break
            else:
                promised.append((manifest, outcome.receipt.hex()))
        again = [core.accepted(manifest, file)[0].receipt.hex() for manifest, _ in promised]
    drained: list[str] = []
    for _ in range(2):
        try:
            drained += [f"{how}: {count}" for how, count in core.drain().items()]
        except StoreUnavailable as error:
            drained.append(type(error).__name__)
        subprocess.run(["mount", "-o", f"remount,size={larger}", disk], check=True)
        core.clock.advance(minutes=20)
    known = [core.judged.open(manifest, ROUTE) for manifest, _ in promised]
    receipts = [taken.receipt.hex() for taken in known if isinstance(taken, Taken)]
    told = [receipt for _, receipt in promised]
    result = {
        "promised": len(told),
        "refused": refused,
        "again": again == told,
        "drained": drained,
        "in the core": receipts == told,
        "waiting": core.kept.is_waiting(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
