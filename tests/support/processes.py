"""Real child processes for tests: started fresh, let go together, killed without warning."""

import importlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

_LOADED = ("adapters.server_core", "adapters.soap.guard", "gateway.batch.taking", "tests.support.batch")
"""What nearly every child needs."""
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
        self._process = _START.Process(target=_run, args=(target, list(arguments), listening, reporting))
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


def _run(target: str, arguments: list[Any], words: Connection, reports: Connection) -> None:
    global _words, _reports
    _words, _reports = words, reports
    module, _, function = target.rpartition(".")
    # As the other process would read them.
    getattr(importlib.import_module(module), function)(*json.loads(json.dumps(arguments)))


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
