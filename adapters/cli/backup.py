"""`inge backup`, `inge restore`: a copy of the store, consistent while it works, and its way back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import (
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
)
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from adapters.config import Config
    from store.backup import Header
    from store.restores import Restore, RestoresFile


def make_key(
    file: Annotated[Path, typer.Argument(help="New file for the identity; it is not overwritten.")],
    as_json: JsonOption = False,
) -> None:
    """Make the key pair of backups: the identity goes into FILE, the recipient is printed.

    Keep the identity away from the gateway; it is needed for a restore only. The recipient belongs into
    `backup.recipients` of the configuration.
    """
    import os

    from adapters.cli.age_files import new_identity

    identity, recipient = new_identity()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    with open(descriptor, "w", encoding="ascii") as target:
        target.write(f"# recipient: {recipient}\n{identity}\n")
    emit({"identity_file": str(file), "recipient": recipient}, recipient, as_json=as_json)


def backup(
    file: Annotated[Path, typer.Argument(help="New file for the backup; it is not overwritten.")],
    to: Annotated[
        list[str] | None,
        typer.Option(help="Recipient (age1…) besides those of the configuration; repeatable."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write an encrypted copy of the whole store, all of one moment, while the gateway goes on working.

    The keys of the gateway are not in it: the same master key and number key are needed for a restore.
    """
    from adapters.cli.age_files import encrypt_lines, recipients
    from store.backup import BackupError, export

    settings = configuration(config)
    whose = recipients([*settings.backup.recipients, *(to or ())])
    if not whose:
        raise CommandError("nobody could read this backup: name a recipient (`inge backup-key` makes one)")
    made_at = datetime.now(UTC)
    with counted("rows copied") as count:
        lines = export(
            settings.store.url,
            environment=settings.environment.name,
            key_checks=_key_checks(settings),
            made_at=made_at,
            progress=count,
        )
        try:
            size = encrypt_lines(lines, file, whose)
        except (BackupError, FileExistsError) as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror or error}") from error
    emit(
        {"file": str(file), "made_at": made_at, "rows": count.done, "bytes": size, "recipients": len(whose)},
        f"{file}: {count.done} rows of {made_at:%Y-%m-%d %H:%M:%S} UTC, {size} bytes, "
        f"for {len(whose)} recipients",
        as_json=as_json,
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    identity: Annotated[Path, typer.Option(help="File with the identity that can read it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fill the configured store, which must be empty, with a backup, and make it fit to work.

    Identification numbers go on in a new epoch, so that none is ever assigned twice; what was erased after
    the backup is erased again; heads of the journal that the backup does not know are put aside for the
    evidence. Stop the gateway before. Exit code 1 if the backup cannot be used.
    """
    from adapters.cli.age_files import decrypted_lines, identities
    from adapters.cli.restoring import finish_restore
    from store.backup import BackupError, read_header
    from store.restore import load
    from store.restores import Restore

    settings = configuration(config)
    now = datetime.now(UTC)
    restores, known_epoch = _restores(settings)
    by = identities(identity)
    try:
        with counted("rows restored") as count, decrypted_lines(file, by) as lines:
            header, first = read_header(lines)
            _demand_keys(settings, header)
            epoch, rows = load(
                settings.store.url,
                header,
                first,
                lines,
                epoch_after=known_epoch,
                keep_epoch=lambda new: _keep(
                    restores, Restore(now.isoformat(), header.made_at.isoformat(), new)
                ),
                progress=count,
            )
    except BackupError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}") from error
    try:
        done = finish_restore(settings, header, epoch, now)
    except OSError as error:
        raise CommandError(
            f"{error.filename}: {error.strerror}; the restore is not done, start over with a new empty store",
            exit_code=REFUSED,
        ) from error
    emit(
        {
            "made_at": header.made_at,
            "from_engine": header.engine,
            "rows": sum(rows.values()),
            "tables": dict(rows),
            "epoch": epoch,
            **done.as_data(),
        },
        f"{sum(rows.values())} rows of {header.made_at:%Y-%m-%d %H:%M:%S} UTC restored; "
        f"numbers go on in epoch {epoch}\n{done.as_text()}",
        as_json=as_json,
    )


def _restores(settings: Config) -> tuple[RestoresFile, int]:
    """Return the file of restores and the last epoch in it. Raises CommandError if it cannot be read."""
    from store.restores import RestoresFile

    heads = settings.journal.heads_file
    path = settings.backup.restores_file or heads.with_name(f"{heads.name}.restores")
    file = RestoresFile(path)
    try:
        return file, file.last_epoch()
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(
            f"{path} cannot be read: without it a number could be assigned twice; mend the line by hand"
        ) from error


def _keep(file: RestoresFile, restore: Restore) -> None:
    """Write a restore into the file of restores. Raises CommandError; then nothing is restored."""
    try:
        file.append(restore)
    except OSError as error:
        raise CommandError(f"{file.path}: {error.strerror}; nothing is restored") from error


def _demand_keys(settings: Config, header: Header) -> None:
    if header.environment != settings.environment.name:
        raise CommandError(
            f"the backup is of a {header.environment} environment, this is a {settings.environment.name} one",
            exit_code=REFUSED,
        )
    mine = _key_checks(settings)
    wrong = sorted(name for name, check in header.key_checks.items() if mine.get(name) != check)
    if wrong:
        raise CommandError(
            f"the backup was made under another {' and another '.join(wrong)}", exit_code=REFUSED
        )


def _key_checks(settings: Config) -> Mapping[str, str]:
    """Return what tells a key from another without telling it: they are of 32 random bytes."""
    from adapters.config_secrets import read_secret

    keys = settings.keys
    return {
        "master key": _check(read_secret(keys.master_key_file, "keys.master_key_file")),
        "number key": _check(read_secret(keys.number_key_file, "keys.number_key_file")),
    }


def _check(key: bytes) -> str:
    return hashlib.sha256(b"inge backup key check" + key).hexdigest()[:32]
