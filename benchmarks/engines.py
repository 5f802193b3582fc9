"""What measurements on both engines share: which engines there are, and the file with their figures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fixtures.demo.display import say
from tests.support.postgres import find_binaries

ENGINES: Final = ("sqlite", "postgresql")


def measurable(wanted: Iterable[str]) -> Iterator[str]:
    """Yield the engines that can be measured on this machine, and say which cannot."""
    for engine in wanted:
        if engine == "postgresql" and find_binaries() is None:
            say("PostgreSQL 15+ is not on this machine: its figures are left out")
        else:
            yield engine


def save(output: Path, engines: Mapping[str, Any], **how: Any) -> None:
    """Write the figures of engines as JSON. In: what was measured with."""
    result = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **how,
        **engines,
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
