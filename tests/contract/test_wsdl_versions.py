"""The contract for a further version: what `?wsdl=27.05` gives can be generated from and validates."""

from pathlib import Path

import pytest
import zeep
from lxml import etree

from adapters.soap.contract import load_contract, published_files
from adapters.soap.published import version_files, wsdl_key
from fixtures import persons
from fixtures.standards import FOLDER
from messages.registry import in_version
from schemas.folders import CONTRACT_FILE, ContractFolder
from schemas.model import XS
from schemas.paths import dienst_xsd
from store.engine import Store
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.proofs import seal
from tests.support.versions import NEW, OLD, confirm, gateway, versions

URL = "https://inge.example/soap"
VERSION = ContractFolder.read(FOLDER / CONTRACT_FILE)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything as a generator finds it below the door's address, the WSDL of the version under `wsdl`."""
    folder = tmp_path_factory.mktemp("contract")
    for name, content in {**published_files(URL), **version_files(URL, VERSION)}.items():
        path = folder / ("wsdl" if name == wsdl_key(NEW) else name or "bundled")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_every_location_is_published(fetched: Path) -> None:
    for path in [fetched / "wsdl", *fetched.rglob("*.xsd")]:
        for node in etree.parse(path).iter(f"{XS}import", f"{XS}include"):
            location = node.get("schemaLocation")
            assert "://" not in str(location)
            assert (path.parent / str(location)).resolve().is_file(), f"{path}: {location}"


def test_the_bundled_contract_stays_as_it_is() -> None:
    assert not published_files(URL).keys() & version_files(URL, VERSION).keys()


def test_a_generator_finds_every_operation_with_the_roots_of_the_version(fetched: Path) -> None:
    client = zeep.Client(str(fetched / "wsdl"))
    binding = client.service._binding
    assert binding._operations.keys() == {operation.name for operation in load_contract().operations}
    for operation in load_contract().operations:
        root = str(binding._operations[operation.name].input.body.qname.text)
        assert versions().bundled_root(root) == operation.request
        assert ("2705" in root) is ("2611" in operation.request)
    assert client.service._binding_options["address"] == URL


def test_each_document_of_an_answer_may_stand_in_either_version() -> None:
    """What the builder relies on: a document of the standard is always one of a choice."""
    named = [
        node
        for node in etree.parse(dienst_xsd()).iter(f"{XS}element")
        if str(node.get("ref")).startswith("xauslaender:")
    ]
    assert named
    assert {node.getparent().tag for node in named} == {f"{XS}choice"}  # type: ignore[union-attr]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_an_answer_as_it_leaves_is_valid_by_the_schema_of_the_version(
    version: str, store: Store, fetched: Path
) -> None:
    furnish(store, shared_pki())
    confirm(store, OLD, NEW)
    core = gateway(store)
    message = in_version(persons.entitlement(ABH1, new_uuid(), NOW), version)
    sealed = seal(etree.tostring(versions().build(message)), core.pki.key("abh1"), core.clock.now())
    answer = core._proof.open(core.knock(sealed).body, core.clock.now()).element
    schema = etree.XMLSchema(etree.parse(fetched / "schemas" / "versions" / NEW / "inge-dienst.xsd"))
    schema.assertValid(answer)
    bundled = etree.XMLSchema(etree.parse(fetched / "schemas" / "dienst" / "1" / "inge-dienst.xsd"))
    assert bundled.validate(answer) is (version == OLD)
