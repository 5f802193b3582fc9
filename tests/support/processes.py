"""Real child processes for tests: started fresh, let go together, killed without warning."""

import importlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.support.reference import PROJECT

_LOADED = (
    "adapters.server_core",
    "adapters.batch.parts",
    "adapters.soap.guard",
    "granian",
    "tests.support.batch",
)
"""What nearly every child needs. Without prometheus_client, which reads the environment when it is loaded."""
_START = multiprocessing.get_context("forkserver")
_START.set_forkserver_preload(list(_LOADED))


class Child:
    """A process running `module.function(*arguments)`; it reports values that JSON knows.

    It is the fork of a process that has loaded the program and done nothing else: it shares no connection,
    no lock and no thread with anybody, and does not spend a second on loading.
    """

    def __init__(self, target: str, arguments: Sequence[Any]) -> None:
        listening, self._words = _START.Pipe(duplex=False)
        self._reports, reporting = _START.Pipe(duplex=False)
        self._process = _START.Process(
            target=_run, args=(dict(os.environ), target, list(arguments), listening, reporting)
        )
        self._process.start()
        # Only the child holds these from now on, so that its end is seen.
        listening.close()
        reporting.close()

    def hear(self) -> Any:
        """Return the next value the child reports; fails when it ended instead."""
        try:
            return json.loads(self._reports.recv_bytes())
        except EOFError:
            self._process.join()
            raise AssertionError(
                f"the child ended with {self._process.exitcode} instead of reporting"
            ) from None

    def tell(self, word: Any = "go") -> None:
        """Let the child go on from where it waits for a word. In: the word, of what JSON knows."""
        self._words.send_bytes(json.dumps(word).encode())

    def kill(self) -> None:
        """SIGKILL: no handler, no clean-up, no good-bye to the database."""
        self._process.kill()
        self._process.join()

    def end(self) -> int:
        """Say nothing more to the child, wait for its end and return its exit code."""
        self._words.close()
        with suppress(EOFError):
            while True:
                self._reports.recv_bytes()
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code

    def discard(self) -> None:
        """Leave nothing of it behind."""
        self.kill()
        self._words.close()
        self._reports.close()


class Program:
    """A process running `module.function(*arguments)` to its end, in a folder, with its words in a log.

    A fork like `Child`, but one that is not talked to.
    """

    def __init__(self, target: str, *arguments: Any, log: Path, folder: Path = PROJECT) -> None:
        self._process = _START.Process(
            target=_logged, args=(dict(os.environ), target, arguments, log, folder)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float = 60) -> int:
        """Wait for its end and return the exit code; fails when it does not end in these seconds."""
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, f"{self.pid} still runs"
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to it, not to its children."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self._process.kill()
        self._process.join()


def _logged(
    environment: dict[str, str], target: str, arguments: tuple[Any, ...], log: Path, folder: Path
) -> None:
    _begin(environment)
    os.chdir(folder)
    with log.open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    _named(target)(*arguments)


def _begin(environment: dict[str, str]) -> None:
    """Be as a process that the test itself has started."""
    os.environ.clear()
    os.environ.update(environment)
    multiprocessing.set_start_method(None, force=True)


def _named(target: str) -> Callable[..., object]:
    module, _, function = target.rpartition(".")
    found: Callable[..., object] = getattr(importlib.import_module(module), function)
    return found


def _run(
    environment: dict[str, str], target: str, arguments: list[Any], words: Connection, reports: Connection
) -> None:
    global _words, _reports
    _begin(environment)
    _words, _reports = words, reports
    _named(target)(*arguments)


_words: Connection
_reports: Connection


def report(value: Any) -> None:
    """In a child: report a value."""
    _reports.send_bytes(json.dumps(value).encode())


def wait_for_word() -> Any:
    """In a child: wait until the test says something, and return it; None when it says nothing more."""
    try:
        return json.loads(_words.recv_bytes())
    except EOFError:
        return None


@contextmanager
def children(target: str, arguments: Sequence[Sequence[Any]]) -> Iterator[list[Child]]:
    """Start one child per argument list; whatever is left of them afterwards is killed."""
    started = [Child(target, each) for each in arguments]
    try:
        yield started
    finally:
        for child in started:
            child.discard()
