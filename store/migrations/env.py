"""Alembic's entry: runs the migrations on the connection that `store.migrate` hands over."""

from alembic import context

from store.schema import metadata

connection = context.config.attributes["connection"]
if connection is None:
    raise RuntimeError("migrations run through store.migrate")
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
