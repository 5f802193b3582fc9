"""The business clock: forward for all processes at once, in a test environment only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.cli.console import REFUSED, USAGE
from gateway.business_clock import (
    BusinessClock,
    ClockRefusedError,
    advance,
    business_clock,
    read_length,
    reset,
    set_to,
    show,
    stored_offset,
)
from gateway.clock import german_day
from store.engine import Store
from store.errors import StoreUnavailable
from tests.support.cli import inge, lay_out
from tests.support.core import NOW, StandingClock, settings
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store

DAY = timedelta(days=1)


def test_every_process_goes_by_a_moved_clock_within_half_a_second(store: Store, store_url: str) -> None:
    real = StandingClock()
    here = business_clock(settings(), real, store)
    assert here.now() == NOW
    other = open_test_store(store_url)
    advance(other, settings(), real, 40 * DAY)
    assert stored_offset(store) == 40 * DAY
    real.time += timedelta(milliseconds=499)
    assert here.now() == real.time
    real.time += timedelta(milliseconds=1)
    assert here.now() == real.time + 40 * DAY
    there = business_clock(settings(), real, other)
    assert there.now() == here.now()
    other.close()


def test_it_goes_forward_only_and_back_by_a_reset(store: Store) -> None:
    real, test = StandingClock(), settings()
    today = german_day(NOW)
    assert set_to(store, test, real, today).offset == timedelta(0)
    moved = set_to(store, test, real, today + 31 * DAY)
    assert german_day(moved.business) == today + 31 * DAY
    assert advance(store, test, real, DAY).offset == moved.offset + DAY
    with pytest.raises(ClockRefusedError, match="reset"):
        set_to(store, test, real, today + 31 * DAY)
    for wrong in (timedelta(0), -DAY):
        with pytest.raises(ClockRefusedError, match="forward"):
            advance(store, test, real, wrong)
    assert reset(store, test, real).offset == timedelta(0)
    assert show(store, test, real).business == NOW


def test_a_day_over_a_change_to_summer_time_keeps_the_time_of_the_german_clocks(store: Store) -> None:
    real = StandingClock(datetime(2027, 3, 27, 22, 30, 0, 250_000, tzinfo=UTC))
    state = set_to(store, settings(), real, date(2027, 3, 29))
    assert timedelta(0) <= state.business - datetime(2027, 3, 29, 21, 30, tzinfo=UTC) < timedelta(seconds=2)
    assert german_day(state.business) == date(2027, 3, 29)


def test_a_productive_environment_has_the_real_clock_only(store: Store) -> None:
    real, productive = StandingClock(), replace(settings(), environment="productive")
    advance(store, settings(), real, DAY)
    assert business_clock(productive, real, store) is real
    assert show(store, productive, real).offset == timedelta(0)
    with pytest.raises(ClockRefusedError, match="productive"):
        advance(store, productive, real, DAY)
    with pytest.raises(ClockRefusedError, match="productive"):
        set_to(store, productive, real, date(2030, 1, 1))
    with pytest.raises(ClockRefusedError, match="productive"):
        reset(store, productive, real)


def test_while_the_store_is_away_it_goes_on_by_the_last_known_offset() -> None:
    offsets = [timedelta(days=3)]

    def read() -> timedelta:
        if not offsets:
            raise StoreUnavailable("gone")
        return offsets.pop()

    real = StandingClock()
    clock = BusinessClock(real, read)
    assert clock.now() == NOW + 3 * DAY
    real.time += DAY
    assert clock.now() == NOW + 4 * DAY


@pytest.mark.parametrize(
    ("text", "length"),
    [("1d", DAY), ("2w", 14 * DAY), ("1d12h", 1.5 * DAY), ("90m", DAY / 16), ("30s", DAY / 2880)],
)
def test_lengths_of_time(text: str, length: timedelta) -> None:
    assert read_length(text) == length


@pytest.mark.parametrize("text", ["", "1", "d", "-1d", "1.5d", "1 d", "1d ", "1x", "999999d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        read_length(text)


def test_the_command_shows_moves_and_resets(tmp_path: Path) -> None:
    config = lay_out(tmp_path, shared_pki())
    assert inge("migrate", "--config", config).code == 0
    assert inge("clock", "show", "--config", config, "--json").json["offset_seconds"] == 0
    assert inge("clock", "advance", "1d", "--config", config, "--json").json["offset_seconds"] == 86_400
    ran = inge("clock", "set-to", "2030-02-01", "--config", config, "--json")
    assert ran.json["day"] == "2030-02-01"
    ran = inge("clock", "set-to", "2030-01-01", "--config", config)
    assert ran.code == REFUSED
    assert "reset" in ran.err
    assert inge("clock", "advance", "soon", "--config", config).code == USAGE
    assert inge("clock", "set-to", "1.2.2031", "--config", config).code == USAGE
    ran = inge("clock", "reset", "--config", config)
    assert ran.code == 0
    assert "the real time" in ran.out
    productive = config.read_text(encoding="utf-8").replace('name = "test"', 'name = "productive"')
    config.write_text(productive, encoding="utf-8")
    ran = inge("clock", "advance", "1d", "--config", config)
    assert ran.code == REFUSED
    assert "productive" in ran.err
