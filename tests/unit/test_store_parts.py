"""Small parts of the store: ids, vault, locks, statements."""

import os
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import SQLAlchemyError

from store.columns import moment_text
from store.engine import Store
from store.ids import IdSource
from store.schema import person
from store.statements import query
from store.vault import ContentBroken, ContentVault


def test_ids_rise_fit_into_63_bits_and_differ_between_nodes() -> None:
    times = iter([1_800_000_000_000_000_000, 1_800_000_000_000_000_000, 1_799_999_999_000_000_000])
    source = IdSource(7, lambda: next(times))
    first, second, third = source.take(), source.take(), source.take()
    assert first < second < third < 2**63
    assert first & 0xFFF == 7
    late = IdSource(4095, lambda: 3_900_000_000_000_000_000).take()
    assert first < late < 2**63
    assert IdSource(8, lambda: 1_800_000_000_000_000_000).take() != first
    with pytest.raises(ValueError, match="12 bits"):
        IdSource(4096, lambda: 0)


def test_the_node_number_differs_between_two_openings(store_url: str) -> None:
    from tests.support.stores import open_test_store

    nodes = set()
    for _ in range(3):
        opened = open_test_store(store_url)
        nodes.add(opened.new_id() & 0xFFF)
        opened.close()
    assert len(nodes) == 3


def test_a_wrapped_key_opens_only_under_its_master_key_and_its_id() -> None:
    vault = ContentVault(b"m" * 32, os.urandom)
    cipher, wrapped = vault.new_key(5)
    secret = cipher.encrypt(b"a", b"content")
    assert vault.open_key(5, wrapped).decrypt(b"a", secret) == b"content"
    with pytest.raises(ContentBroken):
        vault.open_key(6, wrapped)
    with pytest.raises(ContentBroken):
        ContentVault(b"n" * 32, os.urandom).open_key(5, wrapped)
    with pytest.raises(ContentBroken):
        cipher.decrypt(b"b", secret)
    with pytest.raises(ContentBroken):
        cipher.decrypt(b"a", secret[:-1] + bytes([secret[-1] ^ 1]))
    with pytest.raises(ValueError, match="32 bytes"):
        ContentVault(b"short", os.urandom)


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment_text(datetime(2026, 1, 1))
    assert moment_text(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000+00:00"


def test_a_statement_knows_its_parameters() -> None:
    question = select(person.c.id).where(
        person.c.lock_key == bindparam("a"), person.c.birth == bindparam("b")
    )
    assert query("postgresql", question, ["a", "b"]).sql.count("$") == 2
    with pytest.raises(ValueError, match="parameters"):
        query("sqlite", question, ["b", "a"])


def test_a_text_with_nul_never_reaches_postgresql_cut_short(postgres_store: Store) -> None:
    with postgres_store.unit_of_work() as uow, pytest.raises(ValueError, match="NUL"):
        uow.person_by_number("1\0002")
    with postgres_store.unit_of_work() as uow:
        assert uow.person_by_number("12") is None


@pytest.mark.postgresql
def test_locks_are_taken_in_ascending_order_whatever_was_asked(postgres_store: Store) -> None:
    """Two threads lock the same keys in opposite orders, many times; a deadlock would be StoreBusy."""
    errors: list[Exception] = []

    def work(keys: list[int]) -> None:
        try:
            for _ in range(100):
                with postgres_store.unit_of_work() as uow:
                    uow.lock_persons(keys)
                    uow.persons_by_lock_key(keys[0])
                    uow.commit()
        except Exception as error:
            errors.append(error)

    keys = list(range(-20, 20))
    threads = [
        threading.Thread(target=work, args=(order,)) for order in (keys, keys[::-1], keys[10:] + keys[:10])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_an_error_of_the_database_names_no_personal_data(store: Store) -> None:
    with pytest.raises(SQLAlchemyError) as caught, store.read() as reader:
        reader.connection.execute(text("SELECT 1 FROM nowhere WHERE name = :name"), {"name": "Şahin"})
    assert "Şahin" not in str(caught.value)
