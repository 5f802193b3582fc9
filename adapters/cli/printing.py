"""`inge print` for BAMF, of what the store knows; `inge print-answer` for who fetched an acceptance later."""

from __future__ import annotations

from collections.abc import Mapping
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
    write_private,
)
from adapters.cli.sender_side import VersionsOption

if TYPE_CHECKING:
    from adapters.print.confirmation import Confirmation
    from gateway.clerks.confirmation import Confirmed
    from gateway.tools import Tools
    from store.engine import Store


def print_confirmation(
    number: Annotated[str, typer.Argument(help="Identification number of the case.")],
    out: Annotated[Path, typer.Option("--out", help="Write the PDF to this file.")],
    user: Annotated[str, typer.Option("--as", metavar="USER", help="Who prints; kept in the journal.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the confirmation of the right that counts, with its leaflet, as PDF.

    Exit code 1 if there is nothing to print: nobody has the number, the case is not active, the personal data
    were erased.
    """
    from adapters.cli.opening import opened_tools
    from adapters.print.render import render, require

    require()
    loaded = configuration(config)
    with opened_tools(loaded) as (store, tools):
        confirmation = _taken(store, tools, number, user, test=loaded.environment.name == "test")
        pdf = render(confirmation, tools.clock.now())
    write_private(out, pdf)
    _told(confirmation, out, as_json=as_json)


def print_answer(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="REPORT [QUESTION REPLY] ANSWER",
            help="XML files without SOAP envelope: your report, a question and your reply to it if there was "
            "one, and the acceptance.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Write the PDF to this file.")],
    versions: VersionsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the confirmation of a right that was accepted later, from the report and what was fetched.

    Nothing is proven here: fetched answers were, before they were written. Exit code 1 if nothing was
    accepted, or a file is not the answer to the one before.
    """
    from adapters.cli.sender_side import known_versions, read_message
    from adapters.print.confirmation import NotPrintableError
    from adapters.print.exchange import confirmation_of
    from adapters.print.render import render, require
    from messages.errors import GatewayError

    require()
    known = known_versions(versions)
    if len(files) < 2:
        raise CommandError("a report and the answer to it are needed")
    try:
        report, *between, answer = [known.parse(read_message(file)) for file in files]
        confirmation = confirmation_of(report, answer, between)
    except NotPrintableError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error
    except GatewayError as error:
        raise CommandError(str(error)) from error
    write_private(out, render(confirmation, datetime.now(UTC)))
    _told(confirmation, out, as_json=as_json)


def confirmation_from_store(confirmed: Confirmed, *, test: bool) -> Confirmation:
    """Return the confirmation of a stored right.

    An address is printed only where it is complete (a clerk captures the postcode alone) and not hidden by a
    disclosure block; both look alike. Raises NotPrintableError as `Confirmation` does.
    """
    from adapters.print.confirmation import Confirmation, one_line, part_of
    from messages.values import PartialDate

    person, case, right = confirmed.person, confirmed.case, confirmed.right
    return Confirmation(
        art=right.art,
        number=case.number,
        surname=one_line(person.surname),
        first_name=one_line(person.first_name),
        birth=PartialDate(*map(int, person.birth.split("-"))),
        address=None if confirmed.blocked else _address(person.details.get("anschrift", {})),
        valid_until=right.valid_until,
        part=part_of(only_orientation=right.only_orientation, only_language=right.only_language),
        issuer=one_line(right.agency_name) or right.agency,
        test=test,
    )


def _told(confirmation: Confirmation, out: Path, *, as_json: bool) -> None:
    data = {"number": confirmation.number, "art": confirmation.art, "printed": str(out)}
    emit(data, f"{out}: confirmation of number {confirmation.number}", as_json=as_json)


def _taken(store: Store, tools: Tools, number: str, user: str, *, test: bool) -> Confirmation:
    from adapters.print.confirmation import NotPrintableError
    from gateway.clerks.confirmation import take_confirmed
    from gateway.clerks.desk import ClerkError

    try:
        return confirmation_from_store(take_confirmed(store, tools, number, actor=user), test=test)
    except (ClerkError, NotPrintableError) as error:
        raise CommandError(str(error), exit_code=REFUSED) from error


def _address(stored: Mapping[str, Any]) -> tuple[str, ...] | None:
    from adapters.print.confirmation import address_lines
    from messages.values import Gebaeudeanschrift, HausnummernBis

    if not all(stored.get(part) for part in ("strasse", "wohnort", "postleitzahl")):
        return None
    parts = dict(stored)
    last = parts.pop("hausnummern_bis", None)
    return address_lines(
        Gebaeudeanschrift(**parts, hausnummern_bis=None if last is None else HausnummernBis(**last))
    )
