"""The answer element around an answer document, and when it may be sealed without a second look."""

import pytest

from adapters.soap.contract import load_contract, wrap_answer
from gateway.trust.canonical import CanonicalBytes, canonical_octets, read_canonical

DOCUMENTS = {
    "prefixed": b'<xa:a xmlns:xa="urn:x"><b>\xc3\xa4 &amp; &gt;</b></xa:a>',
    "same prefix": b'<d:quittung xmlns:d="urn:inge-gateway:dienst:1"></d:quittung>',
    "same prefix, other namespace": b'<d:a xmlns:d="urn:x"></d:a>',
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_what_is_called_canonical_is(document: bytes) -> None:
    wrapped = wrap_answer(CanonicalBytes(document), load_contract().operations[0])
    if isinstance(wrapped, CanonicalBytes):
        assert canonical_octets(read_canonical(wrapped)) == wrapped


def test_a_plain_document_is_never_called_canonical() -> None:
    wrapped = wrap_answer(DOCUMENTS["prefixed"], load_contract().operations[0])
    assert not isinstance(wrapped, CanonicalBytes)


def test_the_usual_answer_is_sealed_without_a_second_look() -> None:
    wrapped = wrap_answer(CanonicalBytes(DOCUMENTS["prefixed"]), load_contract().operations[0])
    assert isinstance(wrapped, CanonicalBytes)
