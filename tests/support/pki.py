"""The PKI of the tests: built once per process, in a folder that goes with it."""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import fixtures.pki
from fixtures.pki.build import Pki, build_pki
from gateway.trust.certificates import Validator

PKI_TIME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The moment the periods of the certificates count from; ordinary ones are valid for ten years from then."""

_SPEC = Path(fixtures.pki.__file__).with_name("test.toml")


@cache
def shared_pki() -> Pki:
    """Return the PKI of `fixtures/pki/test.toml`, one for all tests of the process. Not to be changed."""
    folder = Path(tempfile.mkdtemp(prefix="inge-test-pki-"))
    atexit.register(shutil.rmtree, folder)
    return build_pki(_SPEC, folder / "pki", PKI_TIME)


def pki_in(folder: str) -> Pki:
    """Return the PKI that `shared_pki` of another process built in a folder."""
    return build_pki(_SPEC, Path(folder), PKI_TIME)


def shared_validator() -> Validator:
    """Return a fresh validator over the anchors, intermediates and CRLs of the shared PKI, CRLs required."""
    pki = shared_pki()
    return Validator.from_directories(
        anchors=pki.anchors, intermediates=pki.intermediates, crls=pki.crls, require_crl=True
    )
