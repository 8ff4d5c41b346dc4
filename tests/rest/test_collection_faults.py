"""REST collections that go wrong: circles, repetition, faults of a page, foreign links, answers that are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.collecting import fetch_of, ids, items, read, reader_of
from tests.rest.fault_server import answer, says
from tests.rest.faults import FINAL_BODIES, PASSING
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    ForeignOriginError,
    IncompleteReadError,
    RunCancelledError,
)
from txojobs.rest.collection_reader import CollectionReader
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import Connection, FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

CURSOR: dict[str, Any] = {"records": "d", "paging": {"kind": "cursor", "cursor": "c", "as": "c"}}
OFFSET: dict[str, Any] = {"paging": {"kind": "offset", "as": "skip", "ends": "empty-page"}}
POST: dict[str, Any] = {
    "method": "POST",
    "records": "d",
    "paging": {"kind": "cursor", "cursor": "c", "as": "after", "in": "body"},
}


# -- no progress ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ring", [1, 2, 3])
@pytest.mark.parametrize("options", [CURSOR, POST], ids=["GET", "POST"])
def test_cursors_in_a_circle_are_an_error(
    ring: int, options: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    server = serve(*(says({"d": items(at, at), "c": f"{at % ring}"}) for at in range(20)))
    with pytest.raises(ApiOperationError, match="already read"):
        read(connect(server), options)
    assert len(server.requests) == ring + 1


def test_a_link_back_to_the_first_page_is_a_circle(serve: Serve, connect: Connect) -> None:
    server = serve(says(items(1, 2), Link='<{base}/v1/items>; rel="next"'))
    with pytest.raises(ApiOperationError, match="already read"):
        read(connect(server), {"paging": "link-header"})
    assert len(server.requests) == 1


def test_a_hundred_empty_pages_are_an_error(serve: Serve, connect: Connect) -> None:
    def step(connection: Connection) -> bool:
        return says({"d": [], "c": len(server.requests)})(connection)

    server = serve(step)
    with pytest.raises(ApiOperationError, match="100 empty pages"):
        read(connect(server), CURSOR)
    assert len(server.requests) == 100


def test_empty_pages_amid_others_are_read_over(serve: Serve, connect: Connect) -> None:
    pages = [{"d": items(at, at) if at % 3 == 0 else [], "c": at} for at in range(1, 10)]
    server = serve(*(says(page) for page in pages), says({"d": []}))
    assert ids(read(connect(server), CURSOR)[0]) == [3, 6, 9]


@pytest.mark.parametrize("kind", ["offset", "page"])
def test_p2_a_service_that_does_not_know_the_parameter_repeats_itself(
    kind: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says(items(1, 3)))
    with pytest.raises(IncompleteReadError, match="page 2 of /v1/items holds the same records") as caught:
        read(connect(server), {"paging": {"kind": kind, "as": "skp", "ends": "empty-page"}})
    assert "check `as` in paging" in str(caught.value.how_to_fix)


def test_pages_that_only_begin_alike_are_no_repetition(serve: Serve, connect: Connect) -> None:
    pages: list[Any] = [[{"v": 0}, {"v": 1}], [{"v": 0}, {"v": 2}], [{"v": 0}], []]
    got, _ = read(connect(serve(*(says(page) for page in pages))), {**OFFSET, "complete": "none"})
    assert [row["v"] for row in got] == [0, 1, 0, 2, 0]


# -- completeness --------------------------------------------------------------------------------------------


def test_a_key_that_comes_twice_is_found_named_and_left_out_on_wish(serve: Serve, connect: Connect) -> None:
    pages: list[Any] = [
        [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}],
        [{"id": 2, "v": "c"}, {"id": 3, "v": "d"}],
        [],
    ]
    script = [says(page) for page in pages]
    with pytest.raises(IncompleteReadError, match=r"1 record came twice \(id=2\)"):
        read(connect(serve(*script)), {**OFFSET, "key": ["id"]})
    got, reader = read(connect(serve(*script)), {**OFFSET, "key": ["id"], "on-duplicate": "keep-first"})
    assert [row["v"] for row in got] == ["a", "b", "d"]
    assert reader.proof.duplicates == 1


def test_complete_verify_reads_a_second_time_and_notices_a_change(serve: Serve, connect: Connect) -> None:
    options = {**OFFSET, "key": ["id"], "complete": "verify"}
    calm = [items(1, 2), items(2, 4), items(4, 4)] * 2  # each from the last record before it on
    _, reader = read(connect(serve(*(says(page) for page in calm))), options)
    assert (reader.proof.strength, reader.proof.second_reading, reader.proof.requests) == (
        "verified",
        True,
        6,
    )
    with pytest.raises(IncompleteReadError, match="came or went between two pages"):
        read(connect(serve(says(items(1, 2)), says(items(3, 4)))), options)
    shifted = [items(1, 2), items(4, 4), [], items(1, 2), items(3, 4), []]
    by_page = {**options, "paging": {"kind": "page", "as": "page", "ends": "empty-page"}}
    with pytest.raises(IncompleteReadError, match=r"1 record did not come \(id=3\)") as caught:
        read(connect(serve(*(says(page) for page in shifted))), by_page)
    assert caught.value.how_to_fix is not None


def test_complete_count_wants_a_total(serve: Serve, connect: Connect) -> None:
    server = serve(says(items(1, 2)))
    with pytest.raises(ApiOperationError, match="complete: count") as caught:
        read(connect(server), {"paging": "none", "complete": "count"})
    assert "`total` or `total-header`" in str(caught.value.how_to_fix)
    with pytest.raises(ApiOperationError, match=r"the header X-Total\) gives no number"):
        read(connect(server), {"paging": "none", "complete": "count", "total-header": "X-Total"})


@pytest.mark.parametrize(("total", "told"), [(3, "1 missing"), (1, "1 too many")])
@pytest.mark.parametrize("paging", ["none", "link-header"])
def test_p2_a_total_that_differs_is_an_error(
    total: int, told: str, paging: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"d": items(1, 2), "n": total}))
    with pytest.raises(IncompleteReadError, match=told):
        read(connect(server), {"paging": paging, "records": "d", "total": "n"})
    got, _ = read(connect(server), {"paging": paging, "records": "d", "total": "n", "complete": "none"})
    assert ids(got) == [1, 2]


def test_a_limit_is_ours_and_claims_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": items(1, 3), "n": 9, "c": "x"}), says({"d": items(4, 6), "n": 9, "c": "y"}))
    got, reader = read(connect(server), {**CURSOR, "total": "n", "limit": 4})
    assert ids(got) == [1, 2, 3, 4]
    assert len(server.requests) == 2
    assert (reader.proof.strength, reader.proof.count_note) == ("unproven", "not asked: limit")
    assert reader.proof.ended_by is None


# -- a page that fails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("options", [CURSOR, POST], ids=["GET", "POST"])
def test_a_page_that_fails_in_passing_is_asked_for_again_as_a_whole(
    name: str, options: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    server = serve(says({"d": items(1, 2), "c": "x"}), PASSING[name], says({"d": items(3, 3), "c": None}))
    got, reader = read(connect(server, max_body_bytes=150_000), {**options, "key": ["id"]})
    assert ids(got) == [1, 2, 3]
    assert (reader.proof.pages, len(server.requests)) == (2, 3)
    assert server.requests[1].target == server.requests[2].target
    assert server.requests[1].body == server.requests[2].body


@pytest.mark.parametrize("name", FINAL_BODIES)
def test_a_body_that_is_too_much_fails_at_once(name: str, serve: Serve, connect: Connect) -> None:
    step, told = FINAL_BODIES[name]
    server = serve(step)
    with pytest.raises(ApiError, match=told):
        read(connect(server, max_body_bytes=1024), CURSOR)
    assert len(server.requests) == 1


def test_a_page_that_fails_for_good_yields_nothing_and_proves_nothing(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": items(1, 2), "c": "x"}), answer(403))
    reader = reader_of(connect(server), CURSOR)
    got: list[Any] = []
    with pytest.raises(ApiError, match=r"403.*\(page 2 of /v1/items\)"):
        got.extend(row for page in reader.pages() for row in page)
    assert ids(got) == [1, 2]
    with pytest.raises(ApiOperationError, match="nothing is proven"):
        _ = reader.proof


def test_stop_ends_the_wait_for_a_page(serve: Serve, connect: Connect) -> None:
    reader = reader_of(connect(serve(answer(503))), CURSOR)
    reader.stop()
    with pytest.raises(RunCancelledError):
        list(reader.pages())


def test_p6_a_read_ends_by_its_deadline(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    query = fetch_of({"url": "/v1/items", **CURSOR}).request()
    reader = CollectionReader(connect(serve(answer(503))), query, deadline=clock.now + 3)
    with pytest.raises(ApiError):
        list(reader.pages())
    assert sum(clock.waits) <= 3


# -- where a link may lead -----------------------------------------------------------------------------------


FOREIGN = [
    "http://127.0.0.2:9/x",
    "//127.0.0.2:9/x",
    "http://good@127.0.0.2:9/x",
    "https://127.0.0.1/x",
    "\\\\127.0.0.2\\x",
]


@pytest.mark.parametrize("link", FOREIGN)
@pytest.mark.parametrize("kind", ["link-header", "next-url", "next-header"])
def test_p5_a_link_to_another_origin_is_refused_before_anything_is_sent(
    link: str, kind: str, serve: Serve, connect: Connect
) -> None:
    other = serve(says(items(9, 9)), host="127.0.0.2")
    link = link.replace("127.0.0.2:9", f"127.0.0.2:{other.port}")
    options: dict[str, Any] = {"records": "d", "paging": {"kind": "next-url", "next": "n"}}
    server = serve(says({"d": items(1, 1), "n": link}))
    if kind != "next-url":
        header = {"Link": f'<{link}>; rel="next"'} if kind == "link-header" else {"X-Next": link}
        server.script[:] = [says({"d": items(1, 1)}, **header)]  # type: ignore[arg-type]  # a header, no status
        paging = "link-header" if kind == "link-header" else {"kind": "next-url", "next-header": "X-Next"}
        options["paging"] = paging
    with pytest.raises(ForeignOriginError):
        read(connect(server), options)
    assert other.connections == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("link", ["?page=2", "?page=2&key=s3cret-s3cret", "?key=s3cret-s3cret&page=2"])
def test_a_key_in_the_query_goes_with_each_page_once_and_into_no_message(
    link: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says(items(1, 1), Link=f'<{link}>; rel="next"'), answer(403, b"no"))
    auth = AuthSettings(type="api-key", key_name="key", key_in="query", secret="s3cret-s3cret")
    with pytest.raises(ApiError) as caught:
        read(connect(server, auth=auth), {"paging": "link-header"})
    assert [request.target.count("key=s3cret-s3cret") for request in server.requests] == [1, 1]
    assert "s3cret" not in f"{caught.value} {caught.value.how_to_fix}"


# -- answers that are none -----------------------------------------------------------------------------------


NO_RECORDS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "an object without records": (
        {"meta": {}, "items": []},
        {},
        "does not say where the records stand; lists in it: items",
        "`records`",
    ),
    "an object with a nested list": ({"data": {"rows": []}}, {}, "lists in it: data.rows", "`records`"),
    "a text": ("hello", {}, "neither a list nor an object", "`records`"),
    "null": (None, {}, "neither a list nor an object", "`records`"),
    "a misspelt name": (
        {"items": []},
        {"records": "itms"},
        "there is no 'itms' in the answer",
        "did you mean items",
    ),
    "a misspelt name in groups": (
        {"groups": [{"items": [{"id": 1}]}]},
        {"records": "groups[].itms[]"},
        "itms",
        "items",
    ),
    "null for a list": ({"items": None}, {"records": "items"}, "gives null", "optional"),
    "a number": ({"items": 5}, {"records": "items"}, "neither a list nor an object", "list of records"),
    "numbers": ([1, 2], {}, "something that is no record", "a record of each"),
    "null among records": ([{"id": 1}, None], {}, "something that is no record", "a record of each"),
    "lists": (
        {"values": [["a", 1]]},
        {"records": "values"},
        "something that is no record",
        "a record of each",
    ),
    "an error": ({"error": {"code": "X9", "message": "it broke"}}, {"records": "d"}, "it broke", ""),
    "an error in words": ({"ok": False, "error": "not_authed"}, {"records": "d"}, "not_authed", ""),
    "errors beside a part": (
        {"data": {"d": [{"id": 1}]}, "errors": [{"message": "timeout"}]},
        {"records": "data.d"},
        "timeout",
        "optional: \\[errors\\]",
    ),
}


@pytest.mark.parametrize("name", NO_RECORDS)
def test_p2_what_holds_no_records_is_an_error_and_not_zero_rows(
    name: str, serve: Serve, connect: Connect
) -> None:
    body, options, told, fix = NO_RECORDS[name]
    server = serve(says(body))
    with pytest.raises(ApiOperationError, match=told) as caught:
        read(connect(server), {"paging": "none", **options})
    assert fix.replace("\\", "") in str(caught.value.how_to_fix)
    assert len(server.requests) == 1


SOME: dict[str, tuple[Any, dict[str, Any], list[Any]]] = {
    "an empty list": ({"items": []}, {"records": "items"}, []),
    "a list that is left out when it is empty": (
        {"kind": "x"},
        {"records": "items", "optional": ["items"]},
        [],
    ),
    "null for an empty list": ({"items": None}, {"records": "items", "optional": ["items"]}, []),
    "null deep down": ({"a": {"items": None}}, {"records": "a.items", "optional": ["a.items"]}, []),
    "one object": ({"id": 1}, {"records": "@"}, [{"id": 1}]),
    "one object deep down": ({"data": {"id": 1}}, {"records": "data"}, [{"id": 1}]),
    "groups": (
        {"g": [{"i": [{"id": 1}]}, {"i": []}, {"i": [{"id": 2}]}]},
        {"records": "g[].i[]"},
        [{"id": 1}, {"id": 2}],
    ),
    "plain values made records": (
        {"tags": ["a", "b"]},
        {"records": "tags[].{tag: @}"},
        [{"tag": "a"}, {"tag": "b"}],
    ),
    "errors that are none": ({"d": [{"id": 1}], "errors": []}, {"records": "d"}, [{"id": 1}]),
    "errors that are notes": (
        {"d": [{"id": 1}], "errors": ["slow"]},
        {"records": "d", "optional": ["errors"]},
        [{"id": 1}],
    ),
}


@pytest.mark.parametrize("name", SOME)
def test_what_holds_records_gives_them(name: str, serve: Serve, connect: Connect) -> None:
    body, options, expected = SOME[name]
    assert read(connect(serve(says(body))), {"paging": "none", **options})[0] == expected


def test_a_name_that_only_some_pages_have_is_no_fault(serve: Serve, connect: Connect) -> None:
    server = serve(says([{"u": {"m": 1}}]), says([{"u": {}}]), says([]))
    got, _ = read(connect(server), {**OFFSET, "records": "[].{m: u.m}", "complete": "none"})
    assert got == [{"m": 1}, {"m": None}]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv; charset=utf-8", "application/jsonl"])
def test_bodies_of_lines_are_explained(kind: str, serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, b'{"id": 1}\n{"id": 2}\n', content_type=kind))
    with pytest.raises(ApiError, match="one record a line") as caught:
        read(connect(server), {"paging": "none"})
    assert "`load`" in str(caught.value.how_to_fix)
    assert len(server.requests) == 1


def test_numbers_are_exact_whatever_the_client_is_set_to(serve: Serve, connect: Connect) -> None:
    body = b'[{"a":1.10,"b":9007199254740993,"c":"00123"}]'
    got, _ = read(
        connect(serve(answer(200, body, content_type="application/json")), numbers="float"),
        {"paging": "none"},
    )
    assert str(got[0]["a"]) == "1.10"
    assert (got[0]["b"], got[0]["c"]) == (9007199254740993, "00123")


# -- POST ----------------------------------------------------------------------------------------------------


def test_a_query_by_post_sends_its_cursor_deep_in_the_body(serve: Serve, connect: Connect) -> None:
    def page(rows: list[Any], cursor: str | None) -> Any:
        info = {"hasNextPage": cursor is not None, "endCursor": cursor}
        return says({"data": {"orders": {"nodes": rows, "pageInfo": info}}})

    server = serve(page(items(1, 2), "x"), page(items(3, 3), None))
    got, _ = read(
        connect(server),
        {
            "method": "POST",
            "body": {
                "query": "query($after: String) { ... }",
                "variables": {"status": "${{ params.status }}"},
            },
            "records": "data.orders.nodes",
            "page-size": 2,
            "paging": {
                "kind": "cursor",
                "cursor": "data.orders.pageInfo.endCursor",
                "has-more": "data.orders.pageInfo.hasNextPage",
                "as": "variables.after",
                "size-as": "variables.first",
                "in": "body",
            },
        },
        status='open" or "1',
    )
    assert ids(got) == [1, 2, 3]
    variables = [json.loads(request.body)["variables"] for request in server.requests]
    assert variables == [
        {"status": 'open" or "1', "first": 2},
        {"status": 'open" or "1', "first": 2, "after": "x"},
    ]
    assert {request.headers["content-type"] for request in server.requests} == {"application/json"}


def test_offsets_of_a_query_by_post_are_numbers_in_the_body(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": items(1, 2), "n": 3}), says({"d": items(3, 3), "n": 3}))
    paging = {"kind": "offset", "as": "page.from", "size-as": "page.size", "in": "body"}
    options = {"method": "POST", "records": "d", "total": "n", "paging": paging, "page-size": 2}
    assert ids(read(connect(server), options)[0]) == [1, 2, 3]
    assert [json.loads(request.body) for request in server.requests] == [
        {"page": {"size": 2, "from": 0}},
        {"page": {"size": 2, "from": 2}},
    ]


def test_a_next_address_of_a_query_by_post_is_asked_in_the_same_way(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": items(1, 2), "n": "/v1/items?at=2"}), says({"d": items(3, 3), "n": None}))
    options = {
        "method": "POST",
        "body": {"q": 1},
        "records": "d",
        "paging": {"kind": "next-url", "next": "n"},
    }
    assert ids(read(connect(server), options)[0]) == [1, 2, 3]
    assert [(request.method, request.target, request.body) for request in server.requests] == [
        ("POST", "/v1/items", b'{"q":1}'),
        ("POST", "/v1/items?at=2", b'{"q":1}'),
    ]


def test_a_long_operation_behind_a_query_is_waited_for(serve: Serve, connect: Connect) -> None:
    server = serve(answer(202, Location="{base}/ops/1", Retry_After="1"), says({"d": items(1, 1), "c": None}))
    assert ids(read(connect(server), POST)[0]) == [1]
    assert [request.method for request in server.requests] == ["POST", "GET"]
