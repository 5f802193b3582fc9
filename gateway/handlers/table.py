"""Which handler takes which message; a further message comes in by a line here."""

from collections.abc import Mapping
from typing import Any

from gateway.handlers.base import Handler
from gateway.handlers.disclosure import BlockHandler
from gateway.handlers.name_change import NameChangeHandler
from gateway.handlers.readings import READINGS
from gateway.handlers.reply import ReplyHandler
from gateway.handlers.report import ReportHandler
from gateway.tools import Tools
from messages.group07 import Antwort070007
from messages.group07_information import Auskunftssperre070022, Namensaenderung070019


def handlers(tools: Tools) -> Mapping[type[Any], Handler]:
    """Return the handlers by message class."""
    found: dict[type[Any], Handler] = dict.fromkeys(READINGS, ReportHandler(tools))
    found[Antwort070007] = ReplyHandler(tools)
    found[Namensaenderung070019] = NameChangeHandler(tools)
    found[Auskunftssperre070022] = BlockHandler(tools)
    return found
