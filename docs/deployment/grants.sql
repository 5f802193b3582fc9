-- After every `inge migrate`, as inge_owner; done again it changes nothing:
--   psql -v ON_ERROR_STOP=1 -U inge_owner -f grants.sql inge
-- What serves needs no more than this, and so whoever takes over a node cannot do more than this.
BEGIN;

-- The journal is written once. Sealing sets two columns of a row; no row is changed besides or removed.
REVOKE ALL ON journal, journal_head FROM inge_app;
GRANT SELECT, INSERT ON journal, journal_head TO inge_app;
GRANT UPDATE (position, chain_hash) ON journal TO inge_app;

-- Nor is the record of a decision removed; erasing empties it.
REVOKE DELETE ON decision, message, person, case_file FROM inge_app;

-- The history of connections is only ever added to.
REVOKE UPDATE, DELETE ON connection_history FROM inge_app;

-- Which release the tables belong to, and the epoch of the numbers: one row, never taken away or added.
REVOKE ALL ON alembic_version, number_epoch FROM inge_app;
GRANT SELECT ON alembic_version TO inge_app;
GRANT SELECT, UPDATE ON number_epoch TO inge_app;

COMMIT;
