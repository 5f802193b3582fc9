"""Which residence titles an agency may name in a report."""

import tomllib
from importlib.resources import files


def load_titles_not_for(agency_type: str) -> frozenset[str]:
    """Return the codes of residence titles that agencies of a type (`ABH`) may not use."""
    data = tomllib.loads(files("gateway.rules").joinpath("titles.toml").read_text(encoding="utf-8"))
    return frozenset(data["not_for"][agency_type])
