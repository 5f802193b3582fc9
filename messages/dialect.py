"""How a version of the standard is written: its namespace, and elements that it names otherwise.

The message classes say how the version is written that comes with this release. Another version of the same
messages is a `Dialect` of it: data, no second set of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from messages.namespaces import PREFIXES, STANDARD, VERSION, XAUSLAENDER


# Two are the same when they are one object: plans are compiled once for each.
@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One version of XAusländer on the wire.

    `renamed` gives the name of an element in this version by message class and name in the classes:
    ``{"BerechtigungVerpflichtung.austellendeBehoerde": "ausstellendeBehoerde"}``.
    """

    version: str
    namespace: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    standard: str = STANDARD

    @property
    def name(self) -> str:
        """Standard and version, as parties are confirmed for it: "XAusländer 26.11"."""
        return f"{self.standard} {self.version}"

    def tag(self, namespace: str | None, name: str, owner: str = "") -> str:
        """Return the Clark name in this version of an element that the class `owner` names like this."""
        local = self.renamed.get(f"{owner}.{name}", name)
        if namespace is None:
            return local
        return f"{{{self.namespace if namespace == XAUSLAENDER else namespace}}}{local}"

    def written(self, namespace: str | None, name: str, owner: str = "") -> str:
        """Return its name with the prefix, which is the same in all versions."""
        local = self.renamed.get(f"{owner}.{name}", name)
        return local if namespace is None else f"{PREFIXES[namespace]}:{local}"


BUNDLED: Final = Dialect(VERSION, XAUSLAENDER)
