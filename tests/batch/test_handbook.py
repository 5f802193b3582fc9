"""What the page about deliveries tells senders to do, done as it stands there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from fixtures.resettlers import records
from messages import bva
from tests.support.batch_http import Office, delivering, read, records_file
from tests.support.reference import PROJECT
from tests.support.stores import fresh_sqlite
from tests.support.tools import find_tool

PAGE = PROJECT / "docs" / "batches.md"


def block(kind: str) -> str:
    """The only piece of the page in a language."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(found)


def test_a_delivery_with_xmlsec1_and_curl(tmp_path: Path, sqlite_template: Path) -> None:
    for tool in ("curl", "xmlsec1"):
        find_tool(tool)
    with delivering(tmp_path, fresh_sqlite(tmp_path, sqlite_template), http={"workers": 1}) as gateway:
        pki = gateway.pki
        key, certificate, _ = pkcs12.load_key_and_certificates(
            Path(pki.p12("bva")).read_bytes(), pki.password.encode()
        )
        assert key is not None
        assert certificate is not None
        (tmp_path / "bva.key.pem").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        (tmp_path / "bva.crt.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (tmp_path / "template.xml").write_text(block("xml"), encoding="utf-8")
        # More than a megabyte, so that curl asks before it sends.
        records_file(tmp_path / "datensaetze.xml", records(1, 1000))
        commands = block("sh").replace("https://GATEWAY", gateway.base)
        done = subprocess.run(
            ["bash", "-eu", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        receipt = read((tmp_path / "eingang.xml").read_bytes())
        assert (receipt.zustand, receipt.anzahl_datensaetze) == (bva.Eingangszustand.ACCEPTED, 1000)
        assert Office(gateway).state().erwartet == bva.Naechstes(2, 1)
