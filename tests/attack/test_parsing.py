"""Group P of the attack corpus against admission."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from fixtures.attacks import Attack
from fixtures.attacks.parsing import envelope, parsing_attacks, split_text
from gateway.trust.admission import Limits, admit
from messages.errors import CATALOGUE, GatewayError
from tests.support.witness import FileWitness, PortWitness

ROOT = Path(__file__).resolve().parents[2]
BAIT = "Köder, der nie gelesen werden darf"
ATTACKS = tuple(parsing_attacks("file:///nowhere/secret", "http://127.0.0.1:9/"))
PASSES_ADMISSION = frozenset({"T010.unsigned"})


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    secret = tmp_path / "secret"
    secret.write_text(BAIT)
    return secret


@pytest.fixture
def port() -> Iterator[PortWitness]:
    with PortWitness() as witness:
        yield witness


def outcome(attack: Attack) -> str | None:
    """Return the code of the refusal, None if the attack was admitted."""
    try:
        admit(attack.body, Limits())
    except GatewayError as error:
        return error.code
    return None


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_every_attack_meets_its_expected_refusal(attack: Attack) -> None:
    if attack.expected_codes == PASSES_ADMISSION:
        assert outcome(attack) is None
    else:
        assert outcome(attack) in attack.expected_codes


def test_the_corpus_covers_what_is_promised() -> None:
    promised = {f"P{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 14)}
    assert promised <= {attack.id for attack in ATTACKS}
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert frozenset[str]().union(*(attack.expected_codes for attack in ATTACKS)) <= set(CATALOGUE)


def test_nothing_is_opened_and_nobody_is_called(bait: Path, port: PortWitness) -> None:
    with FileWitness(bait.parent) as files:
        attacks = list(parsing_attacks(bait.as_uri(), f"http://127.0.0.1:{port.port}/x"))
        for attack in attacks:
            outcome(attack)
            assert not files.saw_something(), attack.name
            assert not port.saw_something(), attack.name


def test_a_parser_with_default_settings_would_have_opened_the_file(bait: Path) -> None:
    attack = next(a for a in parsing_attacks(bait.as_uri(), "http://127.0.0.1:9/") if a.id == "P01")
    with FileWitness(bait.parent) as files:
        root = etree.fromstring(attack.body, etree.XMLParser(resolve_entities=True, load_dtd=True))
        assert files.saw_something()
    assert BAIT in etree.tostring(root, encoding="unicode")


def test_the_port_witness_sees_a_connection(port: PortWitness) -> None:
    import socket

    socket.create_connection(("127.0.0.1", port.port)).close()
    assert port.saw_something()


def test_refusals_repeat_nothing_of_the_message() -> None:
    marker = "Geheimnis0815"
    broken = [
        envelope(f"<{marker}></a>".encode()),
        envelope(f"&{marker};".encode()),
        envelope(f"<a>{marker}\x01</a>".encode()),
        envelope(f"<{marker}:a/>".encode()),
        envelope(b"", prolog=f"<!DOCTYPE {marker}>".encode()),
        f'<?xml version="1.0" encoding="{marker}"?>'.encode() + envelope(b""),
        f'<?xml version="{marker}"?>'.encode() + envelope(b""),
    ]
    for body in broken:
        with pytest.raises(GatewayError) as refused:
            admit(body, Limits())
        error = refused.value
        said = f"{error} {error.text_de} {error.details} {error.path} {error.__cause__}"
        assert marker not in said


def test_cpu_and_memory_stay_bounded() -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.attack.bounded_child"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert [line["name"] for line in lines] == [attack.name for attack in ATTACKS], child.stderr
    assert child.returncode == 0, child.stderr
    codes = {line["name"]: line["code"] for line in lines}
    for attack in ATTACKS:
        expected = {""} if attack.expected_codes == PASSES_ADMISSION else attack.expected_codes
        assert codes[attack.name] in expected, attack.name


def test_split_text_keeps_its_wedges_in_the_tree() -> None:
    document = envelope(b"<kennung>admin</kennung>")
    variants = split_text(document, b"admin")
    comment, instruction, cdata = (
        admit(variants[name], Limits()).root for name in ("comment", "processing-instruction", "cdata")
    )
    assert [node.text for node in comment.iter(etree.Comment)] == [" "]
    assert [node.text for node in instruction.iter(etree.ProcessingInstruction)] == ["y"]
    assert cdata.findtext(".//kennung") == "admin"
    with pytest.raises(ValueError, match="does not occur"):
        split_text(document, b"elsewhere")
