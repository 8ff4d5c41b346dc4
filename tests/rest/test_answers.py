from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says
from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    ApiValidationError,
    EntityNotFoundError,
    TxoBaseError,
    ValidationError,
)
from txojobs.redact import Redactor
from txojobs.rest.service_text import clean_text, read_service_error
from txojobs.rest.settings import AuthSettings, RetrySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ONCE = RetrySettings(max_retries=0)
CLASSES: dict[int, type[ApiError]] = {
    400: ApiValidationError,
    401: ApiAuthenticationError,
    403: ApiOperationError,
    404: EntityNotFoundError,
    405: ApiOperationError,
    408: ApiTimeoutError,
    409: ApiValidationError,
    410: ApiOperationError,
    412: ApiValidationError,
    413: ApiOperationError,
    418: ApiOperationError,
    422: ApiValidationError,
    428: ApiOperationError,
    429: ApiRateLimitError,
    500: ApiOperationError,
    501: ApiOperationError,
    502: ApiOperationError,
    503: ApiOperationError,
    504: ApiOperationError,
    599: ApiOperationError,
    300: ApiOperationError,
    304: ApiOperationError,
}


@pytest.mark.parametrize(("status", "kind"), CLASSES.items())
def test_g17_each_status_is_its_class(
    status: int, kind: type[ApiError], serve: Serve, connect: Connect
) -> None:
    server = serve(answer(status))
    with pytest.raises(ApiError) as caught:
        connect(server, retry=ONCE).get("/Customers")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert str(status) in str(caught.value)
    assert caught.value.how_to_fix


def test_g17_the_facts_of_the_narrow_classes(serve: Serve, connect: Connect) -> None:
    with pytest.raises(EntityNotFoundError) as missing:
        connect(serve(answer(404))).get("/v2/Customers('C%2001')")
    assert (missing.value.entity_type, missing.value.entity_id) == ("Customers", "C%2001")
    with pytest.raises(ApiRateLimitError) as limited:
        connect(serve(answer(429, Retry_After="9")), retry=ONCE).get("/a")
    assert limited.value.retry_after == 9


BC_ID = b"6a1a1c1e-0000-4000-8000-000000000001"
BODIES: dict[str, tuple[bytes, str, str | None, str | None, str | None]] = {
    "V4": (
        b'{"error":{"code":"BadRequest_X","message":"no field  Foo\\nCorrelationId:  %s."}}' % BC_ID,
        "application/json",
        "BadRequest_X",
        "no field Foo",
        BC_ID.decode(),
    ),
    "V2": (
        b'{"error":{"code":"SY/5","message":{"value":"no authority"},"innererror":{"transactionid":"4B1D"}}}',
        "application/json",
        "SY/5",
        "no authority",
        "4B1D",
    ),
    "V3": (b'{"odata.error":{"code":"","message":{"value":"bad"}}}', "application/json", None, "bad", None),
    "OAuth": (
        b'{"error":"invalid_token","error_description":"it expired"}',
        "application/json",
        "invalid_token",
        "it expired",
        None,
    ),
    "problem": (
        b'{"title":"Bad","detail":"no such field"}',
        "application/problem+json",
        None,
        "no such field",
        None,
    ),
    "XML": (
        b'<m:error xmlns:m="x"><m:code>005</m:code><m:message lang="en">no &amp; never</m:message></m:error>',
        "application/xml",
        "005",
        "no & never",
        None,
    ),
    "Finance and Operations": (
        (
            b'{"error":{"code":"","message":"An error has occurred.","innererror":{"message":"Field must be filled",'
            b'"stacktrace":"at X","internalexception":{"message":"Infolog: Currency"}}}}'
        ),
        "application/json",
        None,
        "An error has occurred.; Field must be filled; Infolog: Currency",
        None,
    ),
    "ASP.NET Web API": (
        b'{"Message":"An error has occurred.","ExceptionMessage":"no such column","StackTrace":"at X"}',
        "application/json",
        None,
        "An error has occurred.; no such column",
        None,
    ),
    "ASP.NET": (
        b'{"title":"One or more errors","traceId":"00-1","errors":{"Name":["is required","is long"],"x":5}}',
        "application/problem+json",
        None,
        "One or more errors; Name: is required; is long",
        "00-1",
    ),
    "Jira": (
        b'{"errorMessages":["no project X","nor Y"],"errors":{"jql":"bad"}}',
        "application/json",
        None,
        "no project X; nor Y; jql: bad",
        None,
    ),
    "GitHub": (
        b'{"message":"Validation Failed","errors":[{"field":"title","code":"missing"},{"message":"and more"}]}',
        "application/json",
        "missing",
        "Validation Failed; and more",
        None,
    ),
    "JSON:API": (
        b'{"errors":[{"detail":"bad name"},{"title":"T","detail":"bad date"}]}',
        "application/json",
        None,
        "bad name; bad date",
        None,
    ),
    "HubSpot": (
        b'{"status":"error","message":"no","correlationId":"aa-1"}',
        "application/json",
        None,
        "no",
        "aa-1",
    ),
    "NetSuite": (
        b'{"title":"Bad","o:errorDetails":[{"detail":"no field x","o:errorCode":"USER_ERROR"}]}',
        "application/json",
        "USER_ERROR",
        "Bad; no field x",
        None,
    ),
    "Apigee": (
        b'{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}',
        "application/json",
        "oauth.v2.InvalidApiKey",
        "Invalid ApiKey",
        None,
    ),
    "WSO2": (
        b'{"fault":{"code":900901,"message":"Invalid Credentials","description":"token"}}',
        "application/json",
        "900901",
        "Invalid Credentials",
        None,
    ),
    "SOAP": (
        (
            b"<s:Envelope><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>"
            b"</s:Body></s:Envelope>"
        ),
        "text/xml",
        "s:Client",
        "no",
        None,
    ),
    "text": (b"Access denied.", "text/plain", None, "Access denied.", None),
    "HTML": (
        b"<html><head><title>502 Bad Gateway</title></head><body>secret inner host</body></html>",
        "text/html",
        None,
        "a web page titled '502 Bad Gateway'",
        None,
    ),
    "broken JSON": (b'{"error":', "application/json", None, '{"error":', None),
    "a list": (b'["no"]', "application/json", None, "['no']", None),
    "bytes": (b"\xff\xfe\x00", "application/octet-stream", None, "\\x00", None),
    "nothing": (b"", "", None, "400 Said", None),
}


