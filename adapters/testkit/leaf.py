"""One case of a booklet, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.testkit.cases import Case


@dataclass(frozen=True)
class Leaf:
    """A case with its folder below the kit, the texts about it, and the files in that folder by name."""

    case: Case
    folder: str
    checks: tuple[str, ...]
    notes: tuple[str, ...]
    files: Mapping[str, bytes]
