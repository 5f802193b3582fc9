"""The bars, drawn without a page around them and read by a scanner that did not make them."""

import string
from itertools import product

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from adapters.print.barcode import code128

HEIGHT = 40
DOTS_PER_MODULE = 3
PRINTABLE = string.digits + string.ascii_letters + string.punctuation


def read(text: str) -> list[str]:
    symbol = code128(text)
    line = bytearray(b"\xff" * (symbol["modules"] * DOTS_PER_MODULE))
    for start, width in symbol["bars"]:
        line[start * DOTS_PER_MODULE : (start + width) * DOTS_PER_MODULE] = bytes(width * DOTS_PER_MODULE)
    picture = memoryview(bytes(line) * HEIGHT).cast("B", shape=[HEIGHT, len(line)])
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("rest", ["", "7", "158456271180"])
def test_no_first_pair_of_digits_is_lost(rest: str) -> None:
    numbers = [f"{first}{second}{rest}" for first, second in product(string.digits, repeat=2)]
    assert [read(number) for number in numbers] == [[number] for number in numbers]


@given(text=st.text(PRINTABLE, min_size=1, max_size=20) | st.text("019", min_size=1, max_size=20))
def test_what_is_drawn_is_what_is_read(text: str) -> None:
    assert read(text) == [text]
