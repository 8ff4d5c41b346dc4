"""What a service says about its own error: code, message and the id its support asks for.

Reads OData V4, V2 and V3, OAuth, problem+json (RFC 9457), XML, plain text and HTML (its title only). All of
it is foreign text: control and direction characters are escaped, and it is shortened.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ValidationError
from txojobs.exact_json import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.records import JsonValue

_MAX_TEXT = 300
_MAX_READ = 64 * 1024
_ID_HEADERS = (
    "x-ms-service-request-id",
    "x-ms-request-id",
    "request-id",
    "x-request-id",
    "x-correlation-id",
    "x-correlationid",
    "correlation-id",
    "sap-passport-rootcontextid",
)
_TOO_LARGE = re.compile(
    r"(?i)(request|batch|payload|entity)[\w -]*too[\w -]*large|toolarge|maximum (batch|size)"
)
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class ServiceError(NamedTuple):
    """The service's own words; empty where it said nothing."""

    code: str | None = None
    message: str = ""
    correlation_id: str | None = None

    @property
    def request_too_large(self) -> bool:
        """Whether no retry can help, because the request itself is too large."""
        return bool(_TOO_LARGE.search(f"{self.code} {self.message}"))


def clean_text(text: str, *, limit: int = _MAX_TEXT) -> str:
    """Return foreign text on one line, without control or direction characters, shortened."""
    line = " ".join(text.split())
    line = _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], line)
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def read_service_error(body: bytes, headers: Mapping[str, str]) -> ServiceError:
    """Return what an error body says, in whatever format it is."""
    correlation = next((headers[name] for name in _ID_HEADERS if headers.get(name)), None)
    text = body[:_MAX_READ].decode("utf-8", errors="replace").lstrip("\ufeff").strip()
    if text[:1] in ("{", "["):
        try:
            told = _from_json(decode(body))
        except ValidationError:
            told = ServiceError(message=clean_text(text))
    elif text[:1] == "<":
        told = _from_markup(text)
    else:
        told = ServiceError(message=clean_text(text))
    found = re.search(r"CorrelationId:\s*([0-9A-Fa-f-]{32,36})", told.message)
    correlation = told.correlation_id or correlation or (found[1] if found else None)
    return told._replace(correlation_id=clean_text(correlation, limit=80) if correlation else None)


def error_member(value: JsonValue) -> JsonValue:
    """Return the `error` of an answer in any dialect, None when there is none."""
    if not isinstance(value, dict):
        return None
    return value.get("error") or value.get("odata.error")


def _from_json(value: JsonValue) -> ServiceError:
    if not isinstance(value, dict):
        return ServiceError(message=clean_text(str(value)))
    error = error_member(value)
    if isinstance(error, str):  # OAuth: {"error": "invalid_client", "error_description": ...}
        return ServiceError(_text(error, 80), _text(value.get("error_description")) or "")
    inner = error if isinstance(error, dict) else value
    message = inner.get("message") or inner.get("detail") or inner.get("title") or inner.get("Message")
    if isinstance(message, dict):  # OData V2: {"message": {"lang": "en", "value": ...}}
        message = message.get("value")
    nested = inner.get("innererror")
    correlation = (
        nested.get("transactionid") or nested.get("request-id") if isinstance(nested, dict) else None
    )
    return ServiceError(_text(inner.get("code"), 80), _text(message) or "", _text(correlation, 80))


def _text(value: JsonValue, limit: int = _MAX_TEXT) -> str | None:
    return None if value is None or isinstance(value, dict | list) else clean_text(str(value), limit=limit)


def _from_markup(text: str) -> ServiceError:
    title = _element(text, "title")
    if re.match(r"(?i)<(!doctype )?html", text) or title:
        said = f"a web page titled {title!r}" if title else "a web page without a title"
        return ServiceError(message=f"it answered with {said}")
    return ServiceError(_element(text, "code") or None, _element(text, "message"))


def _element(text: str, name: str) -> str:
    found = re.search(rf"(?is)<(?:\w+:)?{name}\b[^>]*>([^<]*)<", text)
    return clean_text(html.unescape(found[1]), limit=120) if found else ""
