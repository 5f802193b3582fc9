"""One kit for all tests of this ring: making one costs a second of keys."""

from pathlib import Path

import pytest

from adapters.testkit.kit import Kit
from tests.support.cli import inge


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit as `inge testkit make` writes it."""
    folder: Path = tmp_path_factory.mktemp("testkit") / "kit"
    made = inge("testkit", "make", folder)
    assert made.code == 0, made.err
    return Kit.load(folder)
