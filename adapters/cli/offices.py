"""`inge offices`: the regional offices that clear duplicates, and the postcodes each is competent for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.console import CommandError, ConfigOption, JsonOption, configuration, emit, table
from adapters.cli.opening import opened_store

app = typer.Typer(help="Import and list the regional offices.", no_args_is_help=True)


@app.command("import")
def import_offices(
    file: Annotated[Path, typer.Argument(help="TOML file with [[office]] tables.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace the whole office directory by the one in the file."""
    from store.offices import read_office_table, replace_offices

    try:
        directory = read_office_table(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from error
    with opened_store(configuration(config)) as store, store.write() as connection:
        replace_offices(connection, directory)
    counts = {"offices": len(directory.offices), "ranges": len(directory.ranges)}
    emit(counts, f"{counts['offices']} offices with {counts['ranges']} postcode ranges", as_json=as_json)


@app.command("list")
def list_offices(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the offices with their postcodes and contacts."""
    with opened_store(configuration(config)) as store, store.read() as reader:
        offices, ranges = reader.offices(), reader.postcode_ranges()
    postcodes = {
        office.id: [f"{r.first}-{r.last}" for r in ranges if r.office_id == office.id] for office in offices
    }
    data = [
        {"id": o.id, "name": o.name, "postcodes": postcodes[o.id], "contact": dict(o.contact)}
        for o in offices
    ]
    rows = [(o.id, o.name, ", ".join(postcodes[o.id]), o.contact.get("phone")) for o in offices]
    emit(data, table(["id", "name", "postcodes", "phone"], rows), as_json=as_json)
