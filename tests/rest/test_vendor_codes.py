"""What a service's error code means is told as Problem, Solution and Example, whatever language it speaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import answer, says
from tests.rest.reading import read
from txojobs.errors import ApiError, ApiOperationError, ApiRateLimitError, ApiValidationError
from txojobs.redact import Redactor
from txojobs.rest.advice import FAMILIES, advice_for
from txojobs.rest.answers import FIXES
from txojobs.rest.service_text import read_service_error
from txojobs.rest.settings import AuthSettings, RetrySettings
from txojobs.rest.vendor_codes import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

ONCE = RetrySettings(max_retries=0)
ID = "6a1a1c1e-0000-4000-8000-000000000001"
SAP_ID = "4B1D0C5E6F700010E0066A1A1C1E0000"


def business_central(code: str, message: str = "Der Datensatz ist gesperrt.") -> dict[str, Any]:
    return {"error": {"code": code, "message": f"{message}  CorrelationId:  {ID}."}}


def dataverse(code: str, message: str = "Zugriff verweigert.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "@Microsoft.PowerApps.CDS.HelpLink": "http://go"}}


def graph(code: str, message: str = "要求が正しくありません。", inner: str = "") -> dict[str, Any]:
    nested: dict[str, Any] = {"date": "2026-01-15T14:30:00", "request-id": ID, "client-request-id": ID}
    if inner:
        nested = {"code": inner, **nested}
    return {"error": {"code": code, "message": message, "innerError": nested}}


def sap_v2(code: str, message: str = "Das Objekt ist gesperrt.", *details: dict[str, str]) -> dict[str, Any]:
    nested = {
        "application": {"component_id": "SD-SLS", "service_id": "API_SALES_ORDER_SRV"},
        "transactionid": SAP_ID,
        "Error_Resolution": {"SAP_Note": "1797736"},
        "errordetails": [{"code": code, "message": message, "severity": "error"}, *details],
    }
    return {"error": {"code": code, "message": {"lang": "de", "value": message}, "innererror": nested}}


def sap_v4(code: str, message: str = "Указан неверный параметр.") -> dict[str, Any]:
    details = [{"code": "V1/302", "message": "Auftrag 1 ist gesperrt", "target": "SalesOrder"}]
    return {"error": {"code": code, "message": message, "details": details}}


def shape_of(code: str) -> dict[str, Any]:
    """A body as the makers of this code send it, in a language that is not English."""
    if code.startswith("0x"):
        return dataverse(code)
    if "V4" in code:
        return sap_v4(code)
    if code.startswith(("/IW", "005056", "SY/")):
        return sap_v2(code)
    if code.startswith(("Request_R", "Request_U", "Authorization_", "Invalid")) or code[0].islower():
        return graph(code)
    return business_central(code)


def failed(client: TxoRestAPI) -> ApiError:
    with pytest.raises(ApiError) as caught:
        client.get("/a")
    return caught.value


@pytest.mark.parametrize("code", CODES)
def test_each_listed_code_is_explained_in_any_language(code: str, serve: Serve, connect: Connect) -> None:
    error = failed(connect(serve(says(shape_of(code), 403)), retry=ONCE))
    assert error.code == code
    assert code in str(error)
    assert (error.how_to_fix, error.example) == CODES[code]
    assert error.how_to_fix
    assert error.example
    assert error.status == 403
    assert type(error) is ApiOperationError, "the status chooses the class, the code only the advice"


def test_no_code_stands_twice_and_all_advice_is_one_line_that_ends_without_a_stop() -> None:
    assert len({code.casefold() for code in CODES}) == len(CODES)
    for fix, example in (*CODES.values(), *FAMILIES.values()):
        for text in (fix, example):
            assert text.isprintable()
            assert not text.endswith(".")
        assert fix[0].islower()


ANSWERS: dict[str, tuple[Step, str, str | None, str]] = {
    "Business Central": (
        says(
            business_central("Request_EntityChanged", "Ein anderer Benutzer hat den Datensatz geändert."), 409
        ),
        "Request_EntityChanged",
        ID,
        "Ein anderer Benutzer hat den Datensatz geändert.",
    ),
    "Dataverse": (
        says(dataverse("0x80040220", "User is missing prvReadAccount"), 403, x_ms_service_request_id=ID),
        "0x80040220",
        ID,
        "prvReadAccount",
    ),
    "Dataverse search": (
        says(
            {"Message": "search is off", "ErrorCode": "0x8006088a", "ExceptionType": "X"},
            404,
            x_ms_service_request_id=ID,
        ),
        "0x8006088a",
        ID,
        "search is off",
    ),
    "Graph": (says(graph("Request_ResourceNotFound"), 404), "Request_ResourceNotFound", ID, "要求が"),
    "SAP V2": (says(sap_v2("/IWBEP/CM_MGW_RT/020"), 404), "/IWBEP/CM_MGW_RT/020", SAP_ID, "gesperrt"),
    "SAP V4": (
        says(sap_v4("/IWBEP/CM_V4_RUNTIME/021"), 412, sap_passport_rootcontextid=ID),
        "/IWBEP/CM_V4_RUNTIME/021",
        ID,
        "Указан неверный параметр.; Auftrag 1 ist gesperrt",
    ),
    "SAP as XML": (
        answer(
            403,
            b'<?xml version="1.0"?><error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
            b"<code>/IWFND/MED/170</code><message xml:lang='en'>No service &apos;X&apos;</message><innererror>"
            b"<transactionid>" + SAP_ID.encode() + b"</transactionid></innererror></error>",
            content_type="application/xml",
        ),
        "/IWFND/MED/170",
        SAP_ID,
        "No service 'X'",
    ),
    "a list of errors": (
        says([{"message": "no such column", "errorCode": "0x80041103"}], 400),
        "0x80041103",
        None,
        "no such column",
    ),
    "errors": (
        says({"errors": [{"code": "TooManyRequests", "detail": "slow"}]}, 429),
        "TooManyRequests",
        None,
        "slow",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_reads_code_message_and_id_of_each_maker(name: str, serve: Serve, connect: Connect) -> None:
    step, code, correlation, message = ANSWERS[name]
    error = failed(connect(serve(step), retry=ONCE))
    assert (error.code, error.correlation_id) == (code, correlation)
    assert message in str(error)
    assert f"code {code}" in str(error)
    assert (error.how_to_fix, error.example) == CODES[code]


def test_a_code_counts_in_capital_and_small_letters(serve: Serve, connect: Connect) -> None:
    error = failed(connect(serve(says(dataverse("0x8006088A"), 404))))
    assert error.how_to_fix == CODES["0x8006088a"].how_to_fix


def test_details_add_what_the_message_does_not_say(serve: Serve, connect: Connect) -> None:
    warning = {"code": "V1/801", "message": "nur ein Hinweis", "severity": "warning"}
    reason = {"code": "V1/555", "message": "Preis fehlt", "severity": "error"}
    error = failed(connect(serve(says(sap_v2("X/1", "Auftrag gesperrt", warning, reason), 400))))
    assert str(error).endswith("Auftrag gesperrt; Preis fehlt")
    assert str(error).count("Auftrag gesperrt") == 1


@pytest.mark.parametrize(
    ("codes", "known"),
    [
        (["BadRequest", "0x80060888"], CODES["0x80060888"]),
        (["/IWBEP/CM_MGW_RT/020", "/IWBEP/CX_MGW_BUSI_EXCEPTION"], CODES["/IWBEP/CM_MGW_RT/020"]),
        (["/IWBEP/CX_MGW_TECH_EXCEPTION"], FAMILIES["/IWBEP/CX_MGW_TECH_EXCEPTION"]),
        (
            ["/IWCOR/CX_OD_NOT_FOUND/005056A509B11EE3AEB5FC0E35CD80FE"],
            FAMILIES["/IWCOR/CX_OD_NOT_FOUND"],
        ),
        (["Internal_SomethingNew"], FAMILIES["Internal_"]),
        (["Authorization_RequestDenied"], CODES["Authorization_RequestDenied"]),
        (["BadRequestX"], None),
        (["400"], None),
        ([], None),
    ],
)
def test_a_listed_code_wins_over_its_kind_and_an_inner_one_over_an_outer_one(
    codes: list[str], known: object
) -> None:
    assert advice_for(codes) == known


def test_the_inner_code_of_graph_is_the_one_that_counts(serve: Serve, connect: Connect) -> None:
    error = failed(connect(serve(says(graph("UnknownError", inner="resyncRequired"), 410))))
    assert error.code == "UnknownError"
    assert error.how_to_fix == CODES["resyncRequired"].how_to_fix


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_an_unknown_code_leaves_the_advice_to_the_status(status: int, serve: Serve, connect: Connect) -> None:
    message = "0x80072322 Request_EntityChanged /IWFND/MED/170: request too large"
    error = failed(connect(serve(says({"error": {"code": "X-1", "message": message}}, status)), retry=ONCE))
    assert error.how_to_fix == FIXES[status], "what the text says decides nothing"
    assert error.example is None


def test_a_429_is_given_up_for_its_code_and_never_for_its_text(serve: Serve, connect: Connect) -> None:
    told = {"error": {"code": "Application_TooManyRequests", "message": "the batch is too large, perhaps"}}
    server = serve(says(told, 429), says({"fine": True}))
    assert connect(server).get("/a") == {"fine": True}
    server = serve(says({"error": {"code": "RequestTooLarge", "message": "zu groß"}}, 429))
    with pytest.raises(ApiRateLimitError):
        connect(server).get("/a")
    assert len(server.requests) == 1


def test_codes_and_ids_are_foreign_text_too(serve: Serve, connect: Connect) -> None:
    told = graph("\x1b[2JX\u202e" + "y" * 500, "\x9bmessage\r\n2026-01-15 INFO fine")
    told["error"]["innerError"]["request-id"] = "\x1b]0;title\x07"
    error = failed(connect(serve(says(told, 400))))
    for text in (str(error), error.code or "", error.correlation_id or ""):
        assert text.isprintable(), "nothing here writes to a terminal or starts a line of a log"
        assert len(text) < 600


ECHO = {"error": {"code": "key canary-123 refused", "message": "canary-123"}}
ECHOES: dict[str, list[Step]] = {
    "an error": [says(ECHO, 403, X_Request_Id="canary-123")],
    "an error in a 200": [says(ECHO, X_Request_Id="canary-123")],
    "a web page": [answer(200, b"<html><title>canary-123</title>", content_type="text/html")],
    "a failed operation": [answer(202, b"", Location="/jobs/7"), says({"status": "failed", **ECHO})],
    "a web page as result": [
        answer(202, b"", Location="/jobs/7"),
        answer(200, b"<html><title>canary-123</title>", content_type="text/html"),
    ],
}


@pytest.mark.parametrize("name", ECHOES)
def test_p5_a_service_that_repeats_the_secret_does_not_leak_it(
    name: str, serve: Serve, connect: Connect
) -> None:
    client = connect(
        serve(*ECHOES[name]), auth=AuthSettings(type="api-key", secret="canary-123"), redactor=Redactor()
    )
    with pytest.raises(ApiError) as caught:
        read(client) if "200" in name else client.get("/a")
    error = caught.value
    assert "canary" not in f"{error} {error!r} {error.code} {error.correlation_id} {error.how_to_fix}"
    assert "***" in str(error)


def test_an_error_inside_a_200_is_explained_too(serve: Serve, connect: Connect) -> None:
    server = serve(says(business_central("Internal_CompanyNotFound", "Mandant fehlt.")))
    with pytest.raises(ApiOperationError, match="Mandant fehlt") as caught:
        read(connect(server))
    assert caught.value.code == "Internal_CompanyNotFound"
    assert caught.value.correlation_id == ID
    assert caught.value.example == CODES["Internal_CompanyNotFound"].example


def test_a_long_operation_that_failed_is_explained_too(serve: Serve, connect: Connect) -> None:
    body = {"status": "failed", **dataverse("0x80044151")}
    server = serve(answer(202, b"", Location="/jobs/7"), says(body))
    with pytest.raises(ApiOperationError) as caught:
        connect(server).get("/start")
    assert caught.value.example == CODES["0x80044151"].example


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": ["x"], "message": {"value": ["y"]}, "details": "none", "innererror": [1]}},
        {
            "error": {
                "code": None,
                "details": [None, "x", {"message": {}}],
                "innererror": {"errordetails": {}},
            }
        },
        {
            "error": {
                "innererror": {"innererror": {"innererror": {"innererror": {"innererror": {"code": 5}}}}}
            }
        },
        {"errors": []},
        {"errors": {"code": "x"}},
        [[]],
        [None],
        5,
    ],
    ids=json.dumps,
)
def test_an_error_of_a_strange_shape_is_still_the_error_of_its_status(
    body: Any, serve: Serve, connect: Connect
) -> None:
    with pytest.raises(ApiValidationError, match="400"):
        connect(serve(says(body, 400))).get("/a")


def test_a_deep_error_ends() -> None:
    body = b'{"error":' + b'{"innererror":' * 400 + b"1" + b"}" * 401
    assert read_service_error(body, {}).message == ""


def test_p5_a_retry_does_not_log_the_secret_that_a_service_repeats(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(says(ECHO, 503), says({"fine": True}))
    client = connect(server, auth=AuthSettings(type="api-key", secret="canary-123"), redactor=Redactor())
    assert client.get("/a") == {"fine": True}
    assert "key *** refused" in caplog.text
    assert "canary" not in caplog.text