@pytest.mark.parametrize("name", BODIES)
def test_shows_what_the_service_says(name: str, serve: Serve, connect: Connect) -> None:
    body, media_type, code, message, correlation = BODIES[name]
    with pytest.raises(ApiValidationError) as caught:
        connect(serve(answer(400, body, content_type=media_type))).get("/a")
    error = caught.value
    assert (message or "") in str(error)
    assert (error.code or None) == code
    assert error.correlation_id == correlation
    assert "secret inner host" not in str(error)


def test_takes_the_id_from_the_headers(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiValidationError) as caught:
        connect(serve(answer(400, X_Request_Id="abc-1"))).get("/a")
    assert caught.value.correlation_id == "abc-1"
    assert "abc-1" in str(caught.value)


def test_foreign_text_cannot_write_to_the_terminal() -> None:
    text = clean_text("a\x1b[31mred\x9b\u202egnirts\u2028\x00\r\nline\ud800" + "x" * 1000)
    assert text.isprintable()
    assert len(text) == 300
    assert text.startswith("a\\x1b[31mred\\x9b\\u202egnirts")


def test_an_endless_error_text_is_shortened() -> None:
    told = read_service_error(b"x" * 10_000_000, {})
    assert len(told.message) == 300


def test_a_service_that_echoes_the_secret_does_not_leak_it(serve: Serve, connect: Connect) -> None:
    server = serve(says({"error": {"code": "x", "message": "the key canary-123 is not valid"}}, 403))
    client = connect(server, auth=AuthSettings(type="api-key", secret="canary-123"), redactor=Redactor())
    with pytest.raises(ApiOperationError) as caught:
        client.get("/a")
    assert "canary" not in str(caught.value)
    assert "***" in str(caught.value)
    assert "canary" not in repr(caught.value)


def test_the_query_is_not_shown(serve: Serve, connect: Connect) -> None:
    server = serve(answer(403))
    client = connect(
        server, auth=AuthSettings(type="api-key", secret="canary", key_in="query", key_name="code")
    )
    with pytest.raises(ApiOperationError) as caught:
        client.get("/a", params={"name": "someone"})
    assert server.requests[0].target == "/a?name=someone&code=canary"
    assert "canary" not in f"{caught.value} {caught.value.url}"
    assert "someone" not in str(caught.value)


