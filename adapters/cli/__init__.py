"""The console command `inge`: one file per group of commands; the server half is imported when it is used."""
