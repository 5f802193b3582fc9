"""`inge offices`: the regional offices that clear duplicates, and the postcodes each is competent for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.console import ConfigOption, JsonOption, configuration, emit, table
from adapters.cli.office_file import read_offices
from adapters.cli.opening import opened_store

app = typer.Typer(help="Import and list the regional offices.", no_args_is_help=True)


@app.command("import")
def import_offices(
    file: Annotated[Path, typer.Argument(help="TOML file with [[office]] tables.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace the whole office directory by the one in the file."""
    from store.records import OfficeRecord, PostcodeRange

    entries = read_offices(file)
    offices = [OfficeRecord(entry.id, entry.name, entry.contact) for entry in entries]
    ranges = [PostcodeRange(first, last, entry.id) for entry in entries for first, last in entry.postcodes]
    with opened_store(configuration(config)) as store, store.unit_of_work() as unit:
        unit.replace_offices(offices, ranges)
        unit.commit()
    text = f"{len(offices)} offices with {len(ranges)} postcode ranges"
    emit({"offices": len(offices), "ranges": len(ranges)}, text, as_json=as_json)


@app.command("list")
def list_offices(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the offices with their postcodes and contacts."""
    with opened_store(configuration(config)) as store, store.read() as reader:
        offices, ranges = reader.load_offices(), reader.load_postcode_ranges()
    data = [
        {
            "id": office.id,
            "name": office.name,
            "contact": dict(office.contact),
            "postcodes": [f"{item.first}-{item.last}" for item in ranges if item.office_id == office.id],
        }
        for office in offices
    ]
    rows = [(o["id"], o["name"], ", ".join(o["postcodes"]), o["contact"].get("phone")) for o in data]
    emit(data, table(["id", "name", "postcodes", "phone"], rows), as_json=as_json)
