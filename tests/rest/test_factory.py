from __future__ import annotations

import subprocess
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import answer, says
from txojobs.errors import (
    ApiAuthenticationError,
    ApiError,
    ApiOperationError,
    ApiRateLimitError,
    EntityNotFoundError,
    ForeignOriginError,
    HelpfulError,
    MissingKeyError,
    ValidationError,
)
from txojobs.rest.factory import ApiManager, create_rest_api
from txojobs.rest.manual_retry import manual_retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer

    Serve = Callable[..., FaultServer]


def config(server: FaultServer, **more: Any) -> dict[str, Any]:
    return {"global": {"api-base-url": server.url}, "_org_id": "acme", "_env_type": "prod", **more}


def test_g20_the_guides_calls(serve: Serve) -> None:
    server = serve(says({"items": [{"id": 1, "price": 1.5}]}))
    settings = config(server, _token="t")
    api = create_rest_api(settings)
    assert api.get(f"{server.url}/data") == {"items": [{"id": 1, "price": 1.5}]}
    api.post("/items", {"id": 1})
    api.patch("/items/1", {"id": 1})
    api.put("/items/1", {"id": 1})
    api.delete("/items/1")
    api.close()
    assert [request.method for request in server.requests] == ["GET", "POST", "PATCH", "PUT", "DELETE"]
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer t"}


def test_g20_numbers_may_be_exact(serve: Serve) -> None:
    server = serve(says({"price": 1.5}))
    api = create_rest_api(config(server), numbers="decimal")
    assert api.get("/a") == {"price": Decimal("1.5")}
    api.close()


def test_g20_public_services_get_no_credential(serve: Serve) -> None:
    server = serve(says({}))
    settings = config(server, _token="t")
    settings["global"]["client-id"] = "incomplete, and that does not matter here"
    api = create_rest_api(settings, require_auth=False)
    api.get("/a")
    api.close()
    assert "authorization" not in server.requests[0].headers


def test_g20_the_manager_closes_what_it_made(serve: Serve) -> None:
    server = serve(says({}))
    settings = config(server, apis={"desk": {"base-url": f"{server.url}/desk"}})
    with ApiManager(settings) as manager:
        api = manager.get_rest_api()
        assert manager.get_rest_api() is api
        api.get("/endpoint")
        manager.get_rest_api("desk").get("/endpoint")
    assert [request.target for request in server.requests] == ["/endpoint", "/desk/endpoint"]
    assert len(api._exchange._transport._pool) == 0


def test_g20_a_number_that_json_cannot_say_is_not_sent_as_null(serve: Serve) -> None:
    """pandas hands NaN over where a cell is empty; null would empty the field of the service."""
    server = serve(says({}))
    api = create_rest_api(config(server))
    with pytest.raises(ValidationError, match="NaN"):
        api.patch("/Customers(1)", {"Name": "A", "Balance": float("nan")})
    api.patch("/Customers(1)", {"Name": None, "Balance": 1.5, "Tags": ("a", "b")})
    api.close()
    assert [request.body for request in server.requests] == [b'{"Name":null,"Balance":1.5,"Tags":["a","b"]}']


def test_g20_the_clients_of_a_manager_leave_an_origin_alone_together(serve: Serve) -> None:
    server = serve(answer(429, Retry_After="5000"))
    with ApiManager(config(server, apis={"desk": {"base-url": f"{server.url}/desk"}})) as manager:
        for api in ("default", "desk"):
            with pytest.raises(ApiRateLimitError):
                manager.get_rest_api(api).get("/a")
    assert len(server.requests) == 1


def test_threads_that_ask_for_one_api_at_once_share_its_client(serve: Serve) -> None:
    """Two clients would each have a rate limit and a circuit of their own."""
    others: list[object] = []

    class Slow(dict[str, Any]):
        """A configuration that another thread asks for the same api while it is read."""

        def __getitem__(self, key: str) -> Any:
            if not other.ident:
                other.start()
                other.join(0.3)
            return super().__getitem__(key)

    with ApiManager(Slow(config(serve(says({}))))) as manager:
        other = threading.Thread(target=lambda: others.append(manager.get_rest_api()))
        mine = manager.get_rest_api()
        other.join(30)
        assert others == [mine]


def test_a_missing_address_is_named() -> None:
    with pytest.raises(MissingKeyError, match=r"global\.api-base-url"):
        create_rest_api({"global": {}})


def test_importing_the_factory_loads_neither_msal_nor_pandas() -> None:
    code = (
        "import sys, txojobs.rest.factory; print({'msal', 'pandas', 'pybreaker', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_g24_manual_retry_as_a_decorator() -> None:
    calls: list[int] = []
    waits: list[float] = []

    @manual_retry(max_retries=5, backoff=3.0, sleep=waits.append)
    def unstable(value: int) -> int:
        calls.append(value)
        if len(calls) < 4:
            raise ApiOperationError("not yet")
        return value

    assert unstable(7) == 7
    assert waits == [1, 3, 9]
    assert unstable.__name__ == "unstable"


def test_g24_manual_retry_as_a_call() -> None:
    calls: list[int] = []

    def unstable() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise ApiRateLimitError("slow down", retry_after=30)
        return "done"

    waits: list[float] = []
    assert manual_retry(unstable, max_retries=1, sleep=waits.append) == "done"
    assert waits == [30]


def test_g24_the_last_error_is_raised_unchanged() -> None:
    waits: list[float] = []

    def broken() -> None:
        raise LookupError("it")

    with pytest.raises(LookupError, match="it"):
        manual_retry(broken, max_retries=2, sleep=waits.append)
    assert waits == [1, 2]


def test_g24_no_wait_is_longer_than_ten_minutes() -> None:
    waits: list[float] = []

    def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        manual_retry(broken, max_retries=4, backoff=1e200, sleep=waits.append)
    assert waits == [1, 600, 600, 600]


def test_g24_the_log_says_which_attempt_why_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    @manual_retry(max_retries=1, sleep=lambda _: None)
    def broken() -> None:
        raise LookupError("no such row")

    with caplog.at_level("WARNING", logger="txojobs.rest"), pytest.raises(LookupError):
        broken()
    assert [record.getMessage() for record in caplog.records] == [
        "attempt 1 of 2 of broken failed: LookupError: no such row; trying again in 1.0 s"
    ]


def unknown(kind: Callable[[str], ApiError] = ApiOperationError) -> ApiError:
    error = kind("a change that may have been carried out")
    error.outcome_unknown = True
    return error


@pytest.mark.parametrize(
    "error",
    [
        ApiAuthenticationError("x"),
        EntityNotFoundError("C"),
        HelpfulError("a", "b"),
        KeyboardInterrupt(),
        ApiOperationError("refused", status=403),
        ForeignOriginError("elsewhere"),
        ApiRateLimitError("later", retry_after=99999999),
        unknown(),
        unknown(ApiRateLimitError),
    ],
)
def test_g24_what_would_come_again_is_not_repeated(error: BaseException) -> None:
    waits: list[float] = []

    def broken() -> None:
        raise error

    with pytest.raises(type(error)):
        manual_retry(broken, sleep=waits.append)
    assert not waits


def test_g29_a_rate_limit_error_names_the_setting(serve: Serve) -> None:
    server = serve(answer(429))
    api = create_rest_api(config(server, **{"script-behavior": {"retry-strategy": {"max-retries": 0}}}))
    with pytest.raises(ApiRateLimitError, match="Rate limit exceeded") as caught:
        api.get("/a")
    assert "calls-per-second" in (caught.value.how_to_fix or "")
    api.close()
