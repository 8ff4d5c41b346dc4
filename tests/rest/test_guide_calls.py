"""The guide's own calls, under the guide's own configuration: what a script written for it does here, row by row."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest.fault_server import answer, page, says
from tests.rest.reading import rows
from txojobs.config import check_config_text
from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    ApiTimeoutError,
    ApiValidationError,
    EntityNotFoundError,
    HelpfulError,
    TxoBaseError,
)
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.factory import ApiManager, create_rest_api
from txojobs.rest.manual_retry import manual_retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import FaultServer, Step

    Serve = Callable[..., FaultServer]

GUIDE: dict[str, Any] = {
    "script-behavior": {
        "api-delay-seconds": 1,
        "api-timeouts": {
            "rest-timeout-seconds": 60,
            "soap-timeout-seconds": 120,
            "wsdl-timeout-seconds": 60,
            "async-max-wait": 300,
            "async-poll-interval": 5,
        },
        "retry-strategy": {"max-retries": 3, "backoff-factor": 2.0},
        "jitter": {"min-factor": 0.8, "max-factor": 1.2},
        "rate-limiting": {"enabled": True, "calls-per-second": 10, "burst-size": 1},
        "circuit-breaker": {"enabled": True, "failure-threshold": 5, "timeout-seconds": 60},
        "batch-handling": {"read-batch-size": 100, "update-batch-size": 50, "vat-batch-size": 10},
    },
    "environments": {"test": {"api-endpoint": "https://test-api.example.com"}},
    "my-feature": {"enabled": True, "custom-endpoint": "https://my-api.com"},
}


def config_of(server: FaultServer, **more: Any) -> dict[str, Any]:
    return {
        **GUIDE,
        "global": {"api-base-url": server.url, "api-version": "v2"},
        "_org_id": "acme",
        "_env_type": "prod",
        "_az_token": "t",
        **more,
    }


@pytest.fixture
def script(serve: Serve, clock: FakeClock) -> Iterator[Callable[..., tuple[TxoRestAPI, FaultServer]]]:
    """Make what a script has: the client of its configuration, and the service behind it."""
    made: list[TxoRestAPI] = []

    def start(*steps: Step, **options: Any) -> tuple[TxoRestAPI, FaultServer]:
        server = serve(*steps)
        api = create_rest_api(config_of(server), timing=clock.timing(), **options)
        made.append(api)
        return api, server

    yield start
    for api in made:
        api.close()


Script = Any


def test_g22_the_guides_configuration_is_valid() -> None:
    config = {**GUIDE, "global": {"api-base-url": "https://api.example.com", "api-version": "v2"}}
    assert [each for each in check_config_text(json.dumps(config)) if each.severity == "error"] == []


def test_g10_calls_are_throttled_without_being_asked(script: Script, clock: FakeClock) -> None:
    api, server = script(says({}))
    for _ in range(11):
        api.get(f"{server.url}/data")
    assert clock.now == pytest.approx(1001.0), "10 calls a second"


def test_g11_five_failures_open_the_circuit_for_a_minute_and_one_success_closes_it(
    script: Script, clock: FakeClock
) -> None:
    api, server = script(answer(503))
    for _ in range(5):
        with pytest.raises(ApiOperationError, match="503"):
            api.get("/data")
    asked = len(server.requests)
    with pytest.raises(ApiOperationError, match=r"^Circuit breaker open"):
        api.get("/data")
    assert len(server.requests) == asked, "it fails at once"
    clock.now += 60
    server.script[:] = [says({"fine": True})]
    assert api.get("/data") == {"fine": True}
    assert api.get("/data") == {"fine": True}


def test_g11_a_refusal_is_no_failure(script: Script) -> None:
    api, _ = script(answer(404))
    for _ in range(8):
        with pytest.raises(EntityNotFoundError):
            api.get("/data")


def test_g12_a_long_operation_is_awaited(script: Script, clock: FakeClock) -> None:
    api, server = script(
        answer(202, b"", Location="/jobs/7", Retry_After="7"), answer(202, b""), says({"done": True})
    )
    result = api.post("/long-operation", {"a": 1})
    assert result == {"done": True}
    assert [f"{request.method} {request.target}" for request in server.requests] == [
        "POST /long-operation",
        *["GET /jobs/7"] * 2,
    ]
    assert sum(clock.waits) == pytest.approx(7 + 5)


def test_g12_an_operation_that_never_ends_is_a_timeout_after_five_minutes(script: Script) -> None:
    api, _ = script(answer(202, b"", Location="/jobs/7"))
    with pytest.raises(ApiTimeoutError) as caught:
        api.post("/long-operation", {})
    assert caught.value.timeout_seconds == 300


def test_g14_retries_wait_longer_each_time_within_the_jitter(script: Script, clock: FakeClock) -> None:
    api, server = script(answer(503))
    with pytest.raises(ApiOperationError):
        api.get("/data")
    assert len(server.requests) == 4, "max-retries 3"
    assert [wait for wait in clock.waits if wait > 0.2] == pytest.approx([0.8, 1.6, 3.2]), "min-factor 0.8"


def test_g14_api_delay_seconds_spaces_calls_when_rate_limiting_is_off(serve: Serve, clock: FakeClock) -> None:
    server = serve(says({}))
    behaviour = {**GUIDE["script-behavior"], "rate-limiting": {"enabled": False}}
    api = create_rest_api(config_of(server, **{"script-behavior": behaviour}), timing=clock.timing())
    for _ in range(3):
        api.get("/data")
    api.close()
    assert clock.now == pytest.approx(1002.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ApiAuthenticationError),
        (429, ApiRateLimitError),
        (408, ApiTimeoutError),
        (404, EntityNotFoundError),
        (400, ApiValidationError),
        (409, ApiValidationError),
        (422, ApiValidationError),
        (500, ApiOperationError),
    ],
)
def test_g17_the_guides_except_clauses_catch_what_they_name(
    status: int, kind: type[ApiError], script: Script
) -> None:
    api, server = script(answer(status, Retry_After="9"))
    caught: type[TxoBaseError] | None = None
    try:
        api.get(f"{server.url}/data")
    except ApiAuthenticationError:
        caught = ApiAuthenticationError
    except ApiRateLimitError as err:
        caught = ApiRateLimitError if err.retry_after == 9 else None
    except ApiTimeoutError:
        caught = ApiTimeoutError
    except EntityNotFoundError:
        caught = EntityNotFoundError
    except ApiValidationError:
        caught = ApiValidationError
    except ApiOperationError:
        caught = ApiOperationError
    assert caught is kind


def test_g17_the_guides_exceptions_are_made_as_the_guide_makes_them() -> None:
    assert str(ApiAuthenticationError("Invalid token")) == "Invalid token"
    assert ApiRateLimitError("Rate limit exceeded", retry_after=60).retry_after == 60
    assert ApiTimeoutError("Request timed out", timeout_seconds=30).timeout_seconds == 30
    missing = EntityNotFoundError("Customer", entity_id="12345")
    assert (missing.entity_type, missing.entity_id) == ("Customer", "12345")
    assert "Customer 12345" in str(missing)
    told = HelpfulError(
        what_went_wrong="Database connection failed", how_to_fix="Check it", example="postgres://localhost/db"
    )
    assert (told.how_to_fix, told.example) == ("Check it", "postgres://localhost/db")


def test_g19_the_guides_entities_are_all_pages(script: Script) -> None:
    api, server = script(page(*rows(1, 100), next_link="Customers?t=1"), page(*rows(101, 130)))
    entities = api.get_odata_entities(
        base_url=f"{server.url}/odata",
        entity_name="Customers",
        odata_filter="Country eq 'USA'",
        select_fields=["Name", "Email", "Phone"],
        page_size=100,
    )
    assert len(entities) == 130
    assert parse_qs(urlsplit(server.requests[0].target).query)["$filter"] == ["Country eq 'USA'"]


def test_g19_the_guides_conditions_are_a_filter(script: Script) -> None:
    api, server = script(page({"OrderId": 1}))
    start_date = "2026-01-31"
    entities = api.get_odata_entities_filtered(
        base_url=server.url,
        entity_name="Orders",
        filter_conditions={"Status": "eq 'Active'", "Amount": "gt 1000", "Created": f"gt {start_date}"},
        select_fields=["OrderId", "Customer", "Amount", "Status"],
        page_size=200,
    )
    assert entities == [{"OrderId": 1}]
    asked = parse_qs(urlsplit(server.requests[0].target).query)
    assert asked["$filter"] == ["Status eq 'Active' and Amount gt 1000 and Created gt 2026-01-31"]
    assert asked["$select"] == ["OrderId,Customer,Amount,Status"]
    assert server.requests[0].headers["prefer"] == "odata.maxpagesize=200"


def test_g20_the_guides_script_reads_items_as_it_is_written(script: Script) -> None:
    api, server = script(says({"items": [{"id": 1, "name": "a", "price": 1.5}]}))
    response = api.get(f"{server.url}/data")
    records = response.get("items", [])
    assert [(record["id"], record["name"]) for record in records] == [(1, "a")]
    assert type(records[0]["price"]) is float
    assert response.get("email") is None


def test_g20_a_context_manager_closes_the_clients(serve: Serve) -> None:
    server = serve(says({"fine": True}))
    with ApiManager(config_of(server)) as manager:
        api = manager.get_rest_api()
        assert api.get("/endpoint") == {"fine": True}
        pool = api._exchange._transport._pool
        assert len(pool) == 1
    assert len(pool) == 0


def test_g20_a_public_api_gets_no_credential(script: Script) -> None:
    api, server = script(says({}), require_auth=False)
    api.get("/data")
    assert "authorization" not in server.requests[0].headers


def test_g20_each_verb_takes_an_address_and_a_body(script: Script) -> None:
    api, server = script(says({"fine": True}))
    item = {"id": 7, "name": "a"}
    assert api.post("/items", item) == {"fine": True}
    assert api.patch(f"/items/{item['id']}", item) == {"fine": True}
    assert api.put("/items/7", item) == {"fine": True}
    assert api.delete("/items/7") == {"fine": True}
    assert api.request("GET", "/items/7").status == 200
    assert [request.method for request in server.requests] == ["POST", "PATCH", "PUT", "DELETE", "GET"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer t"}


def test_g20_the_names_of_the_calls_are_those_of_the_guide() -> None:
    def parameters(call: Callable[..., Any]) -> list[str]:
        return list(inspect.signature(call).parameters)

    assert parameters(create_rest_api)[:3] == ["config", "require_auth", "api"]
    assert parameters(ApiManager) == ["config", "require_auth"]
    assert parameters(TxoRestAPI.get)[1:3] == ["url", "params"]
    for call in (TxoRestAPI.post, TxoRestAPI.put, TxoRestAPI.patch):
        assert parameters(call)[1:3] == ["url", "data"]
    assert parameters(TxoRestAPI.get_odata_entities)[1:] == [
        "base_url", "entity_name", "odata_filter", "select_fields", "page_size",
    ]  # fmt: skip
    assert parameters(TxoRestAPI.get_odata_entities_filtered)[1:] == [
        "base_url", "entity_name", "filter_conditions", "select_fields", "page_size",
    ]  # fmt: skip


def test_g24_manual_retry_is_a_decorator_and_a_call(script: Script) -> None:
    waits: list[float] = []
    outcomes = iter([LookupError("not yet"), LookupError("not yet"), None])

    @manual_retry(max_retries=5, backoff=3.0, sleep=waits.append)
    def unstable_operation() -> str:
        err = next(outcomes)
        if err is not None:
            raise err
        return "done"

    assert unstable_operation() == "done"
    assert waits == [1, 3]
    api, server = script(answer(500), answer(500), answer(500), answer(500), says({"fine": True}))
    got = manual_retry(api.get, "/data", params={"a": 1}, max_retries=2, sleep=waits.append)
    assert got == {"fine": True}
    assert server.requests[-1].target == "/data?a=1"
    assert waits == [1, 3, 1]


def test_g29_a_missing_token_says_what_to_do(serve: Serve) -> None:
    from txojobs.rest.factory import acquire_token  # noqa: PLC0415

    config = config_of(serve(says({})))
    del config["_az_token"]
    with pytest.raises(HelpfulError, match="Failed to acquire authentication token") as caught:
        acquire_token(config)
    assert "az-token" in f"{caught.value.how_to_fix}"
