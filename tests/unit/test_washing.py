"""A database that is used again is as new, or it is not used again."""

import psycopg
import pytest
from sqlalchemy import delete, func, select, text

from store.database import make_engine
from store.schema import metadata, number_epoch, office, party
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.postgres import PostgresCluster
from tests.support.stores import TEMPLATE, open_test_store
from tests.support.washing import Washing

pytestmark = pytest.mark.postgresql


def filled(url: str) -> dict[str, int]:
    """How many rows each table has that is not empty."""
    engine = make_engine(url)
    with engine.connect() as connection:
        counts = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return {name: count for name, count in counts.items() if count}


def test_what_a_test_wrote_is_gone_and_what_a_new_store_holds_is_back(
    postgres_cluster: PostgresCluster,
) -> None:
    washing = Washing(postgres_cluster, TEMPLATE)
    name = washing.take()
    url = postgres_cluster.url(name)
    new = filled(url)
    assert new
    store = open_test_store(url)
    furnish(store, shared_pki())
    with store.write() as connection:
        connection.execute(delete(number_epoch))
    store.close()
    assert {party.name, office.name} <= filled(url).keys()
    assert number_epoch.name not in filled(url)
    # As a process leaves it that was killed in a transaction: it would hold the rows.
    left = postgres_cluster.connect(name)
    left.autocommit = False
    left.execute("SELECT * FROM party FOR UPDATE")
    washing.give_back(name)
    assert filled(url) == new
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()
    assert washing.take() == name
    postgres_cluster.drop_database(name)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE office ADD COLUMN other text",
        "CREATE TABLE other (id int)",
        "ALTER TABLE office ALTER COLUMN name DROP NOT NULL",
        "CREATE INDEX ON office (name)",
        "GRANT SELECT ON office TO PUBLIC",
        "ALTER DATABASE current SET work_mem = '5MB'",
    ],
)
def test_a_database_with_other_tables_or_settings_is_not_used_again(
    postgres_cluster: PostgresCluster, change: str
) -> None:
    washing = Washing(postgres_cluster, TEMPLATE)
    name = washing.take()
    engine = make_engine(postgres_cluster.url(name))
    with engine.begin() as connection:
        connection.execute(text(change.replace(" current ", f' "{name}" ')))
    engine.dispose()
    washing.give_back(name)
    other = washing.take()
    assert other != name
    postgres_cluster.drop_database(other)
