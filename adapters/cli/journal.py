"""`inge explain` and `inge journal`: how an answer came about, and whether the journal is whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import (
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    table,
)
from adapters.cli.opening import opened_store
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from cryptography import x509

    from gateway.explain import Explanation
    from store.verify import JournalReport

app = typer.Typer(help="Seal and verify the message journal.", no_args_is_help=True)


def explain(
    uuid: Annotated[str, typer.Argument(help="The nachrichtenUUID of the request.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the way of a message: schema, signer, identity branch, row, legal basis, effect, times.

    Exit code 1 if no message with this UUID is known.
    """
    from gateway.explain import explain as ways_of
    from gateway.rules.reader import load_rules

    with opened_store(configuration(config)) as store:
        ways = ways_of(store, uuid, load_rules())
    if not ways:
        raise CommandError(f"no proven message with the UUID {uuid} is known", exit_code=REFUSED)
    data = [dataclasses.asdict(way) for way in ways]
    emit(data, "\n\n".join(_story(way) for way in ways), as_json=as_json)


@app.command("verify")
def verify(
    signer: Annotated[
        list[Path] | None,
        typer.Option(help="PEM file with a former certificate of the gateway; repeatable."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every row, the chain, and the signed heads inside and outside the database.

    Names the unsealed window. Exit code 1 if a row was changed, removed, moved or cut off.
    """
    from cryptography import x509

    from adapters.config_secrets import load_signing_key
    from store.heads import HeadsFile
    from store.verify import verify_journal

    settings = configuration(config)
    certificates = [load_signing_key(settings).certificate]
    try:
        for path in signer or ():
            certificates += x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise CommandError(f"{path}: {error}") from error
    with opened_store(settings) as store, counted("heads and rows looked at") as counter:
        heads = HeadsFile(settings.journal.heads_file)
        report = verify_journal(store, heads, signed_by(certificates), datetime.now(UTC), counter)
    emit(dataclasses.asdict(report), _verdict(report), as_json=as_json)
    finish(not report.intact)


@app.command("seal")
def seal(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Seal what is committed and not sealed yet; a running gateway does this by itself every second."""
    from adapters.config_secrets import load_signing_key
    from store.engine import new_holder
    from store.heads import HeadsFile
    from store.sealer import JournalBehind, Sealer

    settings = configuration(config)
    with opened_store(settings) as store:
        heads = HeadsFile(settings.journal.heads_file)
        sealer = Sealer(store, load_signing_key(settings).sign, heads, new_holder())
        try:
            rows = sealer.leave(datetime.now(UTC))
        except JournalBehind as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    text = "another process is sealing" if rows is None else f"{rows} rows sealed"
    emit({"sealed": rows}, text, as_json=as_json)


def signed_by(certificates: Iterable[x509.Certificate]) -> Callable[[bytes, bytes], bool]:
    """Make the test whether a signature over some bytes is by the key of one of the certificates."""
    from gateway.trust.algorithms import SignatureMethod
    from gateway.trust.signature_keys import certificate_key
    from messages.errors import GatewayError

    keys = [certificate_key(certificate) for certificate in certificates]
    methods = (SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384)

    def fits(data: bytes, signature: bytes) -> bool:
        for key in keys:
            for method in methods:
                try:
                    key.verify(method, signature, data)
                except GatewayError:
                    continue
                return True
        return False

    return fits


def _story(way: Explanation) -> str:
    parts = [f"message {way.uuid} of {way.party_id} ({way.party_name or 'no longer registered'})"]
    if way.erased:
        parts.append("erased: the time for keeping its content and grounds was over")
    for decision in way.decisions:
        record = decision.record
        rows: list[tuple[str, Any]] = [
            ("message type", f"{record.message_type}, schema {record.schema_version}"),
            ("signer", f"SHA-256 {record.signer_fingerprint}"),
            ("identity branch", record.identity_branch),
            ("row", record.row),
            ("in words", decision.explanation_en),
            ("", decision.explanation_de),
            ("rules", record.rules_version),
            ("legal basis", record.legal_basis),
            ("effect", record.effect),
            ("answer", record.answer_type),
            ("reason code", record.reason_code),
            ("number", record.number),
            ("received", record.received_at),
            ("decided", record.decided_at),
            ("decided later by", decision.actor),
            ("because of", None if decision.later is None else decision.later["trigger"]),
            ("took", _stages(decision.microseconds)),
        ]
        rows += [(name.replace("_", " "), _ground(value)) for name, value in decision.grounds.items()]
        parts.append(table(["decision", ""], [row for row in rows if row[1] is not None]))
    if way.is_service_request:
        parts.append("a request to the service itself: nothing was decided")
    elif not way.decisions:
        parts.append("everything under this UUID was refused; it is not used up")
    if way.later_answers:
        parts.append(
            table(
                ["later answer", "type", "code", "row", "fetched", "confirmed"],
                [
                    (
                        each.created_at,
                        each.kind,
                        each.reason_code,
                        each.row,
                        each.fetched_at or "not yet",
                        each.confirmed_at or "not yet",
                    )
                    for each in way.later_answers
                ],
            )
        )
    steps = [
        (
            step.at,
            step.kind,
            step.message_type,
            step.code,
            step.peer,
            step.size,
            "yes" if step.sealed else "not yet",
        )
        for step in way.steps
    ]
    parts.append(table(["journal", "", "type", "code", "peer", "bytes", "sealed"], steps))
    return "\n".join(parts)


def _ground(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_ground(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return value


def _stages(microseconds: Any) -> str | None:
    return ", ".join(f"{name} {value} µs" for name, value in microseconds.items()) or None


def _verdict(report: JournalReport) -> str:
    lines = [
        f"{report.rows} sealed rows up to position {report.last_position}; "
        f"heads: {report.inside_heads} inside, {report.outside_heads} outside the database",
        "no row is unsealed"
        if report.unsealed == 0
        else f"unsealed window: {report.unsealed} rows, the oldest committed {report.oldest_unsealed} ago",
    ]
    if report.unreadable_lines:
        lines.append(
            f"heads file: lines cut short by a crash: {', '.join(map(str, report.unreadable_lines))}"
        )
    lines += [
        f"{finding.kind.value} at {_place(finding.position, finding.row_id)}: {finding.text}"
        for finding in report.findings
    ]
    lines.append("the journal is intact" if report.intact else f"{len(report.findings)} findings")
    return "\n".join(lines)


def _place(position: int | None, row_id: int | None) -> str:
    return f"position {position}" if position is not None else f"unsealed row {row_id}"
