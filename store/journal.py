"""The hashes of the journal: each row's own, and the chain over all of them.

Public, so that an auditor can recompute them without this program:

* row hash = SHA-256 over the JSON array of the row's fields in the order of `HASHED`, written in ASCII
  without blanks; points in time as microseconds since 1970, bytes as lower-case hex. `sealed_digest` is the
  SHA-256 of the encrypted content, so that the row can be checked after the content key was destroyed.
* chain hash = SHA-256 over the previous chain hash (32 zero bytes before the first), the position as 8 bytes
  big-endian, and the row hash.
* a head is signed over the line of `head_bytes`.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

FORMAT = "inge-journal-1"
GENESIS = bytes(32)
HASHED = (
    "id",
    "at",
    "kind",
    "party_id",
    "uuid",
    "message_type",
    "code",
    "door",
    "peer",
    "size",
    "digest",
    "facts",
    "content_key_id",
    "sealed_digest",
)

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Return an aware point in time as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def row_hash(fields: Sequence[object]) -> bytes:
    """Return the hash of a row. In: its fields in the order of `HASHED`."""
    plain: list[object] = [FORMAT]
    for value in fields:
        if type(value) is bytes:
            plain.append(value.hex())
        elif isinstance(value, datetime):
            plain.append(microseconds(value))
        else:
            plain.append(value)
    return hashlib.sha256(_encode(plain).encode("ascii")).digest()


def chain_hash(previous: bytes, position: int, row: bytes) -> bytes:
    """Return the chain's hash at `position`. In: the hash before it and the row hash, 32 bytes each."""
    return hashlib.sha256(previous + position.to_bytes(8, "big") + row).digest()


def head_bytes(position: int, chain: bytes, at: datetime) -> bytes:
    """Return what is signed for a head: format, position, chain hash and time of sealing in microseconds."""
    return f"{FORMAT} {position} {chain.hex()} {microseconds(at)}".encode("ascii")
