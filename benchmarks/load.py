"""Pre-signed requests through HTTP, and what they cost the gateway's processes.

The generator runs in its own process so that neither its CPU nor its interpreter lock is counted with
the gateway's.
"""

import http.client
import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

TICKS_PER_SECOND = 100
"""Clock ticks in /proc/*/stat on every Linux the gateway runs on (USER_HZ)."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Seconds of wall clock, each answer's latency in seconds, and how often each HTTP status came."""

    wall: float
    latencies: tuple[float, ...]
    statuses: dict[int, int]


def drive(host: str, port: int, path: str, requests: Sequence[bytes], connections: int) -> LoadResult:
    """Post every request once over so many kept-alive connections, from a process of its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_generate, args=(sender, host, port, path, requests, connections))
    process.start()
    sender.close()
    try:
        result: LoadResult = receiver.recv()
    finally:
        process.join()
    return result


def _generate(
    sender: "multiprocessing.connection.Connection",
    host: str,
    port: int,
    path: str,
    requests: Sequence[bytes],
    connections: int,
) -> None:
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for request in requests:
        waiting.put(request)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    lock = threading.Lock()

    def post() -> None:
        connection = http.client.HTTPConnection(host, port, timeout=60)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        while True:
            try:
                request = waiting.get_nowait()
            except Empty:
                break
            start = time.perf_counter()
            connection.request("POST", path, request, headers)
            response = connection.getresponse()
            response.read()
            took = time.perf_counter() - start
            with lock:
                latencies.append(took)
                statuses[response.status] = statuses.get(response.status, 0) + 1
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(connections)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.send(LoadResult(time.perf_counter() - start, tuple(latencies), statuses))
    sender.close()


def cpu_seconds(root_pid: int) -> float:
    """Return user+system seconds spent so far by a process and all its living descendants."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = text[text.rindex(")") + 2 :].split()
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        spent[pid] = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    total, waiting = 0.0, [root_pid]
    while waiting:
        pid = waiting.pop()
        total += spent.get(pid, 0.0)
        waiting.extend(children.get(pid, ()))
    return total
