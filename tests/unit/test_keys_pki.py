"""The test PKI itself: built whole or not at all, kept once it is there."""

import stat
from pathlib import Path

import pytest
from cryptography import x509

import fixtures.pki
from adapters.testkit.pki_spec import read_spec
from fixtures.pki.build import build_pki
from tests.support.pki import PKI_TIME

DEMO = Path(fixtures.pki.__file__).with_name("demo.toml")


def test_the_demo_has_everything_its_readers_expect(tmp_path: Path) -> None:
    pki = build_pki(DEMO, tmp_path / "pki", PKI_TIME)
    expected = {
        "root.crt.pem", "issuing.crt.pem", "issuing.crl.pem", "gateway.p12", "gateway.crt.pem",
        "abh1.p12", "abh2.p12", "abh3.p12", "stranger.p12",
    }  # fmt: skip
    assert expected <= {path.name for path in pki.directory.iterdir()}
    assert [path.name for path in pki.anchors] == ["root.crt.pem", "brainpool-root.crt.pem"]
    assert [path.name for path in pki.intermediates] == ["issuing.crt.pem", "brainpool-issuing.crt.pem"]
    assert "stranger-root.crl.pem" not in {path.name for path in pki.crls}
    assert stat.S_IMODE(pki.p12("gateway").stat().st_mode) == 0o600
    with pytest.raises(KeyError):
        pki.p12("nobody")


def test_a_built_pki_is_kept(tmp_path: Path) -> None:
    first = build_pki(DEMO, tmp_path / "pki", PKI_TIME)
    before = {path.name: path.read_bytes() for path in first.directory.iterdir()}
    second = build_pki(DEMO, tmp_path / "pki", PKI_TIME)
    assert {path.name: path.read_bytes() for path in second.directory.iterdir()} == before
    assert second.certificate("gateway") == first.certificate("gateway")


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(FileExistsError):
        build_pki(DEMO, tmp_path, PKI_TIME)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    serials = iter([1, 2, 3])
    with pytest.raises(StopIteration):
        build_pki(DEMO, tmp_path / "pki", PKI_TIME, new_serial=lambda: next(serials))
    assert list(tmp_path.iterdir()) == []


def test_serial_numbers_and_periods_are_those_asked_for(tmp_path: Path) -> None:
    serials = iter(range(100, 200))
    pki = build_pki(DEMO, tmp_path / "pki", PKI_TIME, new_serial=lambda: next(serials))
    certificate = pki.certificate("root")
    assert certificate.serial_number == 100
    assert certificate.not_valid_before_utc < PKI_TIME < certificate.not_valid_after_utc
    key_identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert key_identifier == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())


def test_a_description_must_be_in_order(tmp_path: Path) -> None:
    description = tmp_path / "spec.toml"
    frame = (
        'password = "x"\norganization = "x"\n[subscribers]\n[authorities.a]\nname = "a"\nkey = "secp256r1"\n'
    )
    description.write_text(frame + 'issuer = "b"\n')
    with pytest.raises(KeyError, match="stand before"):
        read_spec(description)
    description.write_text(frame + "colour = 3\n")
    with pytest.raises(TypeError, match="colour"):
        read_spec(description)
    description.write_text(frame + '[subscribers.s]\nname = "s"\nkey = "secp256r1"\nissuer = "b"\n')
    with pytest.raises(KeyError, match="unknown issuer"):
        read_spec(description)
