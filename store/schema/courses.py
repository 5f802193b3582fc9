"""Organisers and their sites, and how persons went through the course."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Integer, Table, Text

from store.columns import ON_CONFLICT, Document, Moment
from store.schema.base import metadata, row_id

organiser = Table(
    "organiser",
    metadata,
    Column("number", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Document, nullable=False),
    Column("contact", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    # Said again: what is said last holds.
    info={
        ON_CONFLICT: 'ON CONFLICT ("number") DO UPDATE SET'
        ' "name" = excluded."name",'
        ' "address" = excluded."address",'
        ' "contact" = excluded."contact",'
        ' "at" = excluded."at",'
        ' "actor" = excluded."actor"'
    },
)

course_site = Table(
    "course_site",
    metadata,
    Column("number", Text, primary_key=True),
    Column("organiser", Text, ForeignKey("organiser.number"), nullable=False),
    Column("address", Document, nullable=False),
    Column("contact", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    # Said again: what is said last holds.
    info={
        ON_CONFLICT: 'ON CONFLICT ("number") DO UPDATE SET'
        ' "organiser" = excluded."organiser",'
        ' "address" = excluded."address",'
        ' "contact" = excluded."contact",'
        ' "at" = excluded."at",'
        ' "actor" = excluded."actor"'
    },
)

course_registration = Table(
    "course_registration",
    metadata,
    row_id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("registered_on", Date, nullable=False),
    Column("organiser", Text, nullable=False),
    Column("course_type", Text, nullable=True),
    Column("section", Text, nullable=True),
    Column("placement_test_on", Date, nullable=True),
    Column("placement_dispensable", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

course_section = Table(
    "course_section",
    metadata,
    row_id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("section", Text, nullable=False),
    Column("course_type", Text, nullable=False),
    Column("course_no", Text, nullable=False),
    Column("organiser", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("began_on", Date, nullable=False),
    Column("ended_on", Date, nullable=True),
    Column("units", Integer, nullable=False),
    Column("absent_excused", Integer, nullable=True),
    Column("absent_unexcused", Integer, nullable=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("expected_end", Date, nullable=True),
)

course_test = Table(
    "course_test",
    metadata,
    row_id(),
    Column("case_id", BigInteger, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("taken_on", Date, nullable=False),
    Column("organiser", Text, nullable=False),
    Column("test_type", Text, nullable=True),
    Column("overall", Text, nullable=True),
    Column("passed", Boolean, nullable=True),
    Column("parts", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

course_dropout = Table(
    "course_dropout",
    metadata,
    Column("case_id", BigInteger, ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
    Column("dropped_on", Date, nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    # Said again: what is said last holds.
    info={
        ON_CONFLICT: 'ON CONFLICT ("case_id") DO UPDATE SET'
        ' "dropped_on" = excluded."dropped_on",'
        ' "at" = excluded."at",'
        ' "actor" = excluded."actor"'
    },
)
