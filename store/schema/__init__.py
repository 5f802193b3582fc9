"""The tables: one definition for SQLite and PostgreSQL, read by the migrations and the statements.

No foreign key leads from the hot tables to `party`: every message of a party would lock the same row. Tables
with a natural key and small rows are WITHOUT ROWID on SQLite: every tree that a message touches is a page
more to write and sync.
"""

from store.schema.base import metadata
from store.schema.batch import (
    delivery,
    delivery_chunk,
    delivery_later,
    delivery_result,
    delivery_sequence,
)
from store.schema.cases import (
    case_file,
    case_history,
    entitlement,
    homonym,
    person,
    person_history,
)
from store.schema.clerks import hint, person_search, work_item, work_item_message
from store.schema.connection import (
    connection_comparison,
    connection_confirmation,
    connection_grant,
    connection_history,
    connection_left_out,
    connection_procedure,
    connection_product,
    connection_scope,
    connection_supplied,
)
from store.schema.courses import (
    course_dropout,
    course_registration,
    course_section,
    course_site,
    course_test,
    organiser,
)
from store.schema.information import disclosure_block, erasure, retrieval, takeover
from store.schema.journal import journal, journal_head
from store.schema.messages import content, decision, message, outbox, question
from store.schema.parties import (
    certificate,
    office,
    office_postcode,
    party,
    party_certificate,
    party_type,
    party_version,
)
from store.schema.running import business_clock, lease, number_counter, number_epoch
from store.schema.work import work

__all__ = [
    "business_clock",
    "case_file",
    "case_history",
    "certificate",
    "connection_comparison",
    "connection_confirmation",
    "connection_grant",
    "connection_history",
    "connection_left_out",
    "connection_procedure",
    "connection_product",
    "connection_scope",
    "connection_supplied",
    "content",
    "course_dropout",
    "course_registration",
    "course_section",
    "course_site",
    "course_test",
    "decision",
    "delivery",
    "delivery_chunk",
    "delivery_later",
    "delivery_result",
    "delivery_sequence",
    "disclosure_block",
    "entitlement",
    "erasure",
    "hint",
    "homonym",
    "journal",
    "journal_head",
    "lease",
    "message",
    "metadata",
    "number_counter",
    "number_epoch",
    "office",
    "office_postcode",
    "organiser",
    "outbox",
    "party",
    "party_certificate",
    "party_type",
    "party_version",
    "person",
    "person_history",
    "person_search",
    "question",
    "retrieval",
    "takeover",
    "work",
    "work_item",
    "work_item_message",
]
