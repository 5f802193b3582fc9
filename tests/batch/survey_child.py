"""Run as a process of its own: survey a file of records, read it in pieces, and report what it took.

Address space and CPU are capped: an attack that gets beyond ends the process, and its line is missing.
"""

import resource
import signal
from pathlib import Path

from gateway.batch.records_file import RecordsFile, RecordsLimits
from messages.errors import GatewayError
from tests.support.processes import report

MEMORY_OVER_IDLE = 48 * 1024 * 1024
CPU_SECONDS = 6.0
WARM_UP = b'<d:BVABAMF.Datensaetze.200003 xmlns:d="urn:inge-gateway:bva:1"/>'


def main(paths: list[str], max_records: int) -> None:
    """Report for every file the code of its refusal or how many records, and the memory of the process."""
    for path in paths:
        _capped(Path(path), max_records)


def _capped(path: Path, max_records: int) -> None:
    page = resource.getpagesize()
    idle = int(Path("/proc/self/statm").read_text().split()[0]) * page
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (idle + MEMORY_OVER_IDLE, resource.RLIM_INFINITY))
    limits = RecordsLimits(max_records=max_records)
    outcome: str | int
    try:
        with path.open("rb") as file, RecordsFile.survey(file, limits) as records:
            outcome = sum(len(piece.records) for piece in records.pieces(50))
    except GatewayError as error:
        outcome = error.code
    signal.setitimer(signal.ITIMER_PROF, 0)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report({"file": path.name, "outcome": outcome, "kibibytes": peak})
