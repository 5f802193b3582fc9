"""A server of tests that answers over real HTTP whatever it is told to, right or wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lxml import etree

from adapters.soap.contract import load_contract, wrap_answer
from gateway.trust.keys import SigningKey
from gateway.trust.seal import seal_envelope

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OPERATIONS = load_contract().by_request()


@dataclass(frozen=True)
class Said:
    """What goes back: octets (None hangs up without a word), status, and Content-Type."""

    octets: bytes | None
    status: int = 200
    media: str = "text/xml; charset=utf-8"


Answer = Callable[[etree._Element], Said]
Deliveries = Callable[[str, bytes], Said]


@dataclass
class WrongServer:
    """`answer` makes of each document that came in what goes back."""

    answer: Answer
    url: str = ""
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def answering(answer: Answer, deliveries: Deliveries | None = None) -> Iterator[WrongServer]:
    """A server on a free port of this machine; `deliveries` makes of path and body what goes back there."""
    wrong = WrongServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            wrong.asked.append(body)
            said = deliveries(self.path, body) if deliveries and self.path != "/soap" else self._soap(body)
            if said.octets is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            self.send_header("Content-Type", said.media)
            self.send_header("Content-Length", str(len(said.octets)))
            self.end_headers()
            self.wfile.write(said.octets)

        def _soap(self, body: bytes) -> Said:
            document = etree.fromstring(body).find(f"{{{SOAP}}}Body/*")
            assert document is not None
            return wrong.answer(document)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    wrong.url = f"http://127.0.0.1:{server.server_address[1]}/soap"
    try:
        yield wrong
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wrapped(request: etree._Element, answer: bytes) -> bytes:
    """An answer document in the element of the operation that was asked."""
    return wrap_answer(answer, OPERATIONS[str(request.tag)])


def signed(body: bytes, key: SigningKey, soap: str = "1.1") -> bytes:
    """A signed envelope around a body."""
    return seal_envelope(body, key=key, soap_version=soap, now=datetime.now(UTC))


def unsigned(body: bytes) -> bytes:
    """An envelope without a signature."""
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>'.encode() + body + b"</s:Body></s:Envelope>"
