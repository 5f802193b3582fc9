"""A gateway whose workers end by SIGKILL when they have committed a message, before its answer leaves."""

import os
import signal
from pathlib import Path

import adapters.server
from adapters.http import WebApplication
from adapters.server import load_worker
from store.unit import UnitOfWork


def serve(path: Path) -> None:
    """As `adapters.server.serve`, with deadly workers."""
    adapters.server.load_worker = load_deadly_worker
    adapters.server.serve(path)


def load_deadly_worker(path: Path) -> WebApplication:
    """In a worker: the application, for one commit."""
    commit = UnitOfWork.commit

    def deadly(work: UnitOfWork) -> None:
        commit(work)
        os.kill(os.getpid(), signal.SIGKILL)

    UnitOfWork.commit = deadly  # type: ignore[assignment, method-assign]
    return load_worker(path)
