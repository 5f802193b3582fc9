"""The time stamp of a SOAP message: when it was signed and how long it is good (WS-Security 1.1 §10)."""

import re
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from gateway.trust import names
from messages.errors import GatewayError

_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def read_timestamp(timestamp: etree._Element) -> tuple[datetime, datetime | None]:
    """Return Created and Expires of a wsu:Timestamp, both with time zone; finer than microseconds is cut off.

    Raises GatewayError T011.timestamp if Created is missing or one of them is no xs:dateTime with a zone.
    """
    moments: dict[object, datetime] = {}
    for child in timestamp.iterchildren("*"):
        if child.tag not in (names.WSU_CREATED, names.WSU_EXPIRES) or child.tag in moments or len(child):
            raise GatewayError("T011.timestamp")
        moments[child.tag] = _moment(child.text)
    created = moments.get(names.WSU_CREATED)
    if created is None:
        raise GatewayError("T011.timestamp")
    return created, moments.get(names.WSU_EXPIRES)


def _moment(text: str | None) -> datetime:
    trimmed = (text or "").strip()
    if not _MOMENT.fullmatch(trimmed):
        raise GatewayError("T011.timestamp")
    try:
        return datetime.fromisoformat(trimmed)
    except ValueError:
        raise GatewayError("T011.timestamp") from None


def require_fresh(
    created: datetime, expires: datetime | None, *, max_age: timedelta, max_future: timedelta, now: datetime
) -> None:
    """Hold a time stamp against the clock.

    Raises GatewayError T011.future-timestamp if Created lies more than `max_future` ahead,
    T011.stale-timestamp if Expires has come or Created lies more than `max_age` back.
    """
    if created - now > max_future:
        raise GatewayError("T011.future-timestamp")
    if (expires is not None and expires <= now) or now - created > max_age:
        raise GatewayError("T011.stale-timestamp")
