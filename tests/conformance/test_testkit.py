"""What the booklet of the test kit shows, messages and answers, valid by the official schema files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from adapters.testkit.booklet import leaves
from adapters.testkit.kit import lay_keys
from adapters.testkit.parties import usual_reader
from schemas.catalog import Catalog, schema_parser
from tests.conformance.test_official_schemas import ENTRY
from tests.support.reference import reference_dir

pytestmark = pytest.mark.conformance
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
FAULTY = {"not-valid", "wrong-version"}


def test_messages_and_answers_are_valid_officially(tmp_path: Path) -> None:
    official = reference_dir("xauslaender-xsd")
    parser = schema_parser(Catalog.of_folder(official))
    schemas = {
        namespace: etree.XMLSchema(etree.parse(official / file, parser)) for namespace, file in ENTRY.items()
    }
    seen: set[str] = set()
    for leaf in leaves(lay_keys(tmp_path, NOW), usual_reader(), NOW):
        for name in ("input.xml", "answer.xml"):
            for element in etree.fromstring(leaf.files[name]).iter("*"):
                schema = schemas.get(etree.QName(element).namespace or "")
                top = element.getparent()
                if schema is None or (top is not None and etree.QName(top).namespace in (None, *ENTRY)):
                    continue
                document = etree.fromstring(etree.tostring(element, with_tail=False))
                faulty = name == "input.xml" and leaf.case.change in FAULTY
                assert schema(document) is not faulty, (leaf.case.id, name, schema.error_log)
                seen.add(etree.QName(element).localname[-6:])
    assert len(seen) == 15 + 15 + 1
    assert "n.0010" in seen
