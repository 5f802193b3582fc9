"""Signing the documents of this door: each carries its signature in itself, and can be proven years later."""

from collections.abc import Callable

from gateway.trust.canonical import CanonicalBytes
from gateway.trust.keys import SigningKey
from gateway.trust.signed_document import sign_document
from store.records import PartyRecord

Signer = Callable[[bytes, PartyRecord | None], bytes]
"""Signs a document for its reader, in itself. In: its canonical octets, the party it is for."""


def signer(key: SigningKey, ecdsa: SigningKey | None = None) -> Signer:
    """Return what signs documents in canonical form. In: the key, and one for parties that ask for it."""

    def sign(document: bytes, party: PartyRecord | None) -> bytes:
        wanted = party is not None and party.ecdsa_answers
        return sign_document(CanonicalBytes(document), key=ecdsa if wanted and ecdsa is not None else key)

    return sign
