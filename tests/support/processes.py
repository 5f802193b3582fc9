"""Real child processes for tests: started fresh, let go together, killed without warning."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.support.reference import PROJECT


class Child:
    """A Python process running `module.function(*arguments)`; it reports lines of JSON."""

    def __init__(self, target: str, arguments: Sequence[Any]) -> None:
        module, _, function = target.rpartition(".")
        code = (
            "import importlib, json, sys;"
            f"importlib.import_module({module!r}).{function}(*json.loads(sys.argv[1]))"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(list(arguments))],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> Any:
        """Return the next line the child reports; fails when it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the child ended with {self._process.wait()} instead of reporting")
        return json.loads(line)

    def tell(self, line: str = "go") -> None:
        """Let the child go on from where it waits for a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL: no handler, no clean-up, no good-bye to the database."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> int:
        """Close the child's input, wait for its end and return its exit code."""
        self._process.communicate()
        return self._process.returncode


def report(value: Any) -> None:
    """In a child: report a value."""
    print(json.dumps(value), flush=True)


def wait_for_word() -> None:
    """In a child: wait until the test says go on."""
    sys.stdin.readline()


@contextmanager
def children(target: str, arguments: Sequence[Sequence[Any]]) -> Iterator[list[Child]]:
    """Start one child per argument list; whatever is left of them afterwards is killed."""
    started = [Child(target, each) for each in arguments]
    try:
        yield started
    finally:
        for child in started:
            if child._process.poll() is None:
                child.kill()
            for stream in (child._process.stdin, child._process.stdout):
                if stream is not None and not stream.closed:
                    stream.close()
