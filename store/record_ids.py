"""The UUIDs of records: computed from their delivery and position, so that no table of records is needed.

They are of version 8 (RFC 9562 §5.8): the first 96 bits are the delivery's stem, a digest with the bits of
version and variant set in it, the last 32 are the position in the file, from 1. All records of a delivery lie
side by side in an index.
"""

import hashlib
import re
from typing import Final

_DOMAIN: Final = b"inge records\x00"
_STEM_DIGITS: Final = 24
_VERSION_AT: Final = 12
_VARIANT_AT: Final = 16
_LARGEST: Final = 0xFFFFFFFF
_VERSION_IN_TEXT: Final = slice(14, 15)
_FORM: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def stem_for(party_id: str, manifest_uuid: str) -> str:
    """Return the stem of a delivery, 24 hexadecimal digits: of party and manifest, never of one alone."""
    named = b"\x00".join((party_id.encode(), manifest_uuid.lower().encode()))
    digits = list(hashlib.sha256(_DOMAIN + named).hexdigest()[:_STEM_DIGITS])
    digits[_VERSION_AT] = "8"
    digits[_VARIANT_AT] = "89ab"[int(digits[_VARIANT_AT], 16) & 3]
    return "".join(digits)


def record_uuid(stem: str, position: int) -> str:
    """Return the UUID of the record at a position (from 1). Raises ValueError for one there cannot be."""
    if len(stem) != _STEM_DIGITS or not 0 < position <= _LARGEST:
        raise ValueError("no stem, or no position")
    digits = f"{stem}{position:08x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_computed(uuid: str) -> bool:
    """Tell whether a UUID in lower case could be one that is computed here."""
    return uuid[_VERSION_IN_TEXT] == "8" and _FORM.fullmatch(uuid) is not None


def stem_of(uuid: str) -> str:
    """Return the stem that the UUID of a record begins with."""
    return uuid.replace("-", "")[:_STEM_DIGITS]


def position_of(uuid: str) -> int:
    """Return the position of the record that has this UUID."""
    return int(uuid.replace("-", "")[_STEM_DIGITS:], 16)
