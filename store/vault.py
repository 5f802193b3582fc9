"""Content encrypted under a key of its own, so that destroying one small row makes it unreadable for ever.

AES-256-GCM (NIST SP 800-38D) for content and for wrapping the content key under the master key. Nonces are
96 random bits before the ciphertext.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
ANSWER = b"answer"
"""Label of an answer document's ciphertext."""
REQUEST = b"journal"
"""Label of a journaled content's ciphertext."""
OUTBOX = b"outbox"
"""Label of a later answer's ciphertext."""
CHUNK = b"chunk"
"""Label of the ciphertext of a delivery's chunk."""
SUPPLIED = b"supplied"
"""Label of the ciphertext of test data that were given separately."""
COMPARISON = b"comparison"
"""Label of the ciphertext of a report on test data."""


class ContentBroken(Exception):
    """A ciphertext or wrapped key does not fit its key: changed, or another master key."""


class ContentCipher:
    """Encrypts the contents of one request; a `label` each, so that none can stand for another."""

    __slots__ = ("_aead", "_random", "key_id")

    def __init__(self, key_id: int, key: bytes, random: Callable[[int], bytes]) -> None:
        self.key_id = key_id
        self._aead = AESGCM(key)
        self._random = random

    def encrypt(self, label: bytes, content: bytes) -> bytes:
        """Return nonce and ciphertext of the content."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, content, label)

    def decrypt(self, label: bytes, ciphertext: bytes) -> bytes:
        """Return the content; raises ContentBroken when it was changed or belongs elsewhere."""
        try:
            return self._aead.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], label)
        except InvalidTag as error:
            raise ContentBroken("ciphertext does not fit its content key") from error


class ContentVault:
    """Makes content keys and wraps them under the master key.

    In: the master key of 32 bytes and the source of random bytes (`os.urandom`).
    """

    def __init__(self, master_key: bytes, random: Callable[[int], bytes]) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError(f"the master key must have {KEY_BYTES} bytes, not {len(master_key)}")
        self._aead = AESGCM(master_key)
        self._random = random

    def new_key(self, key_id: int) -> tuple[ContentCipher, bytes]:
        """Return a fresh cipher, and its key wrapped for the row `key_id` that can be destroyed."""
        key = self._random(KEY_BYTES)
        nonce = self._random(NONCE_BYTES)
        wrapped = nonce + self._aead.encrypt(nonce, key, _bound(key_id))
        return ContentCipher(key_id, key, self._random), wrapped

    def open_key(self, key_id: int, wrapped: bytes) -> ContentCipher:
        """Return the cipher of a stored key; raises ContentBroken when the wrapping does not fit."""
        try:
            key = self._aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(key_id))
        except InvalidTag as error:
            raise ContentBroken("content key does not fit the master key") from error
        return ContentCipher(key_id, key, self._random)


def _bound(key_id: int) -> bytes:
    return b"inge content key " + key_id.to_bytes(8, "big")