CONTENT: dict[str, tuple[fault.Step, Any]] = {
    "JSON": (says({"a": 1.5, "b": [1, None, "x"]}), {"a": 1.5, "b": [1, None, "x"]}),
    "JSON with a mark": (answer(200, b"\xef\xbb\xbf{}", content_type="application/json"), {}),
    "JSON without a type": (answer(200, b"[1]"), [1]),
    "JSON that says text": (answer(200, b'{"a":1}', content_type="text/plain"), {"a": 1}),
    "no content": (answer(204), None),
    "text": (answer(200, "Malmö".encode(), content_type="text/plain"), "Malmö"),
    "text in latin-1": (
        answer(200, "Malmö".encode("latin-1"), content_type="text/plain; charset=ISO-8859-1"),
        "Malmö",
    ),
    "csv": (answer(200, b"a,b\n", content_type="text/csv; charset=utf-8"), "a,b\n"),
    "xml": (answer(200, b"<a/>", content_type="application/xml"), "<a/>"),
    "bytes": (answer(200, b"%PDF\xff", content_type="application/pdf"), b"%PDF\xff"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_g20_get_returns_the_parsed_body(name: str, serve: Serve, connect: Connect) -> None:
    step, value = CONTENT[name]
    assert connect(serve(step)).get("/a") == value


def test_a_download_that_may_be_cut_is_told(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(fault.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\na,b\n1,"))
    assert connect(server).get("/export.csv") == "a,b\n1,"
    assert "cannot be checked for completeness" in caplog.text


def test_text_in_another_encoding_than_declared_is_an_error(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, "Malmö".encode("latin-1"), content_type="text/plain; charset=utf-8"))
    with pytest.raises(ApiOperationError, match="not utf-8"):
        connect(server).get("/a")


def test_g20_numbers_are_floats_or_exact_as_asked(serve: Serve, connect: Connect) -> None:
    body = b'{"a": 1.10, "b": 9007199254740993, "c": [0.1]}'
    server = serve(answer(200, body, content_type="application/json"))
    floats = connect(server).get("/a")
    assert floats == {"a": 1.1, "b": 9007199254740993, "c": [0.1]}
    assert type(floats["a"]) is float
    assert str(connect(server, numbers="decimal").get("/a")["a"]) == "1.10"


def test_a_number_that_no_float_holds_is_an_error(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, b'{"a": 1e400}', content_type="application/json"))
    with pytest.raises(ValidationError, match="too large for a float"):
        connect(server).get("/a")


def test_xml_where_json_was_expected_says_how_to_ask_for_json(serve: Serve, connect: Connect) -> None:
    from txojobs.rest.odata import ODataReader  # noqa: PLC0415
    from txojobs.rest.query import EntityQuery  # noqa: PLC0415

    server = serve(answer(200, b'<?xml version="1.0"?><feed/>', content_type="application/atom+xml"))
    with pytest.raises(ApiOperationError, match="XML") as caught:
        list(ODataReader(connect(server), EntityQuery(entity="C")).pages())
    assert "format=json" in (caught.value.how_to_fix or "")


def test_sends_json_exactly(serve: Serve, connect: Connect) -> None:
    from decimal import Decimal  # noqa: PLC0415

    server = serve(answer(204))
    client = connect(server)
    client.post("/a", {"amount": Decimal("1.10"), "name": "Malmö"})
    client.patch("/a", json={"x": None})
    client.put("/a", [1])
    client.delete("/a")
    assert [(request.method, request.body) for request in server.requests] == [
        ("POST", '{"amount":1.10,"name":"Malmö"}'.encode()),
        ("PATCH", b'{"x":null}'),
        ("PUT", b"[1]"),
        ("DELETE", b""),
    ]
    assert server.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "value",
    ["canary\r\nX-Evil: 1", "canary\n", "canary\r", "\x00canary", "Łcanary", " canary", 5, None, b"canary"],
)
def test_a_header_that_cannot_be_sent_is_named_and_not_shown(
    value: Any, serve: Serve, connect: Connect
) -> None:
    server = serve(says({}))
    with pytest.raises(ValidationError, match="header X-Mine") as caught:
        connect(server).get("/a", headers={"X-Mine": value})
    assert "canary" not in f"{caught.value!r} {caught.value.how_to_fix}"
    assert server.connections == 0


@pytest.mark.parametrize("name", ["X-Mine\r\nX-Evil", "X Mine", "X:", "", "Ł", "X\n"])
def test_a_name_that_no_header_has_is_refused(name: str, serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    with pytest.raises(ValidationError, match="no name of a header") as caught:
        connect(server).get("/a", headers={name: "1"})
    assert str(caught.value).isprintable()
    assert server.connections == 0


def test_a_line_break_in_an_address_stays_in_it(serve: Serve, connect: Connect) -> None:
    server = serve(says({}))
    client = connect(server)
    client.get("/a", params={"q": "x\r\nX-Evil: 1"})
    assert server.requests[0].target == "/a?q=x%0D%0AX-Evil:%201"
    with pytest.raises(TxoBaseError):
        client.get("/a\r\nX-Evil: 1")
    assert all("x-evil" not in request.headers for request in server.requests)
