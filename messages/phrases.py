"""What a finding says was expected or found, in German; the table stands in `phrases.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Final

_PLACE: Final = re.compile(r"\{(?:list)?\}")
_OR: Final = re.compile(r" or ")


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    text = resources.files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8")
    return tuple(
        (_pattern(row["en"]), row["de"].replace("{list}", "{}")) for row in tomllib.loads(text)["phrase"]
    )


def in_german(text: str) -> str:
    """Return the German text of what was expected or found; names, codes and URIs stay as they are."""
    for pattern, german in _phrases():
        found = pattern.fullmatch(text)
        if found is not None:
            return german.format(*(_OR.sub(" oder ", taken) for taken in found.groups()))
    return text


def _pattern(english: str) -> re.Pattern[str]:
    pieces = (re.escape(piece) for piece in _PLACE.split(english))
    places = ("(.+ or .+)" if place == "{list}" else "(.+)" for place in _PLACE.findall(english))
    first, *rest = pieces
    return re.compile(first + "".join(place + piece for place, piece in zip(places, rest, strict=True)), re.S)
