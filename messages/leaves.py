"""Codecs of the simple kinds: text, token, boolean, day, point in time, bytes.

Booleans read "1" and "true", always write "true"/"false" (structure of XInneres: libxml2 compares a fixed
boolean as text). Text is taken as it is: the documents are signed and are never normalised.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from messages.binding import Codec, refuse, register
from messages.writing import escape

_TRUE: Final = ("true", "1")
_FALSE: Final = ("false", "0")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


def parse_text(element: etree._Element) -> str:
    """The text of an element, as it stands."""
    return element.text or ""


def write_text(name: str, value: str) -> str:
    """An element with text."""
    return f"<{name}>{escape(value)}</{name}>"


def parse_token(element: etree._Element) -> str:
    """The text of an xs:token: blanks collapsed."""
    return " ".join((element.text or "").split())


TOKEN: Final = Codec(parse_token, write_text)
"""Of elements that hold a token: blanks around it do not count."""


def parse_boolean(element: etree._Element) -> bool:
    """An xs:boolean. Raises GatewayError X001."""
    text = (element.text or "").strip()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise refuse(element, "true or false", "another text")


def write_boolean(name: str, value: bool) -> str:
    """An xs:boolean."""
    return f"<{name}>true</{name}>" if value else f"<{name}>false</{name}>"


def _write_flag(name: str, value: bool) -> str:
    return write_boolean(name, value) if value else ""


def parse_day(element: etree._Element) -> date:
    """An xida:Tagesdatum (yyyy-mm-dd, no time zone). Raises GatewayError X001."""
    text = (element.text or "").strip()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise refuse(element, "a day of the calendar", "a day that does not exist") from None
    raise refuse(element, "a day (yyyy-mm-dd)", "another text")


def _write_day(name: str, value: date) -> str:
    return f"<{name}>{value.isoformat()}</{name}>"


def parse_moment(element: etree._Element) -> datetime:
    """An xs:dateTime as an aware datetime, precise to the microsecond.

    A value without time zone is read as German local time: the schema allows it, the standard's rule
    demands a zone, and nothing is decided by this value. Raises GatewayError X001.
    """
    text = (element.text or "").strip()
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise refuse(element, "a point in time (yyyy-mm-ddThh:mm:ss.sss+hh:mm)", "another text")
    # xs:dateTime names midnight at the end of a day 24:00:00, which Python does not know.
    end_of_day = match["time"] == "24:00:00"
    try:
        moment = datetime.fromisoformat(text.replace("T24", "T00") if end_of_day else text)
        if end_of_day:
            moment += timedelta(days=1)
    except (ValueError, OverflowError):
        raise refuse(element, "a point in time of the calendar", "one that does not exist") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Berlin"))


def _write_moment(name: str, value: datetime) -> str:
    return f"<{name}>{format_moment(value)}</{name}>"


def format_moment(value: datetime) -> str:
    """``value`` as xs:dateTime with milliseconds and time zone. Raises ValueError for a naive datetime."""
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("a point in time needs a time zone")
    if offset % timedelta(minutes=1):
        value = value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds")


def _parse_bytes(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except binascii.Error:
        raise refuse(element, "Base64", "another text") from None


def _write_bytes(name: str, value: bytes) -> str:
    return f"<{name}>{base64.b64encode(value).decode()}</{name}>"


def _parse_number(element: etree._Element) -> int:
    try:
        return int((element.text or "").strip())
    except ValueError:
        raise refuse(element, "a whole number", "another text") from None


def _write_number(name: str, value: int) -> str:
    return f"<{name}>{value}</{name}>"


TEXT: Final = Codec(parse_text, write_text)
BOOLEAN: Final = Codec(parse_boolean, write_boolean)
#: A boolean fixed to true whose absence means "no".
FLAG: Final = Codec(parse_boolean, _write_flag)
DAY: Final = Codec(parse_day, _write_day)
MOMENT: Final = Codec(parse_moment, _write_moment)
BYTES: Final = Codec(_parse_bytes, _write_bytes)
NUMBER: Final = Codec(_parse_number, _write_number)

for _kind, _codec in (
    (str, TEXT),
    (bool, BOOLEAN),
    (date, DAY),
    (datetime, MOMENT),
    (bytes, BYTES),
    (int, NUMBER),
):
    register(_kind, _codec)
