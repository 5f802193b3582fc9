"""A core behind its door, on a fresh store of either engine, known to three agencies."""

import pytest

from store.engine import Store
from tests.support.door import DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    return DoorCore(store, shared_pki())
