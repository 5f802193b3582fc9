"""Properties of the identification number over its whole range."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.number import COUNTERS_PER_EPOCH, EPOCHS, NUMBER_DIGITS, Numbers, validate
from tests.support.ring import scale

NUMBERS = Numbers(b"a key for the tests, 32 bytes...")
pairs = st.tuples(st.integers(0, EPOCHS - 1), st.integers(0, COUNTERS_PER_EPOCH - 1))


def test_a_long_run_of_counters_over_several_epochs_gives_no_number_twice() -> None:
    each = scale(40_000, 1_000_000)
    made = {NUMBERS.assign(epoch, counter) for epoch in (0, 1, 2, EPOCHS - 1) for counter in range(each)}
    assert len(made) == 4 * each


@given(one=pairs, other=pairs)
def test_different_pairs_give_different_numbers(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (NUMBERS.assign(*one) == NUMBERS.assign(*other)) == (one == other)


@given(pair=pairs)
def test_every_single_wrong_digit_is_found(pair: tuple[int, int]) -> None:
    number = NUMBERS.assign(*pair)
    for place in range(NUMBER_DIGITS):
        for digit in "0123456789":
            if digit != number[place]:
                assert not validate(number[:place] + digit + number[place + 1 :])


@given(pair=pairs)
def test_every_swap_of_two_digits_is_found(pair: tuple[int, int]) -> None:
    number = NUMBERS.assign(*pair)
    for first in range(NUMBER_DIGITS):
        for second in range(first + 1, NUMBER_DIGITS):
            if number[first] != number[second]:
                digits = list(number)
                digits[first], digits[second] = digits[second], digits[first]
                assert not validate("".join(digits))
