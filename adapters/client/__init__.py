"""What a sender installs: sign, send, prove the answer, repeat safely. Needs nothing of the server."""

from adapters.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable, UntrustedAnswer
from adapters.client.retry import RetryPolicy
from adapters.client.sender import Client, Reply
from adapters.client.service import Service, read_document
from adapters.client.transport import CappedTransport
from adapters.client.trust import GatewayTrust

__all__ = [
    "CappedTransport",
    "Client",
    "ClientError",
    "GatewayTrust",
    "Refused",
    "Reply",
    "RetryPolicy",
    "Service",
    "UnexpectedAnswer",
    "Unreachable",
    "UntrustedAnswer",
    "read_document",
]
