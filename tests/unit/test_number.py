"""The identification number: its form, and that it tells nothing."""

import itertools

import pytest

from gateway.number import COUNTERS_PER_EPOCH, EPOCHS, NUMBER_DIGITS, Numbers, check_characters, validate

KEY = bytes(range(32))


def test_check_characters_are_those_of_iso_7064_mod_97_10() -> None:
    # ISO/IEC 7064 says of a right string: its value modulo 97 is 1.
    assert check_characters("794") == "44"
    assert int("79444") % 97 == 1


def test_numbers_have_one_form() -> None:
    numbers = Numbers(KEY)
    for pair in [(0, 0), (0, COUNTERS_PER_EPOCH - 1), (EPOCHS - 1, 0), (EPOCHS - 1, COUNTERS_PER_EPOCH - 1)]:
        number = numbers.assign(*pair)
        assert len(number) == NUMBER_DIGITS
        assert validate(number)


def test_same_key_and_pair_give_the_same_number_for_ever() -> None:
    assert Numbers(KEY).assign(1, 42) == Numbers(KEY).assign(1, 42)
    # Numbers are promises on paper: a change of the permutation would break them.
    assert Numbers(KEY).assign(0, 1) == "69796785425241"


def test_another_key_gives_other_numbers() -> None:
    ours, theirs = Numbers(KEY), Numbers(bytes(32))
    same = sum(ours.assign(0, counter) == theirs.assign(0, counter) for counter in range(1000))
    assert same == 0


def test_numbers_are_not_in_sequence() -> None:
    numbers = [int(Numbers(KEY).assign(0, counter)) for counter in range(2000)]
    rising = sum(later > earlier for earlier, later in itertools.pairwise(numbers))
    assert 900 < rising < 1100
    assert min(abs(later - earlier) for earlier, later in itertools.pairwise(numbers)) > 1000


@pytest.mark.parametrize("pair", [(-1, 0), (EPOCHS, 0), (0, -1), (0, COUNTERS_PER_EPOCH)])
def test_pairs_outside_the_range_are_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        Numbers(KEY).assign(*pair)


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(65)])
def test_weak_or_oversized_keys_are_refused(key: bytes) -> None:
    with pytest.raises(ValueError):
        Numbers(key)


@pytest.mark.parametrize("text", ["", "1", "٠" * 14, " 86242437850711", "8624243785071a", "00000000000001"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert not validate(text)
