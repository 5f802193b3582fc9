"""One knob for the size of the test rings: INGE_RING=small (default) or full (make soak)."""

import os


def scale(small: int, full: int) -> int:
    """Return the ring size for this run.

    In: the counts for an ordinary run and for `make soak`. Out: the one that INGE_RING asks for.
    """
    ring = os.environ.get("INGE_RING", "small")
    if ring not in ("small", "full"):
        raise ValueError(f"INGE_RING must be small or full, not {ring!r}")
    return full if ring == "full" else small
