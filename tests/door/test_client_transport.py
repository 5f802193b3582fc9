"""The client's HTTP: caps, time-outs, no redirects, whatever the other end does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.client import CappedTransport, UnexpectedAnswer, Unreachable
from tests.support.server import free_port


class Other(BaseHTTPRequestHandler):
    """Does what the path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.path.strip("/")
        if behaviour == "redirect":
            self.send_response(307)
            self.send_header("Location", "/large")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif behaviour == "hang-up":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif behaviour == "silent":
            self.server.quiet.wait()  # type: ignore[attr-defined]
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 5000)
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    server.quiet = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.quiet.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


def test_more_than_the_cap_is_not_read(other: str) -> None:
    assert len(CappedTransport(max_bytes=5000).post(f"{other}/large", b"a", {}).content) == 5000
    with pytest.raises(UnexpectedAnswer):
        CappedTransport(max_bytes=4999).post(f"{other}/large", b"a", {})


def test_a_redirect_is_not_followed(other: str) -> None:
    response = CappedTransport().post(f"{other}/redirect", b"a", {})
    assert (response.status_code, response.content) == (307, b"")


@pytest.mark.parametrize("behaviour", ["hang-up", "silent"])
def test_no_whole_answer_is_no_answer(other: str, behaviour: str) -> None:
    with pytest.raises(Unreachable):
        CappedTransport(seconds=(5, 0.2)).post(f"{other}/{behaviour}", b"a", {})


def test_nobody_there() -> None:
    with pytest.raises(Unreachable) as error:
        CappedTransport().post(f"http://user:secret@127.0.0.1:{free_port()}/", b"a", {})
    assert "secret" not in str(error.value)
