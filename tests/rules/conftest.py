"""A core on a fresh store of either engine, known to three agencies."""

import pytest

from store.engine import Store
from tests.support.core import Core, furnish
from tests.support.pki import shared_pki


@pytest.fixture
def core(store: Store) -> Core:
    furnish(store, shared_pki())
    return Core(store, shared_pki())
