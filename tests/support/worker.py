"""A real `inge worker` for tests: a process of its own on a gateway's configuration."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.processes import Program


class WorkerProcess:
    """`inge worker --config …`; it is started at once."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self.start()

    def start(self) -> None:
        """Start it; what it says goes into a log beside its configuration."""
        self._process = Program(
            "adapters.cli.main.main",
            ["worker", "--config", str(self._config)],
            log=self._config.with_name("worker.log"),
        )

    def kill(self) -> None:
        """SIGKILL: whatever it had taken stays with it until its lease is over."""
        self._process.kill()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait()

    @property
    def lives(self) -> bool:
        return self._process.poll() is None
