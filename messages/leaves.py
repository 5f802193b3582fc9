"""Codecs of the simple kinds: text, token, boolean, day, point in time, bytes.

Booleans read "1" and "true", always write "true"/"false" (structure of XInneres: libxml2 compares a fixed
boolean as text). Text is taken as it is: the documents are signed and are never normalised.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from lxml import etree

from messages.binding import Codec, refuse, register

_SubElement = etree.SubElement
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


def build_text(parent: etree._Element, tag: str, value: str) -> None:
    """Append an element with text."""
    _SubElement(parent, tag).text = value


def parse_token(element: etree._Element) -> str:
    """The text of an xs:token: blanks collapsed."""
    return " ".join((element.text or "").split())


def parse_boolean(element: etree._Element) -> bool:
    """An xs:boolean. Raises GatewayError X001."""
    text = (element.text or "").strip()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise refuse(element, "true or false", "another text")


def build_boolean(parent: etree._Element, tag: str, value: bool) -> None:
    """Append an xs:boolean."""
    _SubElement(parent, tag).text = "true" if value else "false"


def _build_flag(parent: etree._Element, tag: str, value: bool) -> None:
    if value:
        _SubElement(parent, tag).text = "true"


def parse_day(element: etree._Element) -> date:
    """An xida:Tagesdatum (yyyy-mm-dd, no time zone). Raises GatewayError X001."""
    text = (element.text or "").strip()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise refuse(element, "a day of the calendar", "a day that does not exist") from None
    raise refuse(element, "a day (yyyy-mm-dd)", "another text")


def _build_day(parent: etree._Element, tag: str, value: date) -> None:
    _SubElement(parent, tag).text = value.isoformat()


def parse_moment(element: etree._Element) -> datetime:
    """An xs:dateTime as an aware datetime, precise to the microsecond.

    A value without time zone is read as German local time: the schema allows it, the standard's rule
    demands a zone, and nothing is decided by this value. Raises GatewayError X001.
    """
    match = _MOMENT.fullmatch((element.text or "").strip())
    if match is None:
        raise refuse(element, "a point in time (yyyy-mm-ddThh:mm:ss.sss+hh:mm)", "another text")
    day, time, fraction, zone = match.group("day", "time", "fraction", "zone")
    # xs:dateTime names midnight at the end of a day 24:00:00, which Python does not know.
    end_of_day = time == "24:00:00"
    text = f"{day}T{'00:00:00' if end_of_day else time}.{(fraction or '0')[:6]:0<6}{zone or ''}"
    try:
        moment = datetime.fromisoformat(text)
        if end_of_day:
            moment += timedelta(days=1)
    except (ValueError, OverflowError):
        raise refuse(element, "a point in time of the calendar", "one that does not exist") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/Berlin"))


def _build_moment(parent: etree._Element, tag: str, value: datetime) -> None:
    _SubElement(parent, tag).text = format_moment(value)


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


def _build_bytes(parent: etree._Element, tag: str, value: bytes) -> None:
    _SubElement(parent, tag).text = base64.b64encode(value).decode("ascii")


def _parse_number(element: etree._Element) -> int:
    try:
        return int((element.text or "").strip())
    except ValueError:
        raise refuse(element, "a whole number", "another text") from None


def _build_number(parent: etree._Element, tag: str, value: Any) -> None:
    _SubElement(parent, tag).text = str(value)


TEXT: Final = Codec(parse_text, build_text)
BOOLEAN: Final = Codec(parse_boolean, build_boolean)
#: A boolean fixed to true whose absence means "no".
FLAG: Final = Codec(parse_boolean, _build_flag)
DAY: Final = Codec(parse_day, _build_day)
MOMENT: Final = Codec(parse_moment, _build_moment)
BYTES: Final = Codec(_parse_bytes, _build_bytes)
NUMBER: Final = Codec(_parse_number, _build_number)

for _kind, _codec in (
    (str, TEXT),
    (bool, BOOLEAN),
    (date, DAY),
    (datetime, MOMENT),
    (bytes, BYTES),
    (int, NUMBER),
):
    register(_kind, _codec)
