"""`inge send`: one message from a file to a gateway, and its proven answer back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, JsonOption, emit


def send(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    endpoint: Annotated[
        str, typer.Option(envvar="INGE_SEND_ENDPOINT", help="Address of the gateway's SOAP door.")
    ],
    key: Annotated[
        Path, typer.Option(envvar="INGE_SEND_KEY", help="PKCS#12 file with your key and certificate.")
    ],
    trust: Annotated[
        list[Path],
        typer.Option("--trust", help="PEM file with a root the gateway's certificate must lead to."),
    ],
    password_file: Annotated[
        Path | None, typer.Option(envvar="INGE_SEND_PASSWORD_FILE", help="File with the password of the key.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the answer document to this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign and send a message, prove and print the answer. Exit code 1 if the message was refused."""
    raise NotImplementedError
