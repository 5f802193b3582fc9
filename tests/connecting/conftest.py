"""A test environment and a productive one on two stores of the same engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from store.engine import Store
from tests.support.connecting import TestOffice, TwoEnvironments
from tests.support.stores import fresh_postgresql, fresh_sqlite, open_test_store


@pytest.fixture
def productive_store(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A second fresh store on the engine of the first."""
    with ExitStack() as stack:
        if store.dialect == "sqlite":
            folder = tmp_path / "productive"
            folder.mkdir()
            url = fresh_sqlite(folder, request.getfixturevalue("sqlite_template"))
        else:
            url = stack.enter_context(fresh_postgresql(request.getfixturevalue("postgres_cluster")))
        opened = open_test_store(url)
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def both(store: Store, productive_store: Store) -> TwoEnvironments:
    return TwoEnvironments(store, productive_store)


@pytest.fixture
def office(store: Store) -> TestOffice:
    return TestOffice(store)
