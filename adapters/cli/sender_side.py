"""What the commands of a sender share: their options, the client, and how answers and refusals are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import REFUSED, CommandError, emit, finish, table

if TYPE_CHECKING:
    from lxml import etree

    from adapters.client import Client, GatewayTrust, Refused
    from gateway.trust.keys import SigningKey
    from messages.fehler import Fehler
    from messages.registry import MessageRegistry

_ENDPOINT = typer.Option(
    "--endpoint", envvar="INGE_SEND_ENDPOINT", help="Address of the gateway's SOAP door."
)
_KEY = typer.Option("--key", envvar="INGE_SEND_KEY", help="PKCS#12 file with your key and certificate.")
_GATEWAY = typer.Option(
    "--gateway", envvar="INGE_SEND_GATEWAY", help="PEM file with the gateway's certificate."
)
EndpointOption = Annotated[str, _ENDPOINT]
KeyOption = Annotated[Path, _KEY]
GatewayOption = Annotated[list[Path], _GATEWAY]
MaybeEndpointOption = Annotated[str | None, _ENDPOINT]
MaybeKeyOption = Annotated[Path | None, _KEY]
MaybeGatewayOption = Annotated[list[Path] | None, _GATEWAY]
PasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="INGE_SEND_PASSWORD_FILE",
        help="File whose first line is the password of the key.",
    ),
]
SoapOption = Annotated[str, typer.Option("--soap", help="SOAP version, 1.1 or 1.2.")]
VersionsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--versions",
        envvar="INGE_SEND_VERSIONS",
        help="Folder with a further version of the standard to send in; repeatable.",
    ),
]
_AGENCY = typer.Option(
    "--agency",
    envvar="INGE_SEND_AGENCY",
    help="Kennung of your authority, as in the author of its messages (azr:…).",
)
AgencyOption = Annotated[str, _AGENCY]
MaybeAgencyOption = Annotated[str | None, _AGENCY]
TestOption = Annotated[
    bool,
    typer.Option(
        "--test/--productive", envvar="INGE_SEND_TEST", help="Which kind of environment the gateway is."
    ),
]


def known_versions(folders: list[Path] | None) -> MessageRegistry:
    """Read the messages in the bundled version and further ones. Raises CommandError."""
    from messages.registry import BUNDLED_MESSAGES, MessageRegistry
    from schemas.folders import ContractFileError, read_folders

    if not folders:
        return BUNDLED_MESSAGES
    try:
        return MessageRegistry.of(read_folders(versions=folders))
    except (ContractFileError, OSError) as error:
        raise CommandError(str(error)) from error


def open_client(
    endpoint: str,
    key: Path,
    gateway: list[Path],
    password_file: Path | None,
    soap: str,
    versions: MessageRegistry | None = None,
) -> Client:
    """Make the client these options describe. Raises CommandError."""
    from adapters.client import Client

    if soap not in {"1.1", "1.2"}:
        raise CommandError("--soap must be 1.1 or 1.2")
    return Client(
        endpoint,
        open_key(key, password_file),
        open_trust(gateway),
        soap_version=soap,
        versions=versions or known_versions(None),
    )


def open_key(key: Path, password_file: Path | None) -> SigningKey:
    """Open the sender's key. Raises CommandError."""
    from gateway.trust.keys import KeyFileError, Pkcs12Key

    try:
        password = (
            None if password_file is None else password_file.read_text("utf-8").split("\n", 1)[0].rstrip("\r")
        )
        return Pkcs12Key.load(key, password)
    except (OSError, ValueError, KeyFileError) as error:
        raise CommandError(str(error)) from error


def open_trust(gateway: list[Path]) -> GatewayTrust:
    """Read whose answers count. Raises CommandError."""
    from adapters.client import GatewayTrust

    try:
        return GatewayTrust.load(*gateway)
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error


def read_file(file: Path) -> bytes:
    """Read a file as it is. Raises CommandError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error


def read_message(file: Path) -> etree._Element:
    """Read a file with one message, without envelope. Raises CommandError."""
    from gateway.trust.admission import Limits, admit
    from messages.errors import GatewayError

    try:
        return admit(read_file(file), Limits()).root
    except GatewayError as error:
        raise CommandError(f"{file}: {error}") from error


@contextmanager
def told(as_json: bool) -> Iterator[None]:
    """Tell a refusal and end with exit code 1; turn every other failure of the client into a CommandError."""
    from adapters.client import ClientError, Refused

    try:
        yield
    except Refused as error:
        _tell_refusal(error, as_json)
    except ClientError as error:
        raise CommandError(f"{type(error).__name__}: {error}", exit_code=REFUSED) from error


def _tell_refusal(error: Refused, as_json: bool) -> None:
    data = {"proven": error.proven, **_refusal(error.fehler)}
    rows = [(name, value) for name, value in data.items() if value is not None and name != "all"]
    emit(data, table(["", "refused"], rows), as_json=as_json)
    finish(True)


def _refusal(fehler: Fehler) -> dict[str, Any]:
    return {
        "code": fehler.code,
        "path": fehler.pfad,
        "line": fehler.zeile,
        "text_de": fehler.text_deutsch,
        "text_en": fehler.text_englisch,
        "advice": fehler.handlung.value,
        "retry_after": fehler.wiederholen_nach,
        "all": [
            {"code": item.code, "path": item.pfad, "line": item.zeile, "text_en": item.text_englisch}
            for item in fehler.einzelfehler
        ],
    }
