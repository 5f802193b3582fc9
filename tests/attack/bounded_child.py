"""Run as a process of its own: admit every parsing attack under hard limits on CPU and address space.

Prints one line of JSON per attack. One that exceeds a limit kills the process: its line is missing.
"""

import json
import resource
import signal
import sys
from pathlib import Path

from fixtures.attacks.parsing import parsing_attacks
from gateway.trust.admission import Limits, admit
from messages.errors import GatewayError

MEMORY_OVER_IDLE = 64 * 1024 * 1024
CPU_SECONDS = 1.0
"""User and system time of one admission; SIGPROF ends the process when it is used up."""


def main() -> None:
    admit(b"<warm-up/>", Limits())
    page = resource.getpagesize()
    for attack in parsing_attacks("file:///nowhere/secret", "http://127.0.0.1:9/"):
        idle = int(Path("/proc/self/statm").read_text().split()[0]) * page
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (idle + MEMORY_OVER_IDLE, resource.RLIM_INFINITY))
        try:
            admit(attack.body, Limits())
            code = ""
        except GatewayError as error:
            code = error.code
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        json.dump({"name": attack.name, "code": code}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
