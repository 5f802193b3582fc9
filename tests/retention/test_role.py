"""Erasing by the role that serves: it may not remove what has to stay, and needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, make_url, select, text

from gateway.clerks.sweep import HintSweep
from gateway.retention.run import Run, finished
from store.engine import Store
from store.erasure import scrub
from store.errors import NotAllowed
from store.schema import person
from tests.support.core import Core, StandingClock
from tests.support.furnishing import furnish
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.postgres import PostgresCluster
from tests.support.reference import PROJECT
from tests.support.stores import fresh_postgresql, open_test_store

GRANTS = PROJECT / "docs" / "deployment" / "grants.sql"


@pytest.fixture
def serving(postgres_cluster: PostgresCluster) -> Iterator[Store]:
    """A store opened by a role that has what `grants.sql` leaves to inge_app."""
    role = f"app_{uuid4().hex}"
    with fresh_postgresql(postgres_cluster) as url:
        owner = open_test_store(url)
        furnish(owner, shared_pki())
        rights = (
            f"CREATE ROLE {role} LOGIN",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        )
        lines = GRANTS.read_text(encoding="utf-8").replace("inge_app", role).splitlines()
        said = "\n".join(line for line in lines if not line.startswith("--")).split(";")
        with owner.write() as connection:
            for statement in (*rights, *said):
                if statement.strip() not in ("", "BEGIN", "COMMIT"):
                    connection.execute(text(statement))
        store = open_test_store(make_url(url).set(username=role).render_as_string(hide_password=False))
        try:
            yield store
        finally:
            store.close()
            with owner.write() as connection:
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))
            owner.close()


def test_who_serves_erases_in_both_stages(serving: Store) -> None:
    core = Core(serving, shared_pki(), StandingClock())
    known = stored_person(core)
    stored_case(core, known, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    HintSweep(serving, core.clock).work(50)
    for year, stage in ((2033, 1), (2038, 2)):
        core.clock.time = datetime(year, 6, 1, 9, tzinfo=UTC)
        assert finished(Run(serving, core.pipeline.tools)).erased[stage] == [known.id]
    with serving.read() as reader:
        assert reader.connection.execute(select(person.c.surname)).all() == [(None,)]


def test_who_serves_can_neither_remove_a_person_nor_take_out_what_was_erased(serving: Store) -> None:
    core = Core(serving, shared_pki())
    stored_person(core)
    with pytest.raises(Exception, match="permission denied"), serving.write() as connection:
        connection.execute(delete(person))
    with pytest.raises(NotAllowed):
        scrub(serving)
