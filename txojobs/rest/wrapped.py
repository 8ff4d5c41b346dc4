"""A whole HTTP response inside the body of another one: the media type `application/http`.

Source: RFC 9112 section 10.2, OData 4.01 Part 1 section 11.6.
"""

from __future__ import annotations

import http.client
import io

from txojobs.errors import ApiOperationError
from txojobs.rest.answers import Answer
from txojobs.rest.origin import shown
from txojobs.rest.strict_response import StrictResponse


def parse_wrapped(answer: Answer, *, method: str, url: str) -> Answer:
    """Return the response that the body of an answer holds, as the answer to `method` and `url`.

    Raises:
        ApiOperationError: it holds none, not all of it, or more than that.
    """
    data = _Open(answer.body)
    reader = StrictResponse(_InMemory(data))  # type: ignore[arg-type]  # it only calls makefile()
    try:
        reader.begin()
        body = reader.read()
    except (http.client.HTTPException, ValueError, OSError) as err:
        why = str(err) if type(err) is http.client.HTTPException else type(err).__name__
        raise _unreadable(answer, why) from err
    if data.read().strip():
        raise _unreadable(answer, "it is longer than it says")
    from requests.structures import CaseInsensitiveDict  # noqa: PLC0415  # loaded by the transport anyway

    headers = CaseInsensitiveDict(
        (name, ", ".join(reader.headers.get_all(name, ()))) for name in reader.headers
    )
    return Answer(reader.status, reader.reason, headers, body, method, url)


def _unreadable(answer: Answer, why: str) -> ApiOperationError:
    return ApiOperationError(
        f"{shown(answer.url)}: the result of the long operation cannot be read: {why}",
        status=answer.status,
        url=answer.url,
        how_to_fix="ask the provider of the service",
    )


class _Open(io.BytesIO):
    """Bytes that can be read on after http.client has closed them at the end of the answer."""

    def close(self) -> None:
        """Do nothing."""


class _InMemory:
    """Bytes that look like a socket to http.client."""

    def __init__(self, data: _Open) -> None:
        self._data = data

    def makefile(self, *_: object) -> _Open:
        return self._data
