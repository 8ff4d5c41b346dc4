"""What a service says about its own error: code, message and the id its support asks for.

Reads OData V4, V2 and V3 with their details, the dialects of Business Central, Dataverse, Graph and SAP, OAuth,
problem+json (RFC 9457), ASP.NET, Jira, GitHub, gateways (`fault`), XML, SOAP, plain text and HTML (its title only).
All of it is foreign text: control and direction characters are escaped, and it is shortened.
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
_MAX_DETAILS = 5
_HARMLESS = ("info", "warning", "success")
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
    codes: tuple[str, ...] = ()
    """All codes, the outermost first."""

    @property
    def request_too_large(self) -> bool:
        """Whether no retry can help, because the request itself is too large."""
        return any(_TOO_LARGE.search(code) for code in self.codes)


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


_ERRORS = ("error", "odata.error", "@odata.error", "@error")
"""Of V4, of V3, and of 4.01 where an error arose while the answer was under way (JSON Format 4.01 section 21.3)."""


def error_member(value: JsonValue) -> JsonValue:
    """Return the `error` of an answer in any dialect, None when there is none."""
    if not isinstance(value, dict):
        return None
    for name in _ERRORS:
        if value.get(name):
            return value[name]
    return None


def _from_json(value: JsonValue) -> ServiceError:
    several = value.get("errors") if isinstance(value, dict) else value
    listed = [each for each in several if isinstance(each, dict)] if isinstance(several, list) else []
    if not isinstance(value, dict):
        value = listed.pop(0) if listed else {"message": str(value)}
    error = error_member(value)
    if isinstance(error, str):  # OAuth: {"error": "invalid_client", "error_description": ...}
        return _told(error, _text(value.get("error_description")) or "", None, [])
    inner = next((each for each in (error, value.get("fault")) if isinstance(each, dict)), value)
    nested = _first(inner, *_INSIDE)
    nested = nested if isinstance(nested, dict) else {}
    details = [*_details(inner, nested), *map(_detail, listed[:_MAX_DETAILS]), *_of_fields(several)]
    return _told(
        _code(inner) or next((each.code for each in details if each.code and inner is value), None),
        _text(_message(inner)) or "",
        _text(_first(nested, "transactionid", "request-id"), 80) or _text(_first(value, *_ID_MEMBERS), 80),
        details,
    )


_INSIDE = ("innererror", "innerError", "internalexception")
_ID_MEMBERS = ("correlationId", "requestId", "request_id", "traceId")
"""Of services that tell the id for their support beside the message."""


def _of_fields(errors: JsonValue) -> list[ServiceError]:
    """Return what ASP.NET and Jira tell of single fields: `{"Name": ["The Name field is required."]}`."""
    fields = errors if isinstance(errors, dict) else {}
    told = [(name, _joined(why)) for name, why in list(fields.items())[:_MAX_DETAILS]]
    return [ServiceError(message=clean_text(f"{name}: {why}")) for name, why in told if why]


def _joined(value: JsonValue) -> str:
    """Return a text, or the texts of a list."""
    texts = value if isinstance(value, list) else [value]
    return "; ".join(each for each in texts[:_MAX_DETAILS] if isinstance(each, str))


def _detail(part: dict[str, JsonValue]) -> ServiceError:
    return ServiceError(_code(part), _text(_message(part)) or "")


def _code(error: dict[str, JsonValue]) -> str | None:
    detail = error.get("detail")
    inside = detail.get("errorcode") if isinstance(detail, dict) else None  # Apigee
    return _text(_first(error, "code", "errorCode", "ErrorCode", "o:errorCode"), 80) or _text(inside, 80)


def _told(
    code: str | None, message: str, correlation: str | None, details: list[ServiceError]
) -> ServiceError:
    """Return the whole error: the details add what the message does not say."""
    codes = tuple(each for each in (code, *(detail.code for detail in details)) if each)
    for detail in details:
        if detail.message and detail.message not in message:
            message = f"{message}; {detail.message}" if message else detail.message
    return ServiceError(clean_text(code, limit=80) if code else code, clean_text(message), correlation, codes)


def _details(inner: dict[str, JsonValue], nested: dict[str, JsonValue]) -> list[ServiceError]:
    """Return the parts of an error: V4 `details`, SAP's `errordetails`, and what stands inside it."""
    found: list[ServiceError] = []
    for part in (inner.get("details"), inner.get("o:errorDetails"), nested.get("errordetails")):
        items = [item for item in part if isinstance(item, dict)] if isinstance(part, list) else []
        found += [_detail(item) for item in items[:_MAX_DETAILS] if item.get("severity") not in _HARMLESS]
    if "ExceptionMessage" in inner:  # ASP.NET Web API
        found.append(ServiceError(message=_text(inner["ExceptionMessage"]) or ""))
    depth = 0
    # Graph: each innererror may hold a more precise code; Finance & Operations: the reason stands in there alone
    while nested and depth < _MAX_DETAILS:
        found.append(ServiceError(_text(nested.get("code"), 80), _text(nested.get("message")) or ""))
        deeper = _first(nested, *_INSIDE)
        nested, depth = deeper if isinstance(deeper, dict) else {}, depth + 1
    return found


_WORDS = ("message", "detail", "title", "Message", "error_description", "faultstring", "errorMessages")


def _message(error: dict[str, JsonValue]) -> JsonValue:
    message = next((error[name] for name in _WORDS if error.get(name) and not _is_nested(error[name])), None)
    if isinstance(message, list):
        return _joined(message)
    return message.get("value") if isinstance(message, dict) else message  # V2: {"lang": "en", "value": ...}


def _is_nested(value: JsonValue) -> bool:
    """Whether it is an object that holds no text: Apigee's `detail`."""
    return isinstance(value, dict) and "value" not in value


def _first(values: dict[str, JsonValue], *names: str) -> JsonValue:
    return next((values[name] for name in names if values.get(name)), None)


def _text(value: JsonValue, limit: int = _MAX_TEXT) -> str | None:
    return None if value is None or isinstance(value, dict | list) else clean_text(str(value), limit=limit)


def _from_markup(text: str) -> ServiceError:
    title = _element(text, "title")
    if re.match(r"(?i)<(!doctype )?html", text) or title:
        said = f"a web page titled {title!r}" if title else "a web page without a title"
        return ServiceError(message=f"it answered with {said}")
    code = _element(text, "code") or _element(text, "faultcode")  # of SOAP 1.1
    message = _element(text, "message") or _element(text, "faultstring") or _element(text, "Text")
    return _told(code or None, message, _element(text, "transactionid") or None, [])


def _element(text: str, name: str) -> str:
    found = re.search(rf"(?is)<(?:\w+:)?{name}\b[^>]*>([^<]*)<", text)
    return clean_text(html.unescape(found[1]), limit=120) if found else ""
