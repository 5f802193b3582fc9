"""What an answer says, in a few words: its type, its reason and the number in it."""

from __future__ import annotations

from typing import Any

from lxml import etree


def summary(message: Any) -> dict[str, str | None]:
    """Say in a few words what an answer says: its type, reason (a receipt's subject) and number."""
    right = getattr(message, "berechtigung_verpflichtung", None)
    right = right or getattr(message, "zulassung_verpflichtung", None)
    return {
        "answer": message.message_type,
        "reason": _reason(message),
        "number": getattr(right or message, "bamfkennziffer", None),
    }


_REASONS = (
    "ablehnungsgrund",
    "nachfragegrund",
    "grund_code",
    "information_sachbearbeiter",
    "information_sachbearbeitung",
)
"""Where the answers of the standard say why; in some the last holds notes beside that, several."""


def _reason(message: Any) -> str | None:
    for name in _REASONS:
        code: str | None = getattr(getattr(message, name, None), "code", None)
        if code is not None:
            return code
    return getattr(message, "sachverhalt", None)


def answer_summary(element: etree._Element, message: Any) -> dict[str, str | None]:
    """Say the same of any answer; one this version does not know is named by its element only."""
    if message is None:
        return {"answer": etree.QName(element).localname, "reason": None, "number": None}
    return summary(message)
