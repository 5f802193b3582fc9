"""The switch of a party for the STR-Transform, at a running gateway."""

import base64
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from fixtures.attacks.forge import child, take_apart
from gateway.trust import names
from gateway.trust.algorithms import Transform
from messages.errors import Advice
from store.parties import change_party, show_party
from tests.door.test_messages import refused, sealed, somebody
from tests.support.core import ABH2
from tests.support.server import Gateway, octets, prepared
from tests.support.stores import open_test_store


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Iterator[Gateway]:
    """A gateway at which only the second agency may use the transform."""
    gateway = prepared(tmp_path, sqlite_url)
    store = open_test_store(sqlite_url)
    with store.write() as connection:
        change_party(connection, replace(show_party(connection, ABH2.kennung), str_transform=True))
    store.close()
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.kill()


def test_only_a_party_with_the_switch_may_sign_its_token_through_the_reference(gateway: Gateway) -> None:
    error, fault = refused(gateway, through_token(gateway, "abh1"))
    assert (error.code, error.proven) == ("T011.transform", True)
    assert error.fehler.handlung is Advice.CORRECT
    assert "STR-Transform" in error.fehler.text_deutsch
    assert b"wsse:UnsupportedAlgorithm" in etree.tostring(fault)

    response = gateway.post(through_token(gateway, "abh2"))
    assert response.status_code == 200, response.text
    (answer,) = gateway.client().prove(response.content).element
    assert answer.tag.endswith(".Akzeptanz.070003")


def test_the_switch_spares_nobody_the_digest_of_the_token(gateway: Gateway) -> None:
    error, _ = refused(gateway, through_token(gateway, "abh2", token_digest=bytes(32)))
    assert error.code == "T011.digest"


def through_token(gateway: Gateway, holder: str, token_digest: bytes | None = None) -> bytes:
    """A report whose signature covers Body, Timestamp and, by its reference, the token (WSS 1.1 §8.3)."""
    parts = take_apart(sealed(gateway, octets(somebody(holder)), holder))
    child(parts.signature, names.WSSE_SECURITY_TOKEN_REFERENCE).set(names.WSU_ID, "STR-1")
    token = etree.tostring(
        child(parts.security, names.WSSE_BINARY_SECURITY_TOKEN), method="c14n", exclusive=True
    )
    # The transform declares an empty default namespace on the token where none is rendered.
    name, _, rest = token.partition(b" ")
    digest = hashlib.sha256(name + b' xmlns="" ' + rest).digest() if token_digest is None else token_digest

    reference = copy.deepcopy(parts.references[0])
    reference.set("URI", "#STR-1")
    transform = child(reference, names.DS_TRANSFORM)
    exclusive = str(transform.get("Algorithm"))
    transform.set("Algorithm", Transform.STR)
    parameters = etree.SubElement(transform, names.WSSE_TRANSFORMATION_PARAMETERS)
    etree.SubElement(parameters, names.DS_CANONICALIZATION_METHOD, Algorithm=exclusive)
    child(reference, names.DS_DIGEST_VALUE).text = base64.b64encode(digest).decode()
    parts.signed_info.append(reference)

    signed = etree.tostring(parts.signed_info, method="c14n", exclusive=True)
    value = gateway.pki.key(holder).sign(signed)
    child(parts.signature, names.DS_SIGNATURE_VALUE).text = base64.b64encode(value).decode()
    return parts.octets()
