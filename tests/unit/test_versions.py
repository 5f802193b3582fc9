"""A further version of the standard: what its folder may say, and what is refused before a gateway starts."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fixtures.messages import examples
from fixtures.standards import FOLDER, render
from messages.dialect import BUNDLED
from messages.registry import MESSAGE_TYPES, MessageRegistry, build, in_version, parse, write
from messages.versions import dialect_of
from schemas.folders import ContractFileError, ContractFolder, Period, read_folders
from schemas.paths import ROOT
from tests.support.versions import NEW, OLD, registry, versions

PLACE = "BerechtigungVerpflichtung.austellendeBehoerde"
BUNDLED_FILES = {file.name for file in (ROOT / "xauslaender" / "2611").glob("*.xsd")}


def ours() -> ContractFolder:
    return ContractFolder.read(FOLDER / "contract.toml")


def of_the_standard() -> dict[str, Any]:
    return {root: kind for root, kind in MESSAGE_TYPES.items() if kind.standard == "XAusländer"}


def test_the_files_are_what_the_builder_makes() -> None:
    assert {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.xsd")} == render()
    assert render().keys() == BUNDLED_FILES


def test_exactly_one_element_has_another_name() -> None:
    bundled = (ROOT / "xauslaender" / "2611" / "xauslaender-nachrichten-bamf-abh.xsd").read_text("utf-8")
    names = [
        {line for line in text.splitlines() if "<xs:element name=" in line}
        for text in (bundled, render()["xauslaender-nachrichten-bamf-abh.xsd"])
    ]
    (old,), (new,) = names[0] - names[1], names[1] - names[0]
    assert new == old.replace("austellende", "ausstellende")


def test_the_messages_keep_the_bundled_schema_in_every_element() -> None:
    """The check that a further version has to pass says nothing against the version that comes with this."""
    (bundled,) = (each for each in read_folders() if each.version_name == BUNDLED.name)
    assert dialect_of(replace(bundled, extends=BUNDLED.name), of_the_standard()) is not None


@pytest.mark.parametrize("name", [name for name, each in examples().items() if each.standard == "XAusländer"])
def test_a_message_is_read_and_written_in_both_versions(name: str) -> None:
    message: Any = examples()[name]
    old, new = (in_version(message, version) for version in (OLD, NEW))
    assert versions().parse(versions().build(old)) == old == message
    assert versions().parse(versions().build(new)) == new != message
    assert write(message) == versions().write(old)
    element = versions().build(new)
    contract = registry().identify(element, date(2027, 6, 1))
    assert (contract.version_name, contract.message_type) == ("XAusländer 27.05", message.message_type)
    assert registry().check(contract, element) == ()
    assert versions().bundled_root(element.tag) == type(message).root
    assert versions().root(message.message_type, NEW) == element.tag


def test_a_version_that_is_not_known_is_neither_read_nor_written() -> None:
    message: Any = in_version(examples()["070001-teilnahmeberechtigung"], NEW)
    with pytest.raises(ValueError, match=r"070001 is not known in version '27\.05'"):
        build(message)
    with pytest.raises(Exception, match="X001"):
        parse(versions().build(message))


@pytest.mark.parametrize(
    ("renamed", "said"),
    [
        ({}, f"the schema has ausstellendeBehoerde where the messages have austellendeBehoerde ({PLACE})"),
        (
            {PLACE: "behoerde"},
            f"the schema has ausstellendeBehoerde where the messages have behoerde ({PLACE})",
        ),
        (
            {PLACE: "ausstellendeBehoerde", "Personalien.vorname": "rufname"},
            "in personalien the schema has vorname where the messages have rufname (Personalien.vorname)",
        ),
        (
            {PLACE: "ausstellendeBehoerde", "Personalien.augenfarbe": "augenfarbe"},
            "[renamed] names Personalien.augenfarbe, which is no element of a message",
        ),
        (
            {PLACE: "bamfkennziffer"},
            "the schema has ausstellendeBehoerde where the messages have nothing",
        ),
    ],
)
def test_a_name_that_does_not_fit_is_refused_in_words(renamed: dict[str, str], said: str) -> None:
    with pytest.raises(ContractFileError) as caught:
        MessageRegistry.of([replace(ours(), renamed=renamed)])
    assert "XAusländer 27.05" in str(caught.value)
    assert said in str(caught.value)


def test_a_version_of_something_else_is_refused() -> None:
    with pytest.raises(ContractFileError, match=r"extends 'XAusländer 24\.05', but known are"):
        MessageRegistry.of([replace(ours(), extends="XAusländer 24.05")])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The version's folder at a place where it may be changed, as deep below the schemas as before."""
    shutil.copytree(ROOT, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "codelists", "dienst"))
    return Path(shutil.copytree(FOLDER, tmp_path / "fixtures" / "standards" / "copy"))


def _edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def test_a_message_more_or_less_is_refused(copied: Path) -> None:
    _edit(copied, "xauslaender-nachrichten-bamf-abh.xsd", "Antwort.070007", "Antwort.070099")
    with pytest.raises(ContractFileError) as caught:
        MessageRegistry.of(read_folders(versions=[copied]))
    name = "ABHBAMF.VerpflichtungErsetztBerechtigung.Antwort"
    assert f"{name}.070007 is missing in the schema" in str(caught.value)
    assert f"{name}.070099 is a message of the schema only" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("urn:inge-gateway:test:xauslaender:2705", "http://www.osci.de/xauslaender2611", "is there already"),
        ('version = "27.05"', 'version = "26.11"', "XAusländer 26.11 is there twice"),
        ("served_from = 2027-05-01", "", "served_from"),
        ("served_from = 2027-05-01", "served_from = 2027-13-01", "contract.toml"),
    ],
)
def test_a_folder_that_cannot_be_is_refused(old: str, new: str, said: str, copied: Path) -> None:
    _edit(copied, "contract.toml", old, new)
    with pytest.raises(ContractFileError, match=said):
        read_folders(versions=[copied])


def test_a_folder_without_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractFileError, match=r"contract\.toml: No such file"):
        read_folders(versions=[tmp_path])


def test_an_operator_sets_the_period_without_touching_the_folder() -> None:
    set_days = {
        "XAusländer 26.11": Period(served_until=date(2027, 4, 30)),
        "XAusländer 27.05": Period(served_from=date(2027, 4, 1), served_until=date(2028, 4, 30)),
    }
    found = {each.version_name: each.shown for each in read_folders(versions=[FOLDER], served=set_days)}
    assert found["XAusländer 26.11"] == "26.11 (2026-11-01 – 2027-04-30)"
    assert found["XAusländer 27.05"] == "27.05 (2027-04-01 – 2028-04-30)"


@pytest.mark.parametrize(
    ("name", "period", "said"),
    [
        (
            "XAusländer 28.11",
            Period(),
            r"'XAusländer 28\.11' is no version that is there; these are: .*XAusländer 26\.11, ",
        ),
        ("XAusländer 27.05", Period(served_until=date(2027, 4, 30)), "would end before it begins"),
    ],
)
def test_a_period_that_cannot_be_is_refused(name: str, period: Period, said: str) -> None:
    with pytest.raises(ContractFileError, match=said):
        read_folders(versions=[FOLDER], served={name: period})
