"""Anti-forgery (CSRF) tokens, as SAP's gateways want them with each change.

A change without a valid token is refused with 403 and `x-csrf-token: Required` before anything is done, so it may be
sent again. The token is fetched by a GET of the service's root with its slash (some services answer HEAD, or the
root without the slash, with an error) and belongs to the cookies of its session: both stay with one connection.

Source: SAP Gateway Foundation, "Cross-Site Request Forgery Protection"; SAP KBA 3048103.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.rest.answers import Answer

HEADER = "x-csrf-token"
_REQUIRED = "required"


def is_wanted(answer: Answer) -> bool:
    """Whether a request was refused for lack of a valid token."""
    return (
        answer.status == HTTPStatus.FORBIDDEN
        and answer.headers.get(HEADER, "").strip().casefold() == _REQUIRED
    )


def token_of(answer: Answer) -> str:
    """Return the token that an answer brings, empty for none."""
    token = answer.headers.get(HEADER, "").strip()
    return token if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES and token.isascii() else ""
