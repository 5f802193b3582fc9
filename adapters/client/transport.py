"""HTTP for the client: zeep's transport with time-outs and a cap on what is read."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from zeep.transports import Transport

from adapters.client.errors import UnexpectedAnswer, Unreachable

_CHUNK = 64 * 1024


class CappedTransport(Transport):  # type: ignore[misc]
    """Posts bytes as they are; follows no redirect, reads no more than `max_bytes`.

    `seconds` is (connect, read) for each request. Raises Unreachable, or UnexpectedAnswer for a reply that
    is too large.
    """

    def __init__(
        self,
        session: requests.Session | None = None,
        *,
        seconds: tuple[float, float] = (5.0, 60.0),
        max_bytes: int = 4 << 20,
    ) -> None:
        super().__init__(session=session or requests.Session(), operation_timeout=seconds)
        self._max_bytes = max_bytes
        # An answer that must be unpacked could be larger than the cap allows for; ours are small.
        self.session.headers["Accept-Encoding"] = "identity"
        self.session.headers["User-Agent"] = "inge-client"

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send one request; the response's content is read and within the cap."""
        try:
            response: requests.Response = self.session.post(
                address,
                data=message,
                headers=dict(headers),
                timeout=self.operation_timeout,
                stream=True,
                allow_redirects=False,
            )
            response._content = self._read(response)
        except requests.RequestException as error:
            # The text of the error names the address only; a proxy's password in it must not travel on.
            raise Unreachable(type(error).__name__) from error
        return response

    def _read(self, response: requests.Response) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > self._max_bytes:
                response.close()
                raise UnexpectedAnswer(f"the answer is larger than {self._max_bytes} bytes")
        return bytes(content)
