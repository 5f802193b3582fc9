"""The identification number as Code 128 (ISO/IEC 15417): bars for the template to draw."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from barcode.codex import Code128

QUIET_ZONE: Final = 10
"""Modules that have to stay white on either side."""

_SWITCH_TO_C: Final = 99


def code128(text: str) -> dict[str, Any]:
    """Return the bars of a text of printable ASCII characters.

    Out: `modules` is the width of the whole symbol with its quiet zones in modules, `bars` a list of
    [start, width] of each black bar. Raises ModuleNotFoundError without the extra `print`.
    """
    (pattern,) = _encoder()(text).build()
    return {"modules": len(pattern) + 2 * QUIET_ZONE, "bars": [list(bar) for bar in _bars(pattern)]}


@cache
def _encoder() -> type[Code128]:
    from barcode.codex import Code128

    class KeepsLeadingPair(Code128):  # type: ignore[misc]
        """Up to 0.16.1 the library drops a first pair of digits "99": it takes it for a switch to set C.

        It starts in set C, so a 99 in that place is always the pair itself (python-barcode issue 251).
        """

        def _try_to_optimize(self, encoded: list[int]) -> list[int]:
            if encoded[1] == _SWITCH_TO_C:
                return encoded
            shorter: list[int] = super()._try_to_optimize(encoded)
            return shorter

    return KeepsLeadingPair


def _bars(pattern: str) -> Iterator[tuple[int, int]]:
    start = QUIET_ZONE
    for module, run in groupby(pattern):
        width = len(list(run))
        if module == "1":
            yield start, width
        start += width
