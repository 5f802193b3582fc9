"""A core behind its door known to three agencies, and a clerk of it, on either engine."""

from pathlib import Path

import pytest

from store.engine import Store
from tests.support.clerk import Clerk
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)
