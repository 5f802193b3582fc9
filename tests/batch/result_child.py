"""Run as a process of its own: put a result file together as it is sent, and report what that took."""

import resource

from gateway.batch.result_files import first_file, measured
from messages.registry import BUNDLED_MESSAGES
from tests.support.processes import report
from tests.support.stores import open_test_store


def main(url: str, delivery_id: int) -> None:
    """Report the size of the file, and the memory of the process in KiB."""
    store = open_test_store(url)
    with store.unit_of_work() as work:
        delivery = work.delivery(delivery_id)
    assert delivery is not None
    size = measured(first_file(store, BUNDLED_MESSAGES, delivery)).size
    store.close()
    report({"size": size, "kibibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})
