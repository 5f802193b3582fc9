"""A running gateway whose spool folder is a disk of its own, as the process that `test_full_disk` runs.

Arguments: address of the core store, a folder for the gateway, the folder where the disk is mounted.
"""

import json
import sys
from pathlib import Path

from fixtures.resettlers import records
from tests.support.batch_http import Office, delivering, records_file, refusal


def main(url: str, folder: str, disk: str) -> None:
    with delivering(Path(folder), url, batch={"spool": disk}) as gateway:
        office = Office(gateway)
        file = records_file(Path(folder) / "records.xml", records(3, 300))
        manifest = office.next_manifest(file)
        response = office.post([("manifest", manifest), ("records", file.read_bytes())])
        status, fehler, signed = refusal(response)
        told = [status, fehler.code, signed, response.headers["Retry-After"]]
        small = records_file(Path(folder) / "small.xml", records(3, 3))
        receipt = office.deliver(office.next_manifest(small), small)
    print(json.dumps([told, receipt.zustand.value]))


if __name__ == "__main__":
    main(*sys.argv[1:])
