"""Which residence titles an agency may name in a report."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files


def load_titles_not_for() -> Mapping[str, frozenset[str]]:
    """Return, by type of agency (`ABH`), the codes of residence titles that it may not use."""
    data = tomllib.loads(files("gateway.rules").joinpath("titles.toml").read_text(encoding="utf-8"))
    return {agency_type: frozenset(titles) for agency_type, titles in data["not_for"].items()}
