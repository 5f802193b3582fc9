"""Carrying a confirmation over: `inge connect export`, `import`, `withdraw` and `granted`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.connect_input import (
    ActorOption,
    ProcedureArgument,
    ReasonOption,
    contracts,
    opened_desk,
    procedure_id_in,
)
from adapters.cli.connect_output import confirmation_data, in_words
from adapters.cli.console import CommandError, ConfigOption, JsonOption, configuration, emit, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.connecting.steps import Desk
    from store.records_connection import Pair


def export(
    procedure_id: ProcedureArgument,
    out: Annotated[Path, typer.Option("--out", help="Write the signed confirmation to this file.")],
    actor: ActorOption,
    meant_for: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="KENNUNG",
            help="The productive gateway that may take it, of those in [connect] confirms_for; may be left "
            "out where there is one.",
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the confirmation for the productive environment, signed with the key of this test gateway."""
    from adapters.config_secrets import load_signing_key
    from gateway.connecting import carrying
    from gateway.trust.certificates import fingerprint_of

    settings = configuration(config)
    key = load_signing_key(settings)
    with opened_desk(settings, actor) as desk:
        octets = carrying.export(
            desk, procedure_id, key=key, registry=contracts(settings), meant_for=meant_for
        )
    try:
        out.write_bytes(octets)
    except OSError as error:
        raise CommandError(f"{out}: {error.strerror}") from error
    signer = fingerprint_of(key.certificate)
    emit(
        {"procedure": procedure_id, "file": str(out), "signed_with": signer},
        f"{out}: for `inge connect import` in the productive environment",
        as_json=as_json,
    )


def import_file(
    file: Annotated[Path, typer.Argument(help="The confirmation that `inge connect export` wrote.")],
    actor: ActorOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an authority send productively what a confirmation of the test environment names, and only that.

    Exit code 1 if it is not to be believed: changed, signed by somebody else, meant for another gateway,
    imported already, too old; or the authority is not registered here, or locked. Takes effect within two
    seconds.
    """
    from dataclasses import replace

    from adapters.cli.sender_side import read_file
    from adapters.config_files import confirming_certificates
    from gateway.connecting import carrying
    from gateway.trust.admission import Limits

    octets = read_file(file)
    settings = configuration(config)
    trusted = confirming_certificates(settings)
    with opened_desk(settings, actor) as desk:
        done = carrying.import_confirmation(
            desk,
            octets,
            trusted=trusted,
            registry=contracts(settings),
            limits=replace(Limits(), **settings.limits.given()),
        )
    text = f"{done.kennung} may send {in_words(done.scope)} by {done.uuid}"
    emit(confirmation_data(done), text, as_json=as_json)


def withdraw(
    subject: Annotated[
        str,
        typer.Argument(
            help="Id of a procedure (test), UUID of a confirmation (productive), authority with --inherited."
        ),
    ],
    actor: ActorOption,
    reason: ReasonOption,
    inherited: Annotated[
        bool,
        typer.Option("--inherited", help="What an authority may send from before there was a procedure."),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a procedure; in the productive environment take back what a confirmation allowed.

    What another confirmation covers goes on. Takes effect within two seconds.
    """
    with opened_desk(configuration(config), actor) as desk:
        data, text = _withdrawn(desk, subject, reason, inherited=inherited)
    emit(data, text, as_json=as_json)


def granted(
    kennung: Annotated[str | None, typer.Argument(help="Only of this authority.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what authorities may send productively, and by which confirmation."""
    from store.confirmations import grants

    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        found = grants(reader.connection)
    rows = [
        (party, pair.message_type, pair.version, ", ".join(by))
        for party, pairs in found.items()
        for pair, by in pairs.items()
        if kennung in (None, party)
    ]
    columns = ["authority", "type", "version", "by"]
    data = [dict(zip(("kennung", "message_type", "version", "by"), row, strict=True)) for row in rows]
    emit(data, table(columns, rows), as_json=as_json)


def _withdrawn(desk: Desk, subject: str, reason: str, *, inherited: bool) -> tuple[dict[str, Any], str]:
    from gateway.connecting import carrying

    if inherited:
        lost = carrying.withdraw_inherited(desk, subject, reason)
        return _lost(subject, lost), f"{subject} may send no more: {in_words(lost)}"
    procedure_id = procedure_id_in(subject)
    if procedure_id is not None:
        confirmation = carrying.withdraw_procedure(desk, procedure_id, reason)
        text = f"procedure {procedure_id} is over"
        if confirmation is not None:
            text += f"; if {confirmation.uuid} was imported, it is to be withdrawn there too"
        uuid = None if confirmation is None else confirmation.uuid
        return {"procedure": procedure_id, "confirmation": uuid}, text
    done, lost = carrying.withdraw_confirmation(desk, subject, reason)
    data = {"confirmation": done.uuid, **_lost(done.kennung, lost)}
    return data, f"{done.uuid} is withdrawn; {done.kennung} may send no more: {in_words(lost)}"


def _lost(kennung: str, lost: Iterable[Pair]) -> dict[str, Any]:
    return {"kennung": kennung, "lost": [list(pair) for pair in sorted(lost)]}
