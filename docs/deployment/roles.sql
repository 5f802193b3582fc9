-- Once, as a superuser of PostgreSQL, before the first `inge migrate`:
--   psql -v ON_ERROR_STOP=1 -f roles.sql postgres
-- Then give each a password (\password inge_app); none stands in this file.
-- Roles belong to the whole cluster: one cluster per environment, never test and productive in one.

-- Owns the tables and changes them: `inge migrate`, `inge restore`, `inge retention run --scrub`.
CREATE ROLE inge_owner LOGIN;
-- Serves: the nodes, the workers, and the operators' commands. Rows only.
CREATE ROLE inge_app LOGIN CONNECTION LIMIT 200;
-- Reads: backups and reports.
CREATE ROLE inge_reader LOGIN CONNECTION LIMIT 10;
ALTER ROLE inge_reader SET default_transaction_read_only = on;

CREATE DATABASE inge OWNER inge_owner ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE inge FROM PUBLIC;
GRANT CONNECT ON DATABASE inge TO inge_app, inge_reader;

\connect inge

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO inge_owner;
GRANT USAGE ON SCHEMA public TO inge_app, inge_reader;
-- What a migration adds later can be served at once; grants.sql then takes away what is too much.
ALTER DEFAULT PRIVILEGES FOR ROLE inge_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO inge_app;
ALTER DEFAULT PRIVILEGES FOR ROLE inge_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO inge_app;
ALTER DEFAULT PRIVILEGES FOR ROLE inge_owner IN SCHEMA public GRANT SELECT ON TABLES TO inge_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE inge_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO inge_reader;
