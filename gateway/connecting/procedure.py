"""The procedure of one authority with one product in a test environment: opening, and its test data (A2, A3).

Every function raises ConnectError where its way is not possible; then nothing was changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gateway.clock import german_day
from gateway.connecting.given import GivenFile
from gateway.connecting.given_check import Flaw, check_given
from gateway.connecting.products import need_product
from gateway.connecting.steps import (
    CHANGE_SCOPE,
    LEAVE_OUT,
    NOTE_SENT,
    OPEN,
    SUPPLY,
    ConnectError,
    Desk,
    Transition,
    changed_meanwhile,
    check_way,
    note,
)
from schemas.registry import SchemaRegistry
from store.connection_data import (
    leave_out,
    list_sent,
    list_supplied,
    put_supplied,
)
from store.connections import (
    add_procedure,
    change_procedure,
    find_procedure,
    set_scope,
)
from store.parties import show_party
from store.records import PartyRecord
from store.records_connection import (
    ConnectionState,
    LeftOut,
    Pair,
    Procedure,
    Sent,
)

KIND = "procedure"


def open_procedure(desk: Desk, kennung: str, product_id: int, scope: Collection[Pair]) -> Procedure:
    """Open the connection of an authority with an accepted product, for these message types and versions.

    What the authority sends from now on counts as its test data. It is registered here with a certificate and
    may send all of the scope.
    """
    desk.need_test()
    now = desk.clock.now()
    with desk.write() as connection:
        product = need_product(connection, product_id)
        if product.state != ConnectionState.PRODUCT_ACCEPTED:
            adapted = product.state == ConnectionState.PRODUCT_ADAPTED
            leads = "`inge connect product accept` comes first" if adapted else "nobody is connected with it"
            raise ConnectError(f"{product} is in the state {product.state}: {leads}")
        _check_party(need_party(connection, kennung), scope)
        procedure = Procedure(
            desk.store.new_id(),
            kennung,
            product.id,
            ConnectionState.AUTHORITY_REGISTERED,
            1,
            now,
            scope=frozenset(scope),
        )
        if not add_procedure(connection, procedure):
            raise ConnectError(
                f"a procedure of {kennung} with {product} is under way: see `inge connect list`"
            )
        note(
            desk,
            connection,
            OPEN,
            KIND,
            procedure.id,
            before=None,
            after=ConnectionState.AUTHORITY_REGISTERED,
            at=now,
            scope=sorted(map(list, scope)),
        )
    return procedure


def change_scope(
    desk: Desk, procedure_id: int, *, add: Collection[Pair], drop: Collection[Pair], reason: str
) -> Procedure:
    """Let a procedure be about more or fewer message types and versions."""
    with desk.write() as connection:
        procedure = need_procedure(connection, procedure_id)
        scope = (procedure.scope | set(add)) - set(drop)
        if not scope:
            raise ConnectError(
                "a procedure is about at least one message type: `inge connect withdraw` ends it"
            )
        _check_party(need_party(connection, procedure.kennung), set(add))
        changed = change(
            desk,
            connection,
            procedure,
            CHANGE_SCOPE,
            _after_change(procedure),
            reason=reason,
            anew=True,
            added=sorted(map(list, add)),
            dropped=sorted(map(list, drop)),
        )
        set_scope(connection, procedure.id, scope)
    return replace(changed, scope=scope)


def supply(
    desk: Desk,
    procedure_id: int,
    files: Sequence[GivenFile],
    *,
    registry: SchemaRegistry,
    anew: bool = False,
) -> tuple[Procedure, list[Flaw]]:
    """Take in test data that were given separately. With `anew` they take the place of all that were there.

    Out: the procedure, and what speaks against the files; with a single flaw nothing is taken in.
    """
    with desk.store.read() as reader:
        procedure = need_procedure(reader.connection, procedure_id)
    check_way(SUPPLY, what(procedure), procedure.state)
    documents, flaws = check_given(
        files,
        kennung=procedure.kennung,
        scope=procedure.scope,
        registry=registry,
        on=german_day(desk.business.now()),
    )
    if flaws:
        return procedure, flaws
    with desk.write() as connection:
        changed = change(
            desk,
            connection,
            procedure,
            SUPPLY,
            _after_change(procedure),
            anew=True,
            files=len(documents),
            instead_of_all=anew,
        )
        with_keys = [(desk.store.new_id(), each) for each in documents]
        put_supplied(connection, desk.store.vault, procedure.id, with_keys, anew=anew)
    return changed, []


def leave_message_out(desk: Desk, procedure_id: int, uuid: str, reason: str) -> Procedure:
    """Say of a message that was sent that it is no test data, and why. The report goes on naming it."""
    if not reason.strip():
        raise ConnectError("say why the message is no test data (--reason)")
    uuid = uuid.lower()
    with desk.write() as connection:
        procedure = need_procedure(connection, procedure_id)
        sent = list_sent(connection, procedure.kennung, procedure.scope, procedure.opened_at)
        if all(each.uuid != uuid for each in sent):
            raise ConnectError(f"{procedure.kennung} sent no message {uuid} that the procedure is about")
        given = list_supplied(connection, desk.store.vault, procedure.id)
        if any(each.uuid == uuid for each in given):
            raise ConnectError(f"{uuid} was given separately: it is test data")
        if procedure.state == ConnectionState.AUTHORITY_REGISTERED:
            procedure = note_sent(desk, connection, procedure, sent)
        entry = LeftOut(uuid, reason, desk.actor, desk.clock.now())
        if not leave_out(connection, procedure.id, entry):
            raise ConnectError(f"{uuid} is left out already")
        return change(
            desk,
            connection,
            procedure,
            LEAVE_OUT,
            ConnectionState.TEST_SENT,
            reason=reason,
            anew=True,
            uuid=uuid,
        )


def note_sent(desk: Desk, connection: Connection, procedure: Procedure, sent: Sequence[Sent]) -> Procedure:
    """Note that the authority has sent test data. Raises ConnectError if it has not."""
    if not sent:
        raise ConnectError(
            f"{procedure.kennung} has sent nothing since {procedure.opened_at:%Y-%m-%d %H:%M:%S} UTC"
            " that the procedure is about"
        )
    return change(desk, connection, procedure, NOTE_SENT, ConnectionState.TEST_SENT, messages=len(sent))


def need_party(connection: Connection, kennung: str) -> PartyRecord:
    """Return a party by its kennung. Raises ConnectError."""
    try:
        return show_party(connection, kennung)
    except LookupError as error:
        raise ConnectError(f"{error}: `inge party add` registers it") from error


def need_procedure(connection: Connection, procedure_id: int) -> Procedure:
    """Return a procedure by its id. Raises ConnectError."""
    procedure = find_procedure(connection, procedure_id)
    if procedure is None:
        raise ConnectError(f"there is no procedure {procedure_id}: see `inge connect list`")
    return procedure


def what(procedure: Procedure) -> str:
    """Name a procedure in a refusal."""
    return f"procedure {procedure.id} of {procedure.kennung}"


def change(
    desk: Desk,
    connection: Connection,
    procedure: Procedure,
    way: Transition,
    after: ConnectionState,
    *,
    reason: str = "",
    anew: bool = False,
    ended: bool = False,
    **facts: Any,
) -> Procedure:
    """Go one way: compare with what was read, change, leave history. `anew`: another set is compared."""
    desk.need_test()
    check_way(way, what(procedure), procedure.state)
    now = desk.clock.now()
    revision = procedure.revision + anew
    ended_at = now if ended else procedure.ended_at
    if not change_procedure(connection, procedure, after, revision=revision, ended_at=ended_at):
        raise changed_meanwhile(what(procedure))
    note(
        desk,
        connection,
        way,
        KIND,
        procedure.id,
        before=procedure.state,
        after=after,
        at=now,
        reason=reason,
        revision=revision,
        **facts,
    )
    return replace(procedure, state=after, revision=revision, ended_at=ended_at)


def _after_change(procedure: Procedure) -> ConnectionState:
    """The state in which another set of test data waits for its comparison."""
    waiting = ConnectionState.AUTHORITY_REGISTERED
    return waiting if procedure.state == waiting else ConnectionState.TEST_SENT


def _check_party(party: PartyRecord, scope: Collection[Pair]) -> None:
    if party.locked:
        raise ConnectError(f"{party.kennung} is locked: `inge party unlock` comes first")
    if not party.certificates:
        raise ConnectError(f"{party.kennung} has no certificate: `inge party certify` comes first")
    types = sorted({pair.message_type for pair in scope} - party.allowed_types)
    versions = sorted({pair.version for pair in scope} - party.versions)
    if types or versions:
        raise ConnectError(
            f"{party.kennung} may not send {', '.join((*types, *versions))} here: see"
            " `inge party set --allow` and `inge party confirm`"
        )
