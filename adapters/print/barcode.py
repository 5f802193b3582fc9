"""The identification number as Code 128 (ISO/IEC 15417): bars for the template to draw."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

QUIET_ZONE: Final = 10
"""Modules that have to stay white on either side."""


def code128(text: str) -> dict[str, Any]:
    """Return the bars of a text of printable ASCII characters.

    Out: `modules` is the width of the whole symbol with its quiet zones in modules, `bars` a list of
    [start, width] of each black bar. Raises ModuleNotFoundError without the extra `print`.
    """
    from barcode.codex import Code128

    (pattern,) = Code128(text).build()
    return {"modules": len(pattern) + 2 * QUIET_ZONE, "bars": [list(bar) for bar in _bars(pattern)]}


def _bars(pattern: str) -> Iterator[tuple[int, int]]:
    start = QUIET_ZONE
    for module, run in groupby(pattern):
        width = len(list(run))
        if module == "1":
            yield start, width
        start += width
