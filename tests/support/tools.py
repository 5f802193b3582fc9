"""Programs of the system that some tests need beside what pip installs."""

from __future__ import annotations

import os
import shutil

import pytest


def find_tool(name: str) -> str:
    """A program of this machine; skips without it, or fails with INGE_REQUIRE_TOOLS=1."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("INGE_REQUIRE_TOOLS") == "1":
            pytest.fail(f"no {name} on this machine, and INGE_REQUIRE_TOOLS=1")
        pytest.skip(f"no {name} on this machine")
    return found
