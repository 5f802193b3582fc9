"""Comparison keys of the duplicate test. Documents are never changed, only these keys are normalised."""

import hashlib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

# Upper case I is the capital of both i and ı, İ the capital of i in Turkish. Without the language of a name
# nobody can tell which, so the four letters are one letter for the key.
_ONE_I = str.maketrans({"I": "i", "İ": "i", "ı": "i"})
_SOFT_DOT = "i\u0307"
_SEPARATOR = "\x1f"
_UNKNOWN_GENDERS = frozenset({"", "x"})


class KeyProfile(StrEnum):
    """Which parts of the personal data make two persons a hit."""

    SEED2012 = "seed2012"
    """Surname, first name, birth date and gender."""
    XA = "xa"
    """Surname, birth date and gender; the first name does not count."""


def name_key(text: str | None) -> str:
    """Return the comparison key of a name.

    In: the name as sent, or None where the sender says that there is none (`nichtVorhanden`).
    Out: NFC, trimmed, blanks collapsed, case folded without regard to a language. A missing name has the
    empty key, so missing equals missing only (an empty text never gets here: S030).
    """
    if text is None:
        return ""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    folded = composed.translate(_ONE_I).casefold().replace(_SOFT_DOT, "i")
    return unicodedata.normalize("NFC", folded)


def lock_key(surname_key: str, birth: str) -> int:
    """Return the key under which everything about possibly equal persons is serialised.

    In: `name_key` of the surname; the birth date in ISO form with the precision it was sent in.
    Out: signed 64 bit integer; coarser than every key profile, for first name and gender may be missing.
    """
    material = f"{surname_key}{_SEPARATOR}{birth}".encode()
    return int.from_bytes(hashlib.blake2b(material, digest_size=8, person=b"inge-lock").digest(), signed=True)


# Without slots: the lock key is hashed once and kept.
@dataclass(frozen=True)
class PersonKey:
    """What of a person is compared.

    `birth` is ISO text of the sent precision (`1990`, `1990-05`, `1990-05-01`); only equal precision hits.
    """

    surname: str
    first_name: str
    birth: str
    gender: str

    @cached_property
    def lock(self) -> int:
        """Return the lock key of this person."""
        return lock_key(self.surname, self.birth)

    def hits(self, other: "PersonKey", profile: KeyProfile) -> bool:
        """Tell whether the two are a key hit under the profile.

        A gender that is absent, empty or `x` on one side counts as equal.
        """
        return (
            self.surname == other.surname
            and self.birth == other.birth
            and genders_agree(self.gender, other.gender)
            and (profile is KeyProfile.XA or self.first_name == other.first_name)
        )


def genders_agree(one: str, other: str) -> bool:
    """Tell whether two genders count as equal: one that is absent, empty or `x` equals any."""
    return one == other or one in _UNKNOWN_GENDERS or other in _UNKNOWN_GENDERS
