"""What the gateway really sends, valid by the official schema files."""

from dataclasses import replace
from datetime import date

import pytest
from lxml import etree

from fixtures import jobcenters
from fixtures.persons import AMINA, LEYLA, THI, decision, entitlement, obligation_1b, with_nationalities
from gateway.pipeline import Answer
from messages.fehler import parse_fehler
from schemas.catalog import Catalog, schema_parser
from store.engine import Store
from tests.conformance.test_official_schemas import ENTRY
from tests.support.core import ABH1, ABH2, NOW, TGS1, Core, furnish, new_uuid
from tests.support.pki import shared_pki
from tests.support.reference import reference_dir

pytestmark = pytest.mark.conformance


def test_answers_and_rejections_are_valid_officially(store: Store) -> None:
    official = reference_dir("xauslaender-xsd")
    parser = schema_parser(Catalog.of_folder(official))
    schemas = {
        namespace: etree.XMLSchema(etree.parse(official / file, parser)) for namespace, file in ENTRY.items()
    }
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    first, _ = core.answer(entitlement(ABH1, new_uuid(), NOW, LEYLA))
    wrong = entitlement(ABH1, new_uuid(), NOW, LEYLA, reader=ABH2)
    until = date(2027, 6, 30)
    outcomes = [
        first,
        core.send(obligation_1b(ABH1, new_uuid(), NOW, THI)),
        core.send(entitlement(ABH2, new_uuid(), NOW, LEYLA), "abh2"),
        core.send(entitlement(ABH2, new_uuid(), NOW, LEYLA, number=first.number), "abh2"),
        core.send(obligation_1b(ABH1, new_uuid(), NOW, with_nationalities(AMINA, "000"))),
        core.send(decision(ABH1, new_uuid(), NOW, new_uuid(), True)),
        core.send(jobcenters.admission(TGS1, new_uuid(), NOW, until, LEYLA), "tgs1"),
        core.send(jobcenters.admission(TGS1, new_uuid(), NOW, until, LEYLA, number=first.number), "tgs1"),
        core.send(jobcenters.obligation(TGS1, new_uuid(), NOW, until, LEYLA, number=first.number), "tgs1"),
        core.send(wrong),
        core.send(replace(wrong, rahmen=replace(wrong.rahmen, test=None))),
    ]
    types = [each.message_type if isinstance(each, Answer) else "0010" for each in outcomes]
    group07 = ["070003", "070003", "070004", "070005", "070005", "070005"]
    assert types == [*group07, "080004", "080003", "080005", "0010", "0010"]
    for outcome in outcomes:
        if isinstance(outcome, Answer):
            document = etree.fromstring(outcome.document)
        else:
            rejection = parse_fehler(etree.fromstring(outcome.fehler)).rueckweisung
            assert rejection is not None
            document = etree.fromstring(etree.tostring(rejection))
        schema = schemas[etree.QName(document).namespace or ""]
        assert schema(document), schema.error_log
