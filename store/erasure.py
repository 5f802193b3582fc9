"""Destroying content keys: request and answers can never be read again, and the chain still holds."""

from sqlalchemy import Connection, select, update

from store.records import MessageRef
from store.schema import content, journal, message, outbox


def destroy_content(connection: Connection, ref: MessageRef) -> int:
    """Destroy the content keys of a message; return how many. The rows and their hashes stay as they are.

    A resend of the message is known as before, but has no answer any more; later answers that were not
    fetched yet have no document any more.
    """
    keys = select(journal.c.content_key_id).where(
        journal.c.uuid == ref.uuid, journal.c.party_id == ref.party_id, journal.c.content_key_id.is_not(None)
    )
    answers = select(message.c.content_key_id).where(
        message.c.uuid == ref.uuid, message.c.party_id == ref.party_id
    )
    later = select(outbox.c.content_key_id).where(
        outbox.c.uuid == ref.uuid, outbox.c.party_id == ref.party_id
    )
    done = connection.execute(
        update(content)
        .where(content.c.id.in_(keys.union(answers, later)), content.c.wrapped.is_not(None))
        .values(wrapped=None)
    )
    return done.rowcount
