"""`inge send`: one message from a file to a gateway, and its proven answer back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import CommandError, JsonOption, emit, table, write_private
from adapters.cli.sender_side import (
    EndpointOption,
    GatewayOption,
    KeyOption,
    PasswordOption,
    SoapOption,
    VersionsOption,
    known_versions,
    open_client,
    read_message,
    told,
)

if TYPE_CHECKING:
    from lxml import etree

    from adapters.client import Reply
    from messages.registry import MessageRegistry
    from messages.versionsende import Versionsende


def send(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    password_file: PasswordOption = None,
    soap: SoapOption = "1.1",
    versions: VersionsOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the answer document to this file.")] = None,
    printed: Annotated[
        bool, typer.Option("--print", help="If a right was accepted, print its confirmation as PDF.")
    ] = False,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Where to; beside FILE if not given. Implies --print.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign and send a message, prove and show the answer; with --print, print the confirmation too.

    Sending the same file again is safe: the gateway repeats its first answer. Exit code 1 if the message
    was refused; an answer of the standard, also a negative one, is an answer and ends with 0, and nothing is
    printed then. A warning tells that the version the message is written in will not be served much longer.
    """
    from adapters.client.summary import answer_summary

    wanted = pdf or (file.with_suffix(".pdf") if printed else None)
    if wanted is not None:
        from adapters.print.render import require

        require()
    known = known_versions(versions)
    client = open_client(endpoint, key, gateway, password_file, soap, known)
    message = read_message(file)
    with told(as_json):
        try:
            reply = client.send(message)
        except ValueError as error:
            raise CommandError(f"{file}: {error}") from error
    if out is not None:
        out.write_bytes(reply.document)
    said = answer_summary(reply.element, reply.message)
    data = {**said, "attempts": reply.attempts}
    if wanted is not None:
        data |= _print(message, reply, wanted, known)
    endings = [_warning(ending) for ending in reply.endings]
    if endings:
        data["warning"] = "; ".join(endings)
    rows = [(name, value) for name, value in data.items() if value is not None]
    emit(data, table(["", "answer"], rows), as_json=as_json)


def _warning(ending: Versionsende) -> str:
    following = ", ".join(ending.folgeversionen) or "none yet"
    return f"{ending.standard} {ending.version} is served until {ending.letzter_tag}; then: {following}"


def _print(
    message: etree._Element, reply: Reply, pdf: Path, versions: MessageRegistry
) -> dict[str, str | None]:
    """Print what was accepted; say where it lies, or why there is nothing."""
    from adapters.print.confirmation import NotPrintableError
    from adapters.print.exchange import confirmation_of
    from adapters.print.render import render
    from messages.errors import GatewayError

    try:
        confirmation = confirmation_of(versions.parse(message), reply.message)
        write_private(pdf, render(confirmation, datetime.now(UTC)))
    except (NotPrintableError, GatewayError) as error:
        return {"printed": None, "not_printed": str(error)}
    return {"printed": str(pdf)}
