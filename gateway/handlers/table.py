"""Which handler takes which message; a further message comes in by a line here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.handlers.base import Handler
from gateway.handlers.disclosure import BlockHandler
from gateway.handlers.existence import ExistenceHandler
from gateway.handlers.name_change import NameChangeHandler
from gateway.handlers.participation import WORDS, ParticipationHandler
from gateway.handlers.readings import REPORTS
from gateway.handlers.reply import ReplyHandler
from gateway.handlers.report import ReportHandler
from gateway.information.inquiry import ANSWERS
from gateway.tools import Tools
from messages.group07 import Antwort070007
from messages.group07_information import Auskunftssperre070022, Namensaenderung070019

_HANDLERS: Final[Mapping[type[Any], Callable[[Tools], Handler]]] = {
    **dict.fromkeys(REPORTS, ReportHandler),
    Antwort070007: ReplyHandler,
    **dict.fromkeys(ANSWERS, ExistenceHandler),
    **dict.fromkeys(WORDS, ParticipationHandler),
    Namensaenderung070019: NameChangeHandler,
    Auskunftssperre070022: BlockHandler,
}
SERVED: Final = frozenset(_HANDLERS)
"""The classes of the messages that are taken in."""


def handlers(tools: Tools) -> Mapping[type[Any], Handler]:
    """Return the handlers by message class."""
    return {message: make(tools) for message, make in _HANDLERS.items()}
