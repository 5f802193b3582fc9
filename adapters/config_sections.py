"""Sections of the configuration: who a gateway is, whom it trusts, where it remembers, listens and logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from schemas.din91379 import beyond_datatype_c

Port = Annotated[int, Field(ge=0, le=65535)]
AGENCY_ID = r"^[a-z]{2,8}:[0-9A-Za-z]{1,20}$"
HOUSE_NUMBER = r"^([0-9]{1,4}) ?([A-Za-z./][A-Za-z0-9./]{0,3})?$"
"""Digits and what follows them: messages have an element for each."""
SQLITE_PREFIX = "sqlite:///"


def known_engine(url: str) -> str:
    """Return the address of a store; raises ValueError for one of another engine."""
    if not url.startswith((SQLITE_PREFIX, "postgresql://", "postgresql+psycopg://")):
        raise ValueError("neither a SQLite nor a PostgreSQL address")
    return url


class Section(BaseModel):
    """One table of the configuration file: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EnvironmentSection(Section):
    """Which of the two worlds this gateway belongs to; they never share a store or a key."""

    name: Literal["test", "productive"] = Field(description="`test` or `productive`")


class GatewaySection(Section):
    """Who answers: the agency senders write into `leser`, and its address for the frame of the answers."""

    kennung: str = Field(
        pattern=AGENCY_ID, description="agency identifier with prefix, such as `dbs:090000000`"
    )
    name: str = Field(min_length=1, description="name of the agency as it stands in the answers")
    street: str = Field(min_length=1, description="street of the agency's building")
    house_number: str = Field(
        pattern=HOUSE_NUMBER, description="house number: four digits at most, a letter or addition (`12 a`)"
    )
    postcode: str = Field(pattern=r"^[0-9]{5}$", description="German postcode, five digits")
    city: str = Field(min_length=1, description="town")
    phone: str | None = Field(default=None, description="telephone number for the answers' frame")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="e-mail address for the answers' frame")

    @field_validator("name", "street", "house_number", "city", "phone", "email")
    @classmethod
    def _in_characters_of_messages(cls, value: str | None) -> str | None:
        if strange := beyond_datatype_c(value or ""):
            raise ValueError(f"it has characters that messages do not know (DIN 91379): {strange}")
        return value


class KeysSection(Section):
    """Where the secrets lie. They are read once at start; no secret is ever printed."""

    signing: Path = Field(description="PKCS#12 file with the key and certificate chain that seal the answers")
    signing_password: SecretStr | None = Field(
        default=None, description="its password; better kept in a file or in INGE_KEYS__SIGNING_PASSWORD"
    )
    signing_password_file: Path | None = Field(
        default=None, description="file whose first line is that password"
    )
    signing_ecdsa: Path | None = Field(
        default=None,
        description="PKCS#12 file with an ECDSA key for partners that ask for it (same password)",
    )
    master_key_file: Path = Field(
        description="file with 64 hexadecimal digits: wraps the journal's content keys"
    )
    number_key_file: Path = Field(
        description="file with 64 hexadecimal digits: the permutation behind the numbers"
    )

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if self.signing_password is not None and self.signing_password_file is not None:
            raise ValueError("give either signing_password or signing_password_file, not both")
        return self

    def password(self) -> str | None:
        """Give the password of the PKCS#12 files, or None if they have none.

        Raises OSError when the password file cannot be read.
        """
        if self.signing_password_file is not None:
            return self.signing_password_file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        return None if self.signing_password is None else self.signing_password.get_secret_value()


class TrustSection(Section):
    """What a partner's certificate must lead to."""

    anchors: tuple[Path, ...] = Field(
        min_length=1, description="PEM files (or folders of them) with the roots trusted"
    )
    intermediates: tuple[Path, ...] = Field(
        default=(), description="PEM files (or folders) with issuing authorities"
    )
    crls: tuple[Path, ...] = Field(
        default=(), description="PEM or DER revocation lists (or folders); re-read when they change"
    )
    require_crl: bool = Field(
        default=True, description="refuse a certificate for which no valid revocation list is at hand"
    )


class StoreSection(Section):
    """Where everything is remembered."""

    url: str = Field(description="`sqlite:///path` (one machine) or `postgresql://user@host/database`")

    @field_validator("url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        return known_engine(value)


class JournalSection(Section):
    """The sealed message journal."""

    heads_file: Path = Field(
        description="file outside the database that receives every sealed head of the chain"
    )
    seal_every_seconds: float = Field(
        default=1.0, gt=0, le=60, description="longest time a row stays unsealed, in seconds"
    )


class HttpSection(Section):
    """The web server in front of all HTTP doors."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: Port = Field(default=8470, description="port to listen on")
    workers: int = Field(default=2, ge=1, le=64, description="number of worker processes")
    threads: int = Field(default=1, ge=1, le=16, description="threads for CPU work per worker process")
    queue: int = Field(
        default=64, ge=1, description="messages that may wait per worker; further ones hear `try later`"
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address partners reach the gateway under, for the WSDL",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(), description="addresses or networks whose client-certificate header is believed"
    )
    client_certificate_header: str = Field(
        default="x-ssl-client-cert",
        description="header in which those proxies pass the TLS client certificate on",
    )
    client_certificate_must_match: bool = Field(
        default=False,
        description="refuse messages whose signer is not the holder of that TLS client certificate",
    )
    body_seconds: float = Field(
        default=60.0, gt=0, description="longest time a request body may take to arrive, in seconds"
    )
    drain_seconds: float = Field(
        default=20.0, gt=0, description="time given to requests under way when the gateway stops"
    )


class LimitsSection(Section):
    """Caps on what is admitted; what is not set keeps the default of `gateway.trust.admission.Limits`."""

    max_bytes: int | None = Field(default=None, ge=1024, description="largest request body, in bytes")
    max_depth: int | None = Field(default=None, ge=8, description="deepest nesting of elements")
    max_attributes: int | None = Field(default=None, ge=8, description="most attributes of one element")
    max_siblings: int | None = Field(default=None, ge=8, description="most children of one element")
    max_elements: int | None = Field(default=None, ge=64, description="most elements of one document")
    max_namespaces: int | None = Field(default=None, ge=8, description="most namespace declarations in scope")
    max_text: int | None = Field(default=None, ge=1024, description="longest single text, in characters")

    def given(self) -> dict[str, int]:
        """Give only the caps that were set, as arguments for `dataclasses.replace` on the default limits."""
        return self.model_dump(exclude_none=True)


class LoggingSection(Section):
    """What the gateway writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe level written"
    )
    format: Literal["json", "text"] = Field(
        default="json", description="`json` (one object per line) or `text`"
    )
