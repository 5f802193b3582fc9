"""What the commands of `inge connect` share: their options, who acts where, and refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import LARGEST_ID, REFUSED, CommandError

if TYPE_CHECKING:
    from adapters.config import Config
    from gateway.connecting.steps import Desk
    from schemas.registry import SchemaRegistry
    from store.records_connection import Pair

ActorOption = Annotated[str, typer.Option("--as", metavar="USER", help="Who does this; kept in the history.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]
ProcedureArgument = Annotated[
    int, typer.Argument(max=LARGEST_ID, help="Id of the procedure, as `inge connect list` prints it.")
]


def procedure_id_in(subject: str) -> int | None:
    """Return the id of a procedure, None for what names something else. Raises CommandError."""
    if not (subject.isascii() and subject.isdecimal()):
        return None
    if int(subject) > LARGEST_ID:
        raise CommandError(f"there is no procedure {subject}: see `inge connect list`", exit_code=REFUSED)
    return int(subject)


@contextmanager
def opened_desk(config: Config, actor: str = "") -> Iterator[Desk]:
    """Open the store for one step by somebody. Turns its refusals into CommandErrors."""
    from adapters.cli.opening import opened_store
    from adapters.server_core import core_settings
    from gateway.business_clock import business_clock
    from gateway.clock import SystemClock
    from gateway.connecting.steps import ConnectError, Desk

    settings, clock = core_settings(config), SystemClock()
    with opened_store(config) as store:
        try:
            yield Desk(store, settings, clock, business_clock(settings, clock, store), actor)
        except ConnectError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error


def contracts(config: Config) -> SchemaRegistry:
    """Compile the contracts of every version that this gateway knows."""
    from adapters.config_files import contract_folders
    from schemas.codes import CodeLists
    from schemas.registry import SchemaRegistry

    return SchemaRegistry(contract_folders(config), CodeLists.load(installed=config.schemas.installed))


def pairs_of(types: list[str], versions: list[str], config: Config) -> frozenset[Pair]:
    """Join message types and versions of their standards. Raises CommandError for what is not taken in here.

    In: types such as 070001, versions with or without the name of their standard (26.11). Each type is joined
    with the versions of its own standard.
    """
    known = _taken_in(config)
    found: set[Pair] = set()
    for message_type in types:
        mine = [pair for pair in known if pair.message_type == message_type]
        if not mine:
            raise CommandError(f"{message_type} is no message type that is taken in here")
        chosen = [
            pair for pair in mine if pair.version in versions or pair.version.rpartition(" ")[2] in versions
        ]
        if not chosen:
            words = ", ".join(pair.version for pair in mine)
            raise CommandError(f"{message_type} is known here in these versions only: {words}")
        found.update(chosen)
    used = {pair.version for pair in found}
    for version in versions:
        if not any(version in (name, name.rpartition(" ")[2]) for name in used):
            raise CommandError(f"no message type given has a version {version!r}: see `inge versions`")
    return frozenset(found)


def pair_of(text: str, config: Config) -> Pair:
    """Read a pair written as 070001@26.11. Raises CommandError."""
    message_type, at, version = text.partition("@")
    if not at:
        raise CommandError(f"{text!r} is no message type with a version, such as 070001@26.11")
    (pair,) = pairs_of([message_type], [version], config)
    return pair


def _taken_in(config: Config) -> list[Pair]:
    """Every message type that is taken in, in every version known."""
    from adapters.config_files import contract_folders
    from gateway.handlers.table import SERVED
    from store.records_connection import Pair

    versions = [(each.standard, each.version_name) for each in contract_folders(config)]
    found = {
        Pair.covering(message.message_type, name)
        for message in SERVED
        for standard, name in versions
        if message.standard == standard
    }
    return sorted(found)
