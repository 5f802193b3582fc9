"""The identification number (BAMF-Kennziffer): unique, not guessable in sequence, without personal data.

A number is a keyed permutation of (epoch, counter), followed by two check characters of ISO/IEC 7064
MOD 97-10. Being a permutation it needs no table of used numbers: two pairs never give the same number. A
restore from backup raises the epoch, so numbers handed out after the backup are never assigned again.
"""

import hashlib
from typing import Final

COUNTERS_PER_EPOCH: Final = 10**10
EPOCHS: Final = 90
BODY_DIGITS: Final = 12
NUMBER_DIGITS: Final = BODY_DIGITS + 2

_DOMAIN: Final = EPOCHS * COUNTERS_PER_EPOCH
# The body never starts with 0, so that no spreadsheet shortens it.
_FIRST_BODY: Final = 10 ** (BODY_DIGITS - 1)
_HALF_BITS: Final = 20
_HALF_MASK: Final = (1 << _HALF_BITS) - 1
# As many rounds as NIST SP 800-38G asks of FF1 for a domain of this size.
_ROUNDS: Final = 10
_LEAST_KEY_BYTES: Final = 16
_MODULUS: Final = 97


class Numbers:
    """Makes identification numbers under one secret key.

    In: the key, 16 to 64 random bytes that never change during the life of a store.
    """

    def __init__(self, key: bytes) -> None:
        if not _LEAST_KEY_BYTES <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            raise ValueError("the number key must have 16 to 64 bytes")
        self._rounds = tuple(
            hashlib.blake2b(key=key, digest_size=4, person=b"inge-number-%02d" % index)
            for index in range(_ROUNDS)
        )

    def assign(self, epoch: int, counter: int) -> str:
        """Return the number of a pair that the store hands out once.

        In: epoch 0 to 89 and counter 0 to 10^10 - 1. Out: 14 digits. Raises ValueError outside these ranges.
        """
        if not (0 <= epoch < EPOCHS and 0 <= counter < COUNTERS_PER_EPOCH):
            raise ValueError("epoch or counter outside the range of the numbers")
        value = self._permute(epoch * COUNTERS_PER_EPOCH + counter)
        # Cycle walking: the permutation of 2^40 values becomes one of the domain.
        while value >= _DOMAIN:
            value = self._permute(value)
        body = str(_FIRST_BODY + value)
        return body + check_characters(body)

    def _permute(self, value: int) -> int:
        left, right = value >> _HALF_BITS, value & _HALF_MASK
        for keyed in self._rounds:
            state = keyed.copy()
            state.update(right.to_bytes(3))
            left, right = right, left ^ (int.from_bytes(state.digest()) & _HALF_MASK)
        return left << _HALF_BITS | right


def check_characters(body: str) -> str:
    """Return the two check characters of ISO/IEC 7064 MOD 97-10 for a string of digits."""
    return f"{(_MODULUS + 1 - int(body) * 100 % _MODULUS) % _MODULUS:02d}"


def validate(number: str) -> bool:
    """Tell whether a text can be an identification number: 14 ASCII digits with right check characters.

    Every wrong digit and every swap of two digits is found (97 is prime, 10 a primitive root of it).
    """
    return (
        len(number) == NUMBER_DIGITS
        and number.isascii()
        and number.isdigit()
        and number[0] != "0"
        and int(number) % _MODULUS == 1
    )
