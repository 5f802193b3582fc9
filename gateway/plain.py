"""Typed values as plain JSON values, for what the store keeps of a person."""

from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any


def plain(value: Any) -> Any:
    """Return a value of `messages.values` as JSON-able dictionaries, lists and texts.

    Absent parts (None, empty tuples) are left out; a name that does not exist is an empty dictionary.
    Raises TypeError for a type JSON does not know.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    kind: Any = type(value)
    found = {}
    for name in _names(kind):
        part = getattr(value, name)
        if isinstance(part, str):  # most are
            found[name] = part
        elif part is not None and part != ():
            found[name] = plain(part)
    return found


@cache
def _names(kind: Any) -> tuple[str, ...]:
    if not is_dataclass(kind):
        raise TypeError(f"no plain form of {kind.__name__}")
    return tuple(each.name for each in fields(kind))
