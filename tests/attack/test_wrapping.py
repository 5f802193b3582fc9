"""The signature corpus against the proof: S01–S14, K01–K04 and P17 in both SOAP versions."""

from datetime import UTC, datetime
from functools import cache

import pytest

from fixtures.attacks import Attack
from fixtures.attacks.corpus import attack_requests, catalogue
from gateway.trust.certificates import require_valid
from gateway.trust.wssecurity import seal_envelope
from messages.errors import CATALOGUE, GatewayError
from tests.support.pki import shared_pki, shared_validator
from tests.support.signatures import prove

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DOCUMENT = (
    '<x:report xmlns:x="urn:example:report"><nachrichtenUUID>0b0f3f4e-6a0c-4a55-9c5e-b3a7cf6b1f00'
    "</nachrichtenUUID><name>Müller</name><number>12345</number></x:report>"
).encode()
CASES = [(case.id, variant) for case in catalogue().values() for variant in case.expected]


@cache
def attacks(soap_version: str) -> dict[tuple[str, str], Attack]:
    """Return every attack on one message, by id and variant."""
    made = list(
        attack_requests(shared_pki().key("abh1"), document=DOCUMENT, now=NOW, soap_version=soap_version)
    )
    assert len({attack.name for attack in made}) == len(made)
    return {(attack.id, attack.variant): attack for attack in made}


def outcome(raw: bytes) -> str | None:
    """Return the code of the refusal by proof or certificate path, None if both hold."""
    try:
        certificate = prove(raw, NOW).document.certificate
        require_valid(shared_validator().check(certificate, NOW))
    except GatewayError as error:
        return error.code
    return None


def test_the_message_the_attacks_are_made_of_passes() -> None:
    sealed = seal_envelope(DOCUMENT, key=shared_pki().key("abh1"), soap_version="1.1", now=NOW)
    assert outcome(sealed) is None


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_catalogue_and_generators_name_the_same_cases(soap_version: str) -> None:
    assert set(attacks(soap_version)) == set(CASES)


def test_every_expected_code_is_in_the_error_catalogue() -> None:
    expected = {code for case in catalogue().values() for codes in case.expected.values() for code in codes}
    assert expected <= set(CATALOGUE)


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
@pytest.mark.parametrize(("case_id", "variant"), CASES, ids=lambda part: part)
def test_every_attack_meets_its_expected_refusal(case_id: str, variant: str, soap_version: str) -> None:
    attack = attacks(soap_version)[case_id, variant]
    code = outcome(attack.body)
    if attack.expected_codes:
        assert code in attack.expected_codes
    else:
        assert code is None


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
def test_cdata_is_read_as_the_text_that_was_signed(soap_version: str) -> None:
    proof = prove(attacks(soap_version)["P17", "cdata"].body, NOW)
    assert proof.document.element.findtext("nachrichtenUUID") == "0b0f3f4e-6a0c-4a55-9c5e-b3a7cf6b1f00"
