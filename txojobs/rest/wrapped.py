"""A whole HTTP response inside the body of another one: the media type `application/http`.

Source: RFC 9112 section 10.2, OData 4.01 Part 1 section 11.6.
"""

from __future__ import annotations

import http.client
import io

from txojobs.errors import ApiOperationError
from txojobs.rest.answers import Answer
from txojobs.rest.origin import shown


def parse_wrapped(answer: Answer, *, method: str, url: str) -> Answer:
    """Return the response that the body of an answer holds, as the answer to `method` and `url`.

    Raises:
        ApiOperationError: it holds none, or not all of it.
    """
    reader = http.client.HTTPResponse(_InMemory(answer.body))  # type: ignore[arg-type]  # it only calls makefile()
    try:
        reader.begin()
        body = reader.read()
    except (http.client.HTTPException, ValueError, OSError) as err:
        raise ApiOperationError(
            f"{shown(answer.url)}: the result of the long operation cannot be read: {type(err).__name__}",
            status=answer.status,
            url=answer.url,
            how_to_fix="ask the provider of the service",
        ) from err
    from requests.structures import CaseInsensitiveDict  # noqa: PLC0415  # loaded by the transport anyway

    headers = CaseInsensitiveDict(reader.getheaders())
    return Answer(reader.status, reader.reason, headers, body, method, url)


class _InMemory:
    """Bytes that look like a socket to http.client."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)
