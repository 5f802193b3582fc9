"""Whose nationals cannot be obliged to a course (row D25)."""

import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class FreeMovement:
    """Destatis keys of Germany and the EU and EEA states; Switzerland's counts where the operator says so."""

    states: frozenset[str]
    switzerland: str
    swiss: bool

    @classmethod
    def load(cls, *, swiss: bool) -> "FreeMovement":
        """Read the bundled list. In: the operator's setting `swiss_free_movement`."""
        text = files("gateway.rules").joinpath("free_movement.toml").read_text(encoding="utf-8")
        data = tomllib.loads(text)
        return cls(frozenset({data["germany"], *data["eu"], *data["eea"]}), data["switzerland"], swiss)

    def covers(self, nationalities: AbstractSet[str]) -> bool:
        """Tell whether one of the nationalities moves freely."""
        return bool(nationalities & self.states) or (self.swiss and self.switzerland in nationalities)

    def asks_operator(self, nationalities: AbstractSet[str]) -> bool:
        """Tell whether the setting alone decides about these nationalities."""
        return self.switzerland in nationalities and not nationalities & self.states
