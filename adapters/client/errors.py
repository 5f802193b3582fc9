"""What can go wrong when sending, as types a sender's software can tell apart."""

from __future__ import annotations

from messages.errors import Advice
from messages.fehler import Fehler


class ClientError(Exception):
    """Any failure of a sending; the message may be sent again under the same UUID at any time."""


class Unreachable(ClientError):
    """No answer came: connection, TLS or time-out. Whether the message took effect is not known; a resend
    with the same UUID is safe."""


class UntrustedAnswer(ClientError):
    """An answer came, but it is not proven to be the gateway's: unsigned, broken or signed by another."""


class UnexpectedAnswer(ClientError):
    """What came is no SOAP answer of this service (a proxy's error page, another document)."""


class Refused(ClientError):
    """The gateway refused; `fehler` says why and what to do.

    `proven` is False for refusals without a valid signature of the gateway: it signs none before admission
    (too large, not well-formed, too busy), so these are advice only.
    """

    def __init__(self, fehler: Fehler, *, proven: bool) -> None:
        super().__init__(f"{fehler.code}: {fehler.text_englisch}")
        self.fehler = fehler
        self.proven = proven

    @property
    def code(self) -> str:
        """The stable error code, such as "T011.broken"."""
        return self.fehler.code

    @property
    def retryable(self) -> bool:
        """Whether the same message may succeed later."""
        return self.fehler.handlung is Advice.RETRY
