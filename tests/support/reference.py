"""Where the optional reference material lies: beside the project, never inside it."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def reference_dir(name: str) -> Path:
    """Return a folder of the reference material, or skip the test saying what is missing.

    In: the folder's name, such as `din-91379`. INGE_REFERENCE overrides where it is looked for.
    """
    base = Path(os.environ.get("INGE_REFERENCE", PROJECT.parent / "shared"))
    folder = base / name
    if not folder.is_dir():
        pytest.skip(
            f"reference material {name!r} is not beside the project (INGE_REFERENCE names its folder)"
        )
    return folder
