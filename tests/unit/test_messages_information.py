"""Where the messages about known cases offer a choice, or spell a name in two ways."""

from datetime import date
from typing import Any

import pytest
from lxml import etree

from fixtures import courses
from fixtures.messages import examples
from messages.courses import KeinSchein, Kursende
from messages.errors import GatewayError
from messages.group07 import BerechtigungVerpflichtung
from messages.namespaces import XAUSLAENDER
from messages.registry import build, parse

EXAMPLES = examples()


def _element(name: str) -> etree._Element:
    return build(EXAMPLES[name])


def _find(element: etree._Element, name: str) -> etree._Element:
    found = element.find(f".//{{{XAUSLAENDER}}}{name}")
    assert found is not None, name
    return found


@pytest.mark.parametrize(
    ("name", "schein"),
    [
        ("070012-kein-recht", KeinSchein.KEINE_INFORMATIONEN),
        ("080012-berechtigungsscheininhalt", KeinSchein.KURS_VOLLSTAENDIG),
    ],
)
def test_a_certificate_without_right(name: str, schein: KeinSchein) -> None:
    element = _element(name)
    assert _find(element, schein.value).text == "true"
    message: Any = parse(element)
    assert message.schein is schein


def test_a_certificate_with_a_right() -> None:
    message: Any = parse(_element("070012-berechtigungsscheininhalt"))
    assert isinstance(message.schein, BerechtigungVerpflichtung)
    assert message.schein.gueltig_bis is None


def test_the_end_of_a_section_is_real_or_expected() -> None:
    message: Any = parse(_element("070015-auskunft"))
    assert [section.endedatum for section in message.abschnitte] == [
        Kursende(date(2026, 6, 19), tatsaechlich=True),
        Kursende(date(2026, 12, 11), tatsaechlich=False),
    ]
    (earlier,) = message.fruehere_abschnitte
    assert earlier == courses.EARLIER_SECTION


def test_a_placement_test_may_be_dispensable() -> None:
    element = _element("080015-auskunft")
    assert _find(element, "einstufungstestverzichtbar").text == "true"
    message: Any = parse(element)
    assert message.anmeldung.einstufungstest is None


def test_only_a_jobcenter_learns_results_of_tests() -> None:
    tags = [
        {etree.QName(each).localname for each in _element(f"{n}-auskunft").iter()}
        for n in ("070015", "080015")
    ]
    detail = {"abschlusstestart", "gesamtergebnis", "ergebnisHoeren", "fertigkeitSprechen"}
    assert not tags[0] & detail
    assert tags[1] >= detail
    assert "kursabschluss" in tags[0]
    assert "kursabschluss" not in tags[1]


def test_wire_spelling_is_kept() -> None:
    tags = {etree.QName(each).localname for each in _element("070015-auskunft").iter()}
    assert {"ausstellendeBehoerde", "bamfKennziffer"} <= tags
    assert not {"austellendeBehoerde", "bamfkennziffer"} & tags
    tags = {etree.QName(each).localname for each in _element("080003-akzeptanz").iter()}
    assert {"austellendeBehoerde", "bamfkennziffer"} <= tags
    assert not {"ausstellendeBehoerde", "bamfKennziffer"} & tags


@pytest.mark.parametrize(
    ("example", "name"),
    [
        ("070012-kein-recht", "informationBerechtigungsschein"),
        ("070015-auskunft", "endedatum"),
        ("070015-auskunft", "einstufungstest"),
    ],
)
@pytest.mark.parametrize("content", [(), ("fremd",), ("fremd", "fremd")])
def test_a_choice_that_does_not_fit_is_refused_with_its_path(
    example: str, name: str, content: tuple[str, ...]
) -> None:
    element = _element(example)
    choice = _find(element, name)
    for child in list(choice):
        choice.remove(child)
    for tag in content:
        etree.SubElement(choice, tag)
    with pytest.raises(GatewayError) as refused:
        parse(element)
    assert refused.value.code == "X001"
    assert name in (refused.value.path or "")


def test_no_disclosure_block_is_written_by_leaving_it_out() -> None:
    element = _element("070022-keine-auskunftssperre")
    assert element.find(f"{{{XAUSLAENDER}}}auskunftssperreLiegtVor") is None
    message: Any = parse(element)
    assert message.auskunftssperre_liegt_vor is False
