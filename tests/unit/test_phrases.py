"""What was expected and found reads German in the German text, wherever it comes from."""

import ast
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

import messages
from fixtures.messages import examples, render
from messages.phrases import in_german
from messages.violations import single_errors, to_error
from schemas.registry import SchemaRegistry
from tests.support.ring import scale

DAY = date(2026, 11, 24)
ENGLISH = re.compile(
    r"\b(of|the|no|such|another|or|only|pattern|attribute|value|text|element|end|empty|not|nothing|rule|a|is|its)\b"
)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("pattern [0-9]{12}", "Muster [0-9]{12}"),
        ("nachname or vorname or anschrift", "nachname oder vorname oder anschrift"),
        ("end of personalien", "Ende von personalien"),
        ("urn:example:list (version 3, 4)", "urn:example:list (Version 3, 4)"),
        ("MinLength 1", "Mindestlänge 1"),
        ("a number from 1 to 999", "eine Zahl von 1 bis 999"),
        ("geburtsdatum", "geburtsdatum"),
        ("code or name", "code oder name"),
    ],
)
def test_words_are_german_and_names_stay(english: str, german: str) -> None:
    assert in_german(english) == german


def said_by_the_readers() -> Iterator[str]:
    """Every literal text that the reading of messages gives for what was expected or found."""
    for file in sorted(Path(messages.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse":
                for argument in node.args[1:3]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value


def test_every_text_of_the_readers_has_a_german_one() -> None:
    said = set(said_by_the_readers())
    assert len(said) > 10
    assert [text for text in sorted(said) if " " in text and in_german(text) == text] == []
    assert [text for text in sorted(said) if ENGLISH.search(in_german(text))] == []


def spoilt(rng: random.Random, root: etree._Element) -> etree._Element:
    """The document with one to three faults of any kind."""
    for _ in range(rng.randint(1, 3)):
        element = rng.choice([each for each in root.iter("*") if each is not root])
        parent = element.getparent()
        assert parent is not None
        match rng.randrange(7):
            case 0:
                parent.remove(element)
            case 1:
                element.text = rng.choice(["", "  ", "☃", "x" * 5000, "2026-02-31"])
            case 2:
                element.set(rng.choice(["fremd", "listURI", "listVersionID"]), "urn:beispiel:fremd")
            case 3:
                parent.insert(0, etree.Element(element.tag))
            case 4:
                element.append(etree.Element("{urn:beispiel:fremd}fremd"))
            case 5:
                for name in list(element.attrib):
                    del element.attrib[name]
            case 6:
                parent.text = "Text dazwischen"
    return root


def test_every_finding_of_the_schema_check_reads_german() -> None:
    registry, rng = SchemaRegistry.load(), random.Random(19)
    roots = [render(message) for message in examples().values()]
    seen: set[str] = set()
    for _ in range(scale(200, 4000)):
        document = etree.fromstring(etree.tostring(spoilt(rng, etree.fromstring(rng.choice(roots)))))
        violations = registry.check(registry.identify(document, DAY), document)
        if not violations:
            continue
        for error in single_errors(to_error(violations)):
            for said in (error.details["expected"], error.details["found"]):
                seen.add(said)
    # "text" is the name of an element.
    german = {said: in_german(said) for said in seen - {"text"}}
    assert {said: told for said, told in german.items() if ENGLISH.search(outside_names(told))} == {}
    assert len(seen) > 50


def outside_names(text: str) -> str:
    """Without what is taken over as it is: patterns and lists of codes."""
    return re.sub(r"^(Muster|einer von|Regel) .*", r"\1", text)
