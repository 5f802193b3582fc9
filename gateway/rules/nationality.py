"""Whose nationals cannot be obliged to a course (row D25)."""

import tomllib
from importlib.resources import files


def load_free_movement(*, swiss: bool) -> frozenset[str]:
    """Return the Destatis keys of Germany and the EU and EEA states; of Switzerland where `swiss` says so."""
    data = tomllib.loads(files("gateway.rules").joinpath("free_movement.toml").read_text(encoding="utf-8"))
    keys = {data["germany"], *data["eu"], *data["eea"]}
    if swiss:
        keys.add(data["switzerland"])
    return frozenset(keys)
