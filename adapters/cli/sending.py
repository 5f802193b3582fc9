"""`inge send`: one message from a file to a gateway, and its proven answer back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from lxml import etree

from adapters.cli.console import REFUSED, CommandError, JsonOption, emit, finish, table

if TYPE_CHECKING:
    from adapters.client import Client, Refused, Reply
    from messages.fehler import Fehler


def send(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    endpoint: Annotated[
        str, typer.Option(envvar="INGE_SEND_ENDPOINT", help="Address of the gateway's SOAP door.")
    ],
    key: Annotated[
        Path, typer.Option(envvar="INGE_SEND_KEY", help="PKCS#12 file with your key and certificate.")
    ],
    gateway: Annotated[
        list[Path],
        typer.Option(
            "--gateway", envvar="INGE_SEND_GATEWAY", help="PEM file with the gateway's certificate."
        ),
    ],
    password_file: Annotated[
        Path | None,
        typer.Option(
            envvar="INGE_SEND_PASSWORD_FILE", help="File whose first line is the password of the key."
        ),
    ] = None,
    soap: Annotated[str, typer.Option(help="SOAP version, 1.1 or 1.2.")] = "1.1",
    out: Annotated[Path | None, typer.Option("--out", help="Write the answer document to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign and send a message, prove and print the answer.

    Sending the same file again is safe: the gateway repeats its first answer. Exit code 1 if the message
    was refused; an answer of the standard, also a negative one, is an answer and ends with 0.
    """
    from adapters.client import ClientError, Refused

    if soap not in {"1.1", "1.2"}:
        raise CommandError("--soap must be 1.1 or 1.2")
    client = _client(endpoint, key, gateway, password_file, soap)
    try:
        reply = client.send(_message(file))
    except Refused as error:
        _tell_refusal(error, as_json)
    except ClientError as error:
        raise CommandError(f"{type(error).__name__}: {error}", exit_code=REFUSED) from error
    except ValueError as error:
        raise CommandError(f"{file}: {error}") from error
    else:
        if out is not None:
            out.write_bytes(reply.document)
        _tell_answer(reply, as_json)


def summary(message: Any) -> dict[str, str | None]:
    """Say in a few words what an answer of the standard says: its type, reason code and number."""
    reason = getattr(message, "ablehnungsgrund", None) or getattr(
        message, "information_sachbearbeitung", None
    )
    reason = reason or getattr(message, "nachfragegrund", None)
    right = getattr(message, "berechtigung_verpflichtung", None)
    return {
        "answer": message.message_type,
        "reason": None if reason is None else reason.code,
        "number": None if right is None else right.bamfkennziffer,
    }


def _client(endpoint: str, key: Path, gateway: list[Path], password_file: Path | None, soap: str) -> Client:
    from adapters.client import Client, GatewayTrust
    from gateway.trust.keys import KeyFileError, Pkcs12Key

    try:
        password = (
            None if password_file is None else password_file.read_text("utf-8").split("\n", 1)[0].rstrip("\r")
        )
        return Client(endpoint, Pkcs12Key.load(key, password), GatewayTrust.load(*gateway), soap_version=soap)
    except (OSError, ValueError, KeyFileError) as error:
        raise CommandError(str(error)) from error


def _message(file: Path) -> etree._Element:
    from gateway.trust.admission import Limits, admit
    from messages.errors import GatewayError

    try:
        return admit(file.read_bytes(), Limits()).root
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except GatewayError as error:
        raise CommandError(f"{file}: {error}") from error


def _tell_answer(reply: Reply, as_json: bool) -> None:
    said = (
        {"answer": etree.QName(reply.element).localname} if reply.message is None else summary(reply.message)
    )
    data = {**said, "attempts": reply.attempts}
    rows = [(name, value) for name, value in data.items() if value is not None]
    emit(data, table(["", "answer"], rows), as_json=as_json)


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
