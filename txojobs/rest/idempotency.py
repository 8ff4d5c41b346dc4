"""One key for all attempts of a call that may change something, so that a service can tell them apart from two calls.

The key is made before the first attempt, never for each: a new one would make each attempt a new call. A service
that does not know the header ignores it.

Source: draft-ietf-httpapi-idempotency-key-header-06 section 2; the value is bare, as the services take it that had
the header before the draft did; RFC 9110 section 5.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.rest.transport import Request

HEADER = "Idempotency-Key"
_TAKES_KEY = ("POST", "PATCH")
"""The others are idempotent by themselves (RFC 9110 section 9.2.2)."""


def with_key(request: Request) -> Request:
    """Return the request with a key, unless it has one or its method needs none."""
    if request.method not in _TAKES_KEY or any(name.lower() == HEADER.lower() for name in request.headers):
        return request
    from uuid import uuid4  # noqa: PLC0415  # few calls need one

    return replace(request, headers={**request.headers, HEADER: str(uuid4())})
