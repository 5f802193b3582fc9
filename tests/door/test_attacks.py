"""The attack corpus, replayed against a live server: each case its typed refusal, and nothing dispatched."""

import hashlib
from collections import Counter
from datetime import UTC, datetime

import pytest
from lxml import etree

from adapters.client import Refused
from fixtures.attacks import Attack
from fixtures.attacks.corpus import attack_requests
from fixtures.attacks.parsing import parsing_attacks
from store.records import JournalKind
from tests.door.test_messages import sealed, somebody
from tests.support.server import Gateway, octets
from tests.support.stores import open_test_store
from tests.support.witness import FileWitness, PortWitness

# What a parser that could be fooled would open.
BAIT = "Köder, der nie gelesen werden darf"


def replay(gateway: Gateway, attacks: list[Attack]) -> tuple[Counter[str], list[str]]:
    """Post every attack; out: the codes of the refusals, and the cases that went another way."""
    codes: Counter[str] = Counter()
    astray = []
    client = gateway.client()
    for attack in attacks:
        response = gateway.post(attack.body, {"Content-Type": attack.content_type})
        assert b"Traceback" not in response.content
        assert BAIT.encode() not in response.content
        try:
            client.prove(response.content)
            code = ""
        except Refused as refused:
            code = refused.code
            codes[code] += 1
        assert response.status_code == (500 if code else 200)
        if (code or None) not in (attack.expected_codes or {None}):
            astray.append(f"{attack.name}: {code or 'passed'}, not {sorted(attack.expected_codes)}")
    return codes, astray


def effects(gateway: Gateway) -> dict[str, int]:
    store = open_test_store(gateway.store_url)
    with store.read() as reader:
        counts = reader.counts()
    store.close()
    return counts


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_signature_corpus(gateway: Gateway, version: str) -> None:
    document = octets(somebody())
    signer = gateway.pki.key("abh1")
    attacks = list(attack_requests(signer, document=document, now=datetime.now(UTC), soap_version=version))
    harmful = [attack for attack in attacks if attack.expected_codes]
    before = effects(gateway)
    codes, astray = replay(gateway, harmful)
    after = effects(gateway)
    assert astray == []
    # Each refusal left its row in the journal, and nothing else changed.
    assert after["journal"] == before["journal"] + codes.total()
    assert codes.total() == len(harmful)
    assert {**after, "journal": 0} == {**before, "journal": 0}
    passing, astray = replay(gateway, [attack for attack in attacks if not attack.expected_codes])
    assert astray == []
    assert passing.total() == 0


def test_parsing_corpus_opens_nothing(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bait")
    (folder / "secret").write_text(BAIT)
    with FileWitness(folder) as files, PortWitness() as port:
        uris = (folder / "secret").as_uri(), f"http://127.0.0.1:{port.port}/"
        attacks = list(parsing_attacks(*uris))
        before = effects(gateway)
        codes, astray = replay(gateway, attacks)
        assert astray == []
        assert not files.saw_something()
        assert not port.saw_something()
    after = effects(gateway)
    assert after["journal"] == before["journal"] + codes.total()
    assert after["message"] == before["message"]


def test_an_honest_sender_is_served_after_all_that(gateway: Gateway) -> None:
    assert gateway.get("/readyz").status_code == 200
    assert gateway.post(sealed(gateway, octets(somebody()))).status_code == 200
    assert len(gateway.workers()) == 2
    assert gateway.events("unexpected") == []


def test_an_unproven_refusal_is_journaled_without_its_content(gateway: Gateway) -> None:
    body = sealed(gateway, octets(somebody())).replace(b"Lindenweg", b"Lindenweq")
    response = gateway.post(body)
    store = open_test_store(gateway.store_url)
    with store.read() as reader:
        rows = [*reader.journal(), *reader.journal(unsealed=True)]
        (row,) = [each for each in rows if each.digest == hashlib.sha256(body).digest()]
    store.close()
    assert row.kind == JournalKind.REFUSED
    assert row.code is not None
    assert row.code.encode() in response.content
    assert (row.size, row.peer, row.door) == (len(body), "127.0.0.1", "soap")
    assert (row.party_id, row.uuid, row.content_key_id) == (None, None, None)
    assert etree.fromstring(response.content).find(".//{*}rueckweisung") is None
