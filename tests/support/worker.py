"""A real `inge worker` for tests: a process of its own on a gateway's configuration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.reference import PROJECT

_MAIN = "import sys; from adapters.cli.main import main; main(sys.argv[1:])"


class WorkerProcess:
    """`inge worker --config …`; it is started at once."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self.start()

    def start(self) -> None:
        """Start it; what it says goes into a log beside its configuration."""
        with self._config.with_name("worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, "worker", "--config", str(self._config)],
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL: whatever it had taken stays with it until its lease is over."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None
