"""A kit on disk: whom it writes to, its keys, and which cases it was made from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.testkit.cases import fingerprint
from adapters.testkit.parties import Reader
from adapters.testkit.pki import Pki, build_pki, is_built
from adapters.testkit.pki_spec import read_spec

KIT_FILE: Final = "kit.toml"
KEYS: Final = "keys"
_SPEC: Final = Path(__file__).with_name("keys.toml")


class KitError(Exception):
    """A folder cannot be used as a kit; says why in one line."""


@dataclass(frozen=True)
class Kit:
    """Everything below `folder`."""

    folder: Path
    reader: Reader
    pki: Pki

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a kit. Raises KitError for a folder that is none, or one of other cases than these."""
        try:
            table = tomllib.loads((folder / KIT_FILE).read_text(encoding="utf-8"))
            made_from, reader = table["cases"], Reader(**table["reader"])
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise KitError(f"{folder} is no test kit: make one with `inge testkit make`") from error
        if made_from != fingerprint():
            raise KitError(f"{folder} was made with other cases than this program has: make it anew")
        if not is_built(folder / KEYS):
            raise KitError(f"{folder} has no keys any more: make the kit anew")
        return cls(folder, reader, Pki(folder / KEYS, read_spec(_SPEC)))

    def require_valid(self, now: datetime) -> None:
        """Raise KitError if the certificates of the kit have run out."""
        if not self.pki.certificate("root").not_valid_after_utc > now:
            raise KitError(f"the certificates in {self.folder} have run out: make the kit anew")

    @property
    def anchor(self) -> Path:
        """The certificate a test gateway has to trust."""
        return self.pki.anchors[0]

    @property
    def revocations(self) -> Path:
        """Its revocation list."""
        return self.pki.crls[0]


def is_of_a_kit(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate comes from a kit: everybody has the keys of its authority."""
    organization = read_spec(_SPEC).organization
    names = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(each.value == organization for each in names)


def lay_keys(folder: Path, now: datetime) -> Pki:
    """Make the keys of a kit below its folder, valid from now."""
    return build_pki(_SPEC, folder / KEYS, now)


def described(reader: Reader, now: datetime) -> str:
    """The text of `kit.toml`."""
    return (
        "# Written by `inge testkit make`; `inge testkit run` and `install` read it.\n\n"
        f"made = {now.isoformat(timespec='seconds')}\n"
        f'cases = "{fingerprint()}"\n\n'
        f'[reader]\nkennung = "{reader.kennung}"\nname = {_quoted(reader.name)}\n'
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
