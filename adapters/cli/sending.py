"""`inge send`: one message from a file to a gateway, and its proven answer back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.console import CommandError, JsonOption, emit, table
from adapters.cli.sender_side import (
    EndpointOption,
    GatewayOption,
    KeyOption,
    PasswordOption,
    SoapOption,
    answer_summary,
    open_client,
    read_message,
    told,
)


def send(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    password_file: PasswordOption = None,
    soap: SoapOption = "1.1",
    out: Annotated[Path | None, typer.Option("--out", help="Write the answer document to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign and send a message, prove and print the answer.

    Sending the same file again is safe: the gateway repeats its first answer. Exit code 1 if the message
    was refused; an answer of the standard, also a negative one, is an answer and ends with 0.
    """
    client = open_client(endpoint, key, gateway, password_file, soap)
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
    rows = [(name, value) for name, value in data.items() if value is not None]
    emit(data, table(["", "answer"], rows), as_json=as_json)
