"""Find out whether a change was carried out whose answer was lost: read the record, and compare.

A change with If-Match (or If-None-Match: *) may be sent again after a lost answer: had the first one been carried
out, the service refuses the second with 412 (Business Central also with 409 Request_EntityChanged), or with 404 when
the record is deleted. So a refusal after a lost answer is either our own success or somebody else's change; what
stands in the record now tells which.

Source: RFC 9110 section 13.1.1 (a server may say 2xx to a change that is already applied; not all do).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, ValidationError
from txojobs.exact_json import decode
from txojobs.rest.answers import Answer
from txojobs.rest.transport import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.records import JsonValue
    from txojobs.rest.exchange import Exchange
    from txojobs.rest.timing import Limits

_CONDITIONAL = frozenset({"PATCH", "PUT", "DELETE", "MERGE"})
_CHANGED = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT)
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def is_conditional(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a change takes effect at most once, however often it is sent."""
    sent = {name.lower(): value.strip() for name, value in headers.items()}
    if method.upper() not in _CONDITIONAL:
        return False
    return sent.get("if-match", "*") not in ("*", "") or sent.get("if-none-match") == "*"


def carried_out(request: Request, refusal: ApiError, exchange: Exchange, limits: Limits) -> Answer | None:
    """Return the answer to a change that was carried out although `refusal` is what came last, None if unknown.

    Of PATCH and PUT it is the record as it stands now, of DELETE an empty one. Where nothing can be told, the
    refusal says so.
    """
    if not request.conditional or not refusal.outcome_unknown:
        return None
    if request.method == "DELETE" and refusal.status in _GONE:
        return _done(request)
    if refusal.status not in _CHANGED:
        return None
    try:
        now = exchange.run(
            Request("GET", request.url, {"Accept": "application/json"}),
            parse=lambda answer: answer,
            limits=limits,
            accept=lambda status: status in (HTTPStatus.OK, *_GONE),
        )
    except ApiError:
        now = None
    if now is not None and request.method == "DELETE" and now.status in _GONE:
        return _done(request)
    if now is not None and request.method != "DELETE" and _holds(now, request.body):
        return Answer(now.status, now.reason, now.headers, now.body, request.method, now.url)
    refusal.what_went_wrong += (
        "; an earlier answer was lost, so it is not known whether this change was carried out before someone "
        "else's"
    )
    return None


def _done(request: Request) -> Answer:
    return Answer(HTTPStatus.NO_CONTENT, "No Content", {}, b"", request.method, request.url)


def _holds(answer: Answer, body: bytes | None) -> bool:
    """Whether a record holds every value that was sent; what cannot be compared does not."""
    try:
        sent, record = decode(body or b""), decode(answer.body)
    except ValidationError:
        return False
    if isinstance(record, dict) and isinstance(record.get("d"), dict):  # OData V2
        record = record["d"]
    return isinstance(sent, dict) and bool(sent) and _within(sent, record)


def _within(sent: JsonValue, found: JsonValue) -> bool:
    if isinstance(sent, dict):
        return isinstance(found, dict) and all(
            name in found and _within(value, found[name]) for name, value in sent.items()
        )
    if isinstance(sent, bool) or isinstance(found, bool):
        return sent is found
    return sent == found
