"""Comparing what an authority sent with what it gave separately, and confirming it (A4 and A5).

Every function raises ConnectError where its way is not possible; then nothing was changed.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection

from gateway.clock import german_day
from gateway.connecting.comparing import (
    GivenSide,
    SentSide,
    compare_sets,
    comparison_digest,
    sent_digest,
)
from gateway.connecting.confirmation_document import confirmation_document
from gateway.connecting.procedure import change, need_party, need_procedure, note_sent, what
from gateway.connecting.products import need_product
from gateway.connecting.report import Report, make_report, read_report, write_report
from gateway.connecting.steps import COMPARE, CONFIRM, ConnectError, Desk, check_way
from gateway.trust.canonical import read_canonical
from schemas.registry import SchemaRegistry
from store.confirmations import add_confirmation
from store.connection_data import (
    add_comparison,
    destroy_contents,
    last_comparison,
    list_left_out,
    list_sent,
    list_supplied,
    refusals_of,
)
from store.errors import ContentErased
from store.reader import Reader
from store.records import JournalKind
from store.records_connection import (
    Confirmation,
    ConnectionState,
    Procedure,
    Sent,
    StoredComparison,
    Supplied,
)


def compare(desk: Desk, procedure_id: int) -> Report:
    """Compare all that was sent since the opening with all that was given separately, and keep the report.

    It is read first and noted afterwards: nobody waits for a comparison.
    """
    desk.need_test()
    with desk.store.read() as reader:
        connection = reader.connection
        procedure = need_procedure(connection, procedure_id)
        if procedure.state != ConnectionState.AUTHORITY_REGISTERED:
            check_way(COMPARE, what(procedure), procedure.state)
        supplied = list_supplied(connection, desk.store.vault, procedure.id)
        # What was given of a type before it was dropped from the scope waits for its being added again.
        given = _given(each for each in supplied if each.pair in procedure.scope)
        product = need_product(connection, procedure.product_id)
        party = need_party(connection, procedure.kennung)
        sent = list_sent(connection, procedure.kennung, procedure.scope, procedure.opened_at)
        sides = [_side(reader, procedure.kennung, each) for each in sent]
        unseen = {each.uuid for each in given} - {each.uuid for each in sent}
        refused = refusals_of(connection, procedure.kennung, sorted(unseen))
        left_out = {each.uuid: each.reason for each in list_left_out(connection, procedure.id)}
    if not given:
        raise ConnectError(
            f"{what(procedure)}: nothing was given separately, `inge connect supply` comes first"
        )
    found = compare_sets(procedure.scope, given, sides, product=product, left_out=left_out, refused=refused)
    digest = comparison_digest(f"{procedure.kennung}, {product}", procedure.scope, given, sides)
    now = desk.clock.now()
    report = make_report(procedure, product, party, found, digest=digest, actor=desk.actor, at=now)
    kept = StoredComparison(
        id=desk.store.new_id(),
        procedure_id=procedure.id,
        revision=procedure.revision,
        equal=found.is_equal,
        counts=found.counts(),
        sent_digest=_digest(sent),
        digest=digest,
        actor=desk.actor,
        at=now,
        report=write_report(report),
    )
    after = ConnectionState.COMPARED_EQUAL if found.is_equal else ConnectionState.COMPARED_DIFFERENT
    with desk.write() as connection:
        if procedure.state == ConnectionState.AUTHORITY_REGISTERED:
            procedure = note_sent(desk, connection, procedure, sent)
        change(desk, connection, procedure, COMPARE, after, counts=found.counts(), digest=digest.hex())
        add_comparison(connection, desk.store.vault, kept)
    return report


def last_report(desk: Desk, procedure_id: int) -> Report:
    """Return the report of the latest comparison."""
    with desk.store.read() as reader:
        procedure = need_procedure(reader.connection, procedure_id)
        kept = last_comparison(reader.connection, desk.store.vault, procedure.id)
        sent = list_sent(reader.connection, procedure.kennung, procedure.scope, procedure.opened_at)
    if kept is None:
        raise ConnectError(f"{what(procedure)}: nothing was compared yet, see `inge connect compare`")
    if kept.report is None:
        raise ConnectError(f"{what(procedure)} is over: its report was destroyed with the test data")
    outdated = (kept.revision, kept.sent_digest) != (procedure.revision, _digest(sent))
    return read_report(kept.report, outdated=outdated)


def confirm(
    desk: Desk,
    procedure_id: int,
    *,
    uuid: str,
    registry: SchemaRegistry,
    import_days: int,
    reason: str = "",
) -> Confirmation:
    """Confirm an authority whose last comparison was equal and is newer than every change of either side.

    Ends the procedure: the contents of the test data given separately and of all reports are destroyed.
    In: the UUID of the confirmation, the contracts, within how many days it has to be imported.
    """
    desk.need_test()
    now = desk.clock.now()
    with desk.write() as connection:
        procedure = need_procedure(connection, procedure_id)
        check_way(
            CONFIRM,
            what(procedure),
            procedure.state,
            "only what `inge connect compare` found equal is confirmed",
        )
        product = need_product(connection, procedure.product_id)
        if product.state != ConnectionState.PRODUCT_ACCEPTED:
            raise ConnectError(f"{product} is in the state {product.state}: nobody is confirmed with it")
        kept = _newest_equal(desk, connection, procedure)
        confirmation = Confirmation(
            uuid=uuid,
            kennung=procedure.kennung,
            maker=product.maker,
            product=product.name,
            product_version=product.version,
            scope=procedure.scope,
            state=ConnectionState.CONFIRMED,
            confirmed_at=now,
            confirmed_by=desk.actor,
            import_until=german_day(now) + timedelta(days=import_days),
            procedure_id=procedure.id,
        )
        # What cannot be written could never be exported, and the test data would be gone.
        party = need_party(connection, procedure.kennung)
        confirmation_document(desk, confirmation, kept, party, registry, desk.settings.kennung)
        change(
            desk,
            connection,
            procedure,
            CONFIRM,
            ConnectionState.CONFIRMED,
            reason=reason,
            ended=True,
            confirmation=confirmation.uuid,
            digest=kept.digest.hex(),
        )
        add_confirmation(connection, confirmation)
        destroy_contents(connection, procedure.id)
    return confirmation


def _newest_equal(desk: Desk, connection: Connection, procedure: Procedure) -> StoredComparison:
    kept = last_comparison(connection, desk.store.vault, procedure.id)
    if kept is None or not kept.equal or kept.revision != procedure.revision:
        raise ConnectError(
            f"{what(procedure)}: the last comparison is not of what is there now, compare again"
        )
    sent = list_sent(connection, procedure.kennung, procedure.scope, procedure.opened_at)
    if _digest(sent) != kept.sent_digest:
        raise ConnectError(f"{procedure.kennung} has sent more since the comparison: compare again")
    return kept


def _given(supplied: Iterable[Supplied]) -> list[GivenSide]:
    return [
        GivenSide(
            each.uuid, each.message_type, each.pair, each.file, each.digest, read_canonical(each.document)
        )
        for each in supplied
        if each.document is not None
    ]


def _side(reader: Reader, kennung: str, sent: Sent) -> SentSide:
    element = None
    for row in reader.journal_of(sent.uuid):
        if row.party_id == kennung and row.kind == JournalKind.RECEIVED:
            try:
                content = reader.journaled_content(row)
            except ContentErased:
                continue
            element = None if content is None else read_canonical(content)
    return SentSide(sent.uuid, sent.message_type, sent.pair, sent.at, sent.digest, element)


def _digest(sent: Iterable[Sent]) -> bytes:
    return sent_digest([(each.uuid, each.digest) for each in sent])
