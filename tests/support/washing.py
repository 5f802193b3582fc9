"""Databases of the tests' cluster that are used again: making and dropping one costs more than most tests.

What a test left is taken out and what a new store holds is put back; a database whose tables are not those
of a new store any more is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tests.support.postgres import PostgresCluster

_USES = 50
"""Then a database is dropped: what was deleted still lies in its files."""
_ENDED = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_DESCRIBED = """
WITH ours AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
SELECT format('%s %s %s', relname, relkind, relacl) FROM ours
UNION ALL SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull) FROM pg_attribute
    WHERE attrelid IN (SELECT oid FROM ours)
UNION ALL SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT setconfig::text FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
ORDER BY 1
"""

Connection = psycopg.Connection[tuple[object, ...]]
Rows = list[tuple[object, ...]]


@dataclass
class Washing:
    """The databases of one process on one cluster, all made from the same template."""

    cluster: PostgresCluster
    template: str
    _clean: list[str] = field(default_factory=list)
    _uses: dict[str, int] = field(default_factory=dict)
    _described: Rows = field(default_factory=list)
    _tables: list[str] = field(default_factory=list)
    _kept: dict[str, Rows] = field(default_factory=dict)

    def take(self) -> str:
        """Return the name of a database that is as new."""
        if self._clean:
            return self._clean.pop()
        name = self.cluster.create_database(self.template)
        self._uses[name] = 0
        if not self._described:
            with self.cluster.connect(name) as connection:
                self._learn(connection)
        return name

    def give_back(self, name: str) -> None:
        """Wash a database for the next test, or drop it."""
        self._uses[name] += 1
        with self.cluster.connect(name) as connection:
            connection.execute(_ENDED)
            usable = self._uses[name] < _USES and connection.execute(_DESCRIBED).fetchall() == self._described
            if usable:
                self._wash(connection)
        if usable:
            self._clean.append(name)
        else:
            del self._uses[name]
            self.cluster.drop_database(name)

    def _learn(self, connection: Connection) -> None:
        self._described = connection.execute(_DESCRIBED).fetchall()
        self._tables = sorted(str(name) for (name,) in connection.execute(_TABLES))
        for table in self._filled(connection):
            statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            self._kept[table] = connection.execute(statement).fetchall()

    def _filled(self, connection: Connection) -> list[str]:
        one = "SELECT {} WHERE EXISTS (SELECT FROM {})"
        each = [sql.SQL(one).format(sql.Literal(name), sql.Identifier(name)) for name in self._tables]
        return [str(name) for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(each))]

    def _wash(self, connection: Connection) -> None:
        with connection.transaction():
            # Without it the order of the tables would matter.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in self._filled(connection):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self._kept.items():
                places = sql.SQL(", ").join(sql.Placeholder() * len(rows[0]))
                statement = sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), places)
                with connection.cursor() as cursor:
                    cursor.executemany(statement, rows)
