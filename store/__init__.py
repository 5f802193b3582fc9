"""What is remembered: tables, units of work, migrations, journal. Knows messages and schemas only."""
