from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import answer, page, says
from tests.rest.reading import read, rows
from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


@pytest.mark.parametrize("count", [3, 5, 0])
def test_a_count_that_does_not_match_is_an_error(count: int, serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 4), odata_count=count))
    with pytest.raises(ApiOperationError, match=f"counts {count} records and 4 came: ") as caught:
        read(connect(server))
    assert "run again" in (caught.value.how_to_fix or "")
    assert "$count=true" in server.requests[0].target
    assert server.requests[1].target == "/Customers?$top=0&$count=true", "it may be right by now"


@pytest.mark.parametrize("status", [400, 501])
def test_a_service_that_refuses_to_count_is_asked_without(
    status: int, serve: Serve, connect: Connect
) -> None:
    server = serve(answer(status), page(*rows(1, 2)))
    got, reader = read(connect(server))
    assert got == rows(1, 2)
    assert "$count" not in server.requests[1].target
    assert reader.proof.count_note == f"the service refuses to count ({status})"
    assert reader.proof.strength == "unproven"


def test_a_query_that_is_wrong_is_wrong_without_count_too(serve: Serve, connect: Connect) -> None:
    server = serve(says({"error": {"code": "B", "message": "no field Foo"}}, 400))
    with pytest.raises(ApiError, match="no field Foo"):
        read(connect(server))


@pytest.mark.parametrize("count", ["2", 2])
def test_a_count_may_be_text(count: Any, serve: Serve, connect: Connect) -> None:
    _, reader = read(connect(serve(page(*rows(1, 2), odata_count=count))))
    assert reader.proof.count == 2


def test_a_record_that_comes_twice_is_an_error(serve: Serve, connect: Connect) -> None:
    server = serve(
        page(*rows(1, 3), next_link="C?t=1", odata_count=7),
        page(*rows(3, 4), next_link="C?t=2"),
        page(*rows(5, 5), *rows(1, 1)),
        page(odata_count=7),
    )
    with pytest.raises(
        IncompleteReadError,
        match=r"2 records came twice \(No=00003; No=00001\); the service counts 7 records and 5 came: 2 missing",
    ) as caught:
        read(connect(server), key=("No",))
    assert "complete: verify" in (caught.value.how_to_fix or "")


def test_keys_of_different_types_are_different(serve: Serve, connect: Connect) -> None:
    keys: list[Any] = [1, "1", True, None, 1.5, "1.5", "x" * 100, "", -1, -2, [1], {"a": 1}]
    got, _ = read(connect(serve(page(*({"k": key} for key in keys)))), key=("k",))
    assert len(got) == len(keys)
    pairs = [("a", "bc"), ("ab", "c"), ("a,b", "c"), ("a", "b,c")]
    got, _ = read(connect(serve(page(*({"a": a, "b": b} for a, b in pairs)))), key=("a", "b"))
    assert len(got) == 4


def test_a_record_without_its_key_is_an_error(serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiOperationError, match="no field 'Nr'"):
        read(connect(serve(page(*rows(1, 1)))), key=("Nr",))


def test_an_empty_set_is_proven_empty(serve: Serve, connect: Connect) -> None:
    got, reader = read(connect(serve(page(odata_count=0))), key=("No",))
    assert got == []
    assert reader.proof.strength == "counted"


def test_a_page_that_comes_again_behind_another_link_is_an_error(serve: Serve, connect: Connect) -> None:
    """The service ignores its own token; the count, which it does not tell, would have shown it."""
    again = [page(*rows(1, 3), next_link=f"C?t={number}") for number in range(1, 5)]
    server = serve(*again, page())
    with pytest.raises(
        IncompleteReadError, match="page 2 of Customers begins with a record that began an earlier page"
    ):
        read(connect(server))
    assert len(server.requests) == 2


def test_alike_pages_are_right_where_the_key_was_not_asked_for(serve: Serve, connect: Connect) -> None:
    server = serve(page({"Country": "SE"}, next_link="C?t=1"), page({"Country": "SE"}))
    got, _ = read(connect(server), select=("Country",))
    assert got == [{"Country": "SE"}] * 2
