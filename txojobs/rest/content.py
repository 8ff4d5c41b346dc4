"""Read the body of an answer: exact JSON, text in its declared encoding, or bytes.

Guarantees that a page of a login form, an empty body or broken JSON is never taken for data; each is a
AttemptError, so that it may be asked for once more.

Source: RFC 8259, RFC 9110 section 8.3.
"""

from __future__ import annotations

import logging
import math
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from txojobs.errors import ApiOperationError, ValidationError
from txojobs.exact_json import decode
from txojobs.rest.failures import AttemptError, Cause
from txojobs.rest.origin import shown
from txojobs.rest.service_text import clean_text, read_service_error

if TYPE_CHECKING:
    from txojobs.records import JsonValue
    from txojobs.rest.answers import Answer

_log = logging.getLogger("txojobs.rest")

Numbers = Literal["decimal", "float"]

_LOGIN = "the address leads to a login page or a proxy: check `base-url` and the credential"


def read_json(answer: Answer) -> JsonValue:
    """Return the JSON of an answer, exactly.

    Raises:
        AttemptError: the body is empty, a web page, XML or no valid JSON.
    """
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        raise unreadable(
            answer,
            "the answer is a part of what was asked for (206), and nobody asked for a part",
            "check any proxy or cache on the way",
        )
    body = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not body:
        raise unreadable(
            answer, "the answer is empty", "ask the provider of the service why; nothing was read"
        )
    if body[:1] == b"<":
        raise _markup(answer)
    try:
        return decode(answer.body)
    except ValidationError as err:
        cut = "" if answer.length_known else " (it may have been cut short: no length was given)"
        raise unreadable(
            answer,
            f"the answer is no valid JSON{cut}: {clean_text(str(err))}",
            "check that the address is one of a JSON service",
        ) from err


def read_any(answer: Answer, *, numbers: Numbers) -> Any:
    """Return what an answer holds: JSON, text, bytes, or None where nothing was to come.

    Raises:
        AttemptError: see read_json; an empty answer to a GET is one, except with status 204.
    """
    if not answer.body and (answer.method != "GET" or answer.status == HTTPStatus.NO_CONTENT):
        return None
    kind = answer.media_type
    if "json" in kind or kind in ("", "text/html") or answer.body.lstrip()[:1] in (b"{", b"["):
        value = read_json(answer)
        return value if numbers == "decimal" else as_floats(value)
    if not answer.body:
        return read_json(answer)
    if not answer.length_known:
        _log.warning(
            "%s: no length was declared, so it cannot be checked for completeness", shown(answer.url)
        )
    if kind.startswith("text/") or kind.endswith(("/xml", "+xml")):
        return _text(answer)
    return answer.body


def unreadable(answer: Answer, problem: str, fix: str, *, cause: Cause = Cause.UNREADABLE) -> AttemptError:
    """Return the failure of an answer that came whole and is none."""
    told = read_service_error(b"", answer.headers)
    error = ApiOperationError(
        f"{answer.method} {shown(answer.url)}: {problem}",
        status=answer.status,
        method=answer.method,
        url=answer.url,
        correlation_id=told.correlation_id,
        how_to_fix=fix,
    )
    error.outcome_unknown = answer.method not in ("GET", "HEAD", "OPTIONS")
    return AttemptError(error, cause)


def _markup(answer: Answer) -> AttemptError:
    told = read_service_error(answer.body, {})
    if told.message.startswith("it answered with"):
        return unreadable(answer, f"{told.message} where data was expected", _LOGIN)
    return unreadable(
        answer,
        "the answer is XML where JSON was expected",
        "ask for JSON: header `Accept: application/json` or the query option `$format=json`",
    )


def _text(answer: Answer) -> str:
    charset = "utf-8"
    for part in answer.headers.get("Content-Type", "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"')
    try:
        return answer.body.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise unreadable(
            answer, f"the text is not {clean_text(charset, limit=40)}", "ask the provider for its encoding"
        ) from None


def as_floats(value: JsonValue) -> Any:
    """Return a value with floats in place of Decimals, as the guide's scripts expect.

    Raises:
        ValidationError: a number is beyond what a float can hold.
    """
    if isinstance(value, Decimal):
        number = float(value)
        if math.isinf(number):
            raise ValidationError(
                f"the number {value:.6E} is too large for a float",
                how_to_fix='use create_rest_api(config, numbers="decimal")',
            )
        return number
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    return value
