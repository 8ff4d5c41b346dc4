"""Each way of paging as a known service has it, over sockets: what is asked, what comes, what ends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rest import fault_server as fault
from tests.rest.collecting import asked, ids, items, query_of, read
from tests.rest.fault_server import raw, says
from txojobs.errors import ApiError, ApiOperationError, IncompleteReadError
from txojobs.job.load import load_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


class Way(NamedTuple):
    """A service of three pages with the records 1 to 5, what a job says of it, and the queries that it must see."""

    options: dict[str, Any]
    pages: tuple[Any, Any, Any]
    queries: list[dict[str, str]]
    ended_by: str
    headers: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = ({}, {}, {})


A, B, C = items(1, 2), items(3, 4), items(5, 5)
MORE = "the service says that there is no more"


def way(kind: str, **paging: Any) -> dict[str, Any]:
    return {
        "paging": {
            "kind": kind,
            **{name.replace("_", "-").rstrip("-"): each for name, each in paging.items()},
        }
    }


WAYS: dict[str, Way] = {
    "zendesk, by cursor": Way(
        {
            "records": "tickets",
            "page-size": 2,
            **way(
                "cursor",
                cursor="meta.after_cursor",
                as_="page[after]",
                size_as="page[size]",
                has_more="meta.has_more",
            ),
        },
        (
            {
                "tickets": A,
                "meta": {"has_more": True, "after_cursor": "x="},
                "links": {"next": "https://x.example"},
            },
            {"tickets": B, "meta": {"has_more": True, "after_cursor": "y&z"}},
            {
                "tickets": C,
                "meta": {"has_more": False, "after_cursor": "z"},
                "links": {"next": "https://x.example"},
            },
        ),
        [
            {"page[size]": "2"},
            {"page[size]": "2", "page[after]": "x="},
            {"page[size]": "2", "page[after]": "y&z"},
        ],
        MORE,
    ),
    "stripe, by the last record": Way(
        {"records": "data", **way("cursor", cursor="data[-1].id", as_="starting_after", has_more="has_more")},
        ({"data": A, "has_more": True}, {"data": B, "has_more": True}, {"data": C, "has_more": False}),
        [{}, {"starting_after": "2"}, {"starting_after": "4"}],
        MORE,
    ),
    "slack, an empty cursor": Way(
        {"records": "members", **way("cursor", cursor="response_metadata.next_cursor", as_="cursor")},
        (
            {"ok": True, "members": A, "response_metadata": {"next_cursor": "dXNlcg=="}},
            {"ok": True, "members": B, "response_metadata": {"next_cursor": "w"}},
            {"ok": True, "members": C, "response_metadata": {"next_cursor": ""}},
        ),
        [{}, {"cursor": "dXNlcg=="}, {"cursor": "w"}],
        "no cursor",
    ),
    "hubspot, no cursor at the end": Way(
        {
            "records": "results",
            "query": {"limit": 2},
            **way("cursor", cursor="paging.next.after", as_="after"),
        },
        (
            {"results": A, "paging": {"next": {"after": "2", "link": "?after=2"}}},
            {"results": B, "paging": {"next": {"after": "4"}}},
            {"results": C},
        ),
        [{"limit": "2"}, {"limit": "2", "after": "2"}, {"limit": "2", "after": "4"}],
        "no cursor",
    ),
    "gitlab, the number in a header": Way(
        {**way("cursor", cursor_header="X-Next-Page", as_="page"), "query": {"page": 1}},
        (A, B, C),
        [{"page": "1"}, {"page": "2"}, {"page": "3"}],
        "no cursor",
        ({"X-Next-Page": "2"}, {"X-Next-Page": "3"}, {"X-Next-Page": ""}),
    ),
    "a cursor that is a number, zero at the end": Way(
        {"records": "users", **way("cursor", cursor="next_cursor", as_="cursor"), "query": {"cursor": -1}},
        (
            {"users": A, "next_cursor": 12345678901234567890},
            {"users": B, "next_cursor": 7},
            {"users": C, "next_cursor": 0},
        ),
        [{"cursor": "-1"}, {"cursor": "12345678901234567890"}, {"cursor": "7"}],
        "no cursor",
    ),
    "a cursor that wants to be alone": Way(
        {
            **way("cursor", cursor_header="X-Token", as_="NextToken", alone=True),
            "query": {"since": "2026-01-01"},
        },
        (A, B, C),
        [{"since": "2026-01-01"}, {"NextToken": "a"}, {"NextToken": "b"}],
        "no cursor",
        ({"X-Token": "a"}, {"X-Token": "b"}, {}),
    ),
    "jsonapi, absolute and relative addresses": Way(
        {"records": "data", **way("next-url", next="links.next")},
        (
            {"data": A, "links": {"next": "{base}/v1/items?page=2"}},
            {"data": B, "links": {"next": "?page=3"}},
            {"data": C, "links": {"next": None}},
        ),
        [{}, {"page": "2"}, {"page": "3"}],
        "no next address",
    ),
    "salesforce, no address at the end": Way(
        {
            "records": "records",
            "total": "totalSize",
            **way("next-url", next="nextRecordsUrl"),
            "query": {"q": "SELECT Id"},
        },
        (
            {"totalSize": 5, "done": False, "nextRecordsUrl": "/v1/items?at=2", "records": A},
            {"totalSize": 5, "done": False, "nextRecordsUrl": "/v1/items?at=4", "records": B},
            {"totalSize": 5, "done": True, "records": C},
        ),
        [{"q": "SELECT Id"}, {"at": "2"}, {"at": "4"}],
        "no next address",
    ),
    "confluence, an address below a base": Way(
        {"records": "results", **way("next-url", next="concat(_links.base, _links.next)")},
        (
            {"results": A, "_links": {"base": "{base}/v1", "next": "/items?at=2"}},
            {"results": B, "_links": {"base": "{base}/v1", "next": "/items?at=4"}},
            {"results": C, "_links": {"base": "{base}/v1"}},
        ),
        [{}, {"at": "2"}, {"at": "4"}],
        "no next address",
    ),
    "the address in a header": Way(
        way("next-url", next_header="X-Next-Url"),
        (A, B, C),
        [{}, {"at": "2"}, {"at": "4"}],
        "no next address",
        ({"X-Next-Url": "/v1/items?at=2"}, {"X-Next-Url": "?at=4"}, {"X-Next-Url": " "}),
    ),
    "scim, an offset from one": Way(
        {
            "records": "Resources",
            "total": "totalResults",
            "page-size": 2,
            **way("offset", as_="startIndex", size_as="count", start=1),
        },
        tuple({"Resources": each, "totalResults": 5} for each in (A, B, C)),  # type: ignore[arg-type]  # three of them
        [{"count": "2", "startIndex": at} for at in ("1", "3", "5")],
        "the total",
    ),
    "postgrest, the total in Content-Range": Way(
        {
            "total-header": "Content-Range",
            **way("offset", as_="offset"),
            "headers": {"Prefer": "count=exact"},
        },
        (A, B, C),
        [{"offset": "0"}, {"offset": "2"}, {"offset": "4"}],
        "the total",
        ({"Content-Range": "0-1/5"}, {"Content-Range": "2-3/5"}, {"Content-Range": "4-4/5"}),
    ),
    "jira, the last page says so": Way(
        {"records": "values", **way("offset", as_="startAt", has_more="!isLast")},
        ({"values": A, "isLast": False}, {"values": B, "isLast": False}, {"values": C, "isLast": True}),
        [{"startAt": "0"}, {"startAt": "2"}, {"startAt": "4"}],
        MORE,
    ),
    "wordpress, the number of pages in a header": Way(
        {"total-header": "X-WP-Total", **way("page", as_="page", total_pages_header="X-WP-TotalPages")},
        (A, B, C),
        [{"page": "1"}, {"page": "2"}, {"page": "3"}],
        "the last page",
        tuple({"X-WP-Total": "5", "X-WP-TotalPages": "3"} for _ in range(3)),  # type: ignore[arg-type]  # three of them
    ),
    "spring, pages from zero": Way(
        {
            "records": "content",
            "total": "totalElements",
            **way("page", as_="page", start=0, total_pages="totalPages"),
        },
        tuple(  # type: ignore[arg-type]  # three of them
            {"content": each, "totalPages": 3, "totalElements": 5, "last": each is C} for each in (A, B, C)
        ),
        [{"page": "0"}, {"page": "1"}, {"page": "2"}],
        "the last page",
    ),
    "until a page is empty": Way(
        way("page", as_="p", ends="empty-page"),
        (A, B, []),
        [{"p": "1"}, {"p": "2"}, {"p": "3"}],
        "an empty page",
    ),
    "an offset until a page is empty": Way(
        way("offset", as_="skip", ends="empty-page"),
        (A, B, []),
        [{"skip": "0"}, {"skip": "2"}, {"skip": "4"}],
        "an empty page",
    ),
    "groups are counted, not their records": Way(
        {
            "records": "groups[].items[]",
            "total": "groupCount",
            **way("offset", as_="at", came="length(groups)"),
        },
        tuple(  # type: ignore[arg-type]  # three of them
            {"groupCount": 3, "groups": [{"items": each}]} for each in (A, B, C)
        ),
        [{"at": "0"}, {"at": "1"}, {"at": "2"}],
        "the total",
    ),
}


def step_of(body: Any, headers: dict[str, Any]) -> Step:
    """Answer with JSON in which `{base}` is the server's address."""

    def step(connection: Any) -> bool:
        text = json.dumps(body).replace("{base}", connection.base)
        return says(json.loads(text), **headers)(connection)

    return step


@pytest.mark.parametrize("name", WAYS)
def test_reads_all_pages_of_a_service_as_it_is(name: str, serve: Serve, connect: Connect) -> None:
    options, pages, queries, ended_by, headers = WAYS[name]
    server = serve(*(step_of(body, head) for body, head in zip(pages, headers, strict=True)))
    got, reader = read(connect(server), {"key": ["id"], **options})
    assert ids(got) == [row["id"] for row in (*A, *B, *(C if pages[2] else []))]
    assert asked(server) == queries
    assert {request.target.partition("?")[0] for request in server.requests} == {"/v1/items"}
    assert reader.proof.ended_by == ended_by
    assert reader.proof.strength == ("counted" if {"total", "total-header"} & set(options) else "unproven")


def test_several_fields_named_link_are_read_as_one(serve: Serve, connect: Connect) -> None:
    body = b'[{"id": 1}]'
    head = b'Link: </v1/items?p=0>; rel="prev"\r\nlink: </v1/items?p=2>; rel="next"\r\n'
    first = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + b"Content-Length: 11\r\n\r\n" + body
    )
    server = serve(raw(first), says(items(2, 2)))
    assert ids(read(connect(server), {"paging": "link-header"})[0]) == [1, 2]


def test_a_short_page_ends_nothing(serve: Serve, connect: Connect) -> None:
    pages: list[list[Any]] = [items(1, 100), items(101, 101), items(102, 201), []]
    server = serve(*(says(page) for page in pages))
    got, _ = read(
        connect(server),
        {**way("offset", as_="skip", size_as="top", ends="empty-page"), "page-size": 100, "key": ["id"]},
    )
    assert ids(got) == list(range(1, 202))
    assert [query["skip"] for query in asked(server)] == ["0", "100", "101", "201"]


def test_p2_an_empty_page_before_the_total_is_no_end_but_a_loss(serve: Serve, connect: Connect) -> None:
    server = serve(says({"a": A, "n": 5}), says({"a": [], "n": 5}))
    with pytest.raises(IncompleteReadError, match="counts 5 records and 2 came: 3 missing"):
        read(connect(server), {"records": "a", "total": "n", **way("offset", as_="skip")})


TWENTY = items(1, 20)
SECOND: dict[str, tuple[Any, str | None]] = {
    "nothing": ({"d": [], "n": 20}, None),
    "no list": ({"n": 20}, None),
    "the last page again": ({"d": TWENTY, "n": 20}, None),
    "not found": (404, None),
    "refused": (400, None),
    "more": (
        {"d": items(21, 40), "n": 20},
        "as many as came on the first page, and there are more behind it",
    ),
    "not yours": (403, "403"),
}


@pytest.mark.parametrize("name", SECOND)
@pytest.mark.parametrize("kind", ["offset", "page"])
def test_p2_a_total_that_is_that_of_the_page_is_found_by_asking_behind_it_once(
    kind: str, name: str, serve: Serve, connect: Connect
) -> None:
    answer_, told = SECOND[name]
    second = says({"message": "no"}, answer_) if isinstance(answer_, int) else says(answer_)
    server = serve(says({"d": TWENTY, "n": 20}), second)
    options = {"records": "d", "total": "n", **way(kind, as_="at"), "key": ["id"]}
    if told is not None:
        with pytest.raises(ApiError, match=told):
            read(connect(server), options)
    else:
        got, reader = read(connect(server), options)
        assert ids(got) == ids(TWENTY)
        assert (reader.proof.strength, reader.proof.pages, reader.proof.requests) == ("counted", 1, 2)
    assert asked(server) == [
        {"at": "0" if kind == "offset" else "1"},
        {"at": "20" if kind == "offset" else "2"},
    ]


def test_few_records_are_no_page_that_was_cut_and_cost_one_request(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": items(1, 9), "n": 9}))
    read(connect(server), {"records": "d", "total": "n", **way("offset", as_="at")})
    assert len(server.requests) == 1


def test_a_total_that_grows_while_pages_come_is_followed(serve: Serve, connect: Connect) -> None:
    server = serve(says({"a": A, "n": 4}), says({"a": B, "n": 5}), says({"a": C, "n": 5}))
    got, reader = read(
        connect(server), {"records": "a", "total": "n", **way("offset", as_="skip"), "key": ["id"]}
    )
    assert ids(got) == [1, 2, 3, 4, 5]
    assert (reader.proof.count, reader.proof.strength) == (5, "counted")


def test_a_total_may_be_told_with_the_first_page_only(serve: Serve, connect: Connect) -> None:
    server = serve(says({"a": A, "n": "5"}), says({"a": B}), says({"a": C}))
    got, reader = read(connect(server), {"records": "a", "total": "n", **way("offset", as_="skip")})
    assert (ids(got), reader.proof.count) == ([1, 2, 3, 4, 5], 5)


@pytest.mark.parametrize(
    ("paging", "body", "told"),
    [
        (way("offset", as_="a"), {"d": A}, "total gives no number"),
        (way("page", as_="a", total_pages="pages"), {"d": A}, r"total-pages \('pages'\) gives no number"),
        (
            way("page", as_="a", total_pages_header="X-P"),
            {"d": A},
            r"total-pages \(the header X-P\) gives no number",
        ),
        (way("cursor", cursor="c", as_="a", has_more="more"), {"d": A, "c": "x"}, "neither true nor false"),
        (way("cursor", cursor="c", as_="a", has_more="more"), {"d": A, "more": True}, "does not say where"),
        (way("cursor", cursor="c", as_="a"), {"d": A, "c": ["x"]}, "neither a text nor a number"),
        (way("cursor", cursor="c", as_="a"), {"d": A, "c": True}, "neither a text nor a number"),
        (way("next-url", next="n"), {"d": A, "n": {"href": "/x"}}, "gives no text"),
        (way("next-url", next="n", has_more="m"), {"d": A, "n": "", "m": True}, "does not say where"),
        (way("offset", as_="a", has_more="m"), {"d": [], "m": True}, "the offset does not advance"),
        (
            way("offset", as_="a", ends="empty-page", came="c"),
            {"d": A, "c": "many"},
            r"came \(c\) gives no number",
        ),
    ],
)
def test_p2_an_answer_that_does_not_say_what_it_must_is_an_error(
    paging: dict[str, Any], body: Any, told: str, serve: Serve, connect: Connect
) -> None:
    options = {"records": "d", **paging}
    if paging["paging"]["kind"] == "offset" and not {"has-more", "ends"} & set(paging["paging"]):
        options["total"] = "n"
    server = serve(says(body))
    with pytest.raises(ApiOperationError, match=told) as caught:
        read(connect(server), options)
    assert "page 1 of /v1/items" in str(caught.value)
    assert caught.value.how_to_fix
    assert len(server.requests) == 1


MISSPELT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "cursor": (way("cursor", cursor="meta.nxt", as_="c"), {"meta": {"next_cursor": "x"}}, "meta.next_cursor"),
    "cursor in a header": (
        way("cursor", cursor_header="X-Cursr", as_="c"),
        {"nextPageToken": "x"},
        "nextPageToken",
    ),
    "next": (way("next-url", next="link.next"), {"links": {"next": "?x"}}, "links.next"),
    "pages": (
        way("page", as_="p", total_pages="page"),
        {"page": 1, "pages": 3, "has_next": True},
        "has_next",
    ),
    "link header": ({"paging": "link-header"}, {"paging": {"next": {"url": "x"}}}, "paging.next"),
    "a total that is the page's": (
        {**way("offset", as_="o"), "total": "count"},
        {"count": 2, "next": "https://x.example"},
        "next",
    ),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_p2_a_name_that_is_misspelt_does_not_end_the_sequence(
    name: str, serve: Serve, connect: Connect
) -> None:
    options, more, where = MISSPELT[name]
    server = serve(says({"d": A, **more}))
    with pytest.raises(ApiOperationError, match="would be the last") as caught:
        read(connect(server), {"records": "d", **options})
    assert f"it goes on under {where}," in str(caught.value)
    read(connect(server), {"records": "d", "complete": "none", **options})


MORE_THAN_CAME = [
    ({"paging": "none"}, {"totalElements": 3}, "totalElements (3)"),
    ({"paging": "none"}, {"meta": {"total_pages": "2"}}, "meta.total_pages (2)"),
    ({"paging": "none"}, {"startAt": 0, "maxResults": 2, "total": 40}, "total (40)"),
    ({"paging": "link-header"}, {"total_count": 1000}, "total_count (1000)"),
    (way("page", as_="p", total_pages="pages"), {"pages": 1, "total_count": 3}, "total_count (3)"),
    (way("offset", as_="o", ends="empty-page"), {"totalResults": 5}, "totalResults (5)"),
]


@pytest.mark.parametrize(("options", "told", "where"), MORE_THAN_CAME)
def test_p2_a_total_that_the_job_does_not_read_and_that_did_not_come_is_no_end(
    options: dict[str, Any], told: dict[str, Any], where: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"d": A, **told}), says({"d": [], **told}))
    with pytest.raises(ApiOperationError, match="would be the last") as caught:
        read(connect(server), {"records": "d", **options})
    assert f"it goes on under {where}," in str(caught.value)
    assert "`total`" in str(caught.value.how_to_fix)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ("d", {"total": 5000}),  # a sum, as there is nothing of pages beside it
        ("d", {"totalCount": 2, "totalPages": 1, "startAt": 0, "total": "2"}),
        ("d", {"totalCount": "many", "totalPages": None, "totalAmount": 9}),
        ("d[?id == `1`]", {"totalCount": 2}),  # the job itself leaves records out
    ],
)
def test_a_number_that_is_no_total_is_no_sign_of_more(
    records: str, told: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    got, _ = read(connect(serve(says({"d": A, **told}))), {"paging": "none", "records": records})
    assert ids(got)


def test_p2_a_number_of_pages_that_the_page_itself_denies_is_no_end(serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": A, "pages": 0}))
    with pytest.raises(ApiOperationError, match="says 0, and page 1 holds records"):
        read(connect(server), {"records": "d", **way("page", as_="p", total_pages="pages")})
    server = serve(says({"d": [], "pages": 0}))
    assert read(connect(server), {"records": "d", **way("page", as_="p", total_pages="pages")})[0] == []


def test_a_cursor_that_was_never_there_is_doubted_in_the_report(serve: Serve, connect: Connect) -> None:
    options = {"records": "d", **way("cursor", cursor="bookmrk", as_="c")}
    _, reader = read(connect(serve(says({"d": A, "bookmark": "x"}))), options)
    assert reader.proof.strength == "unproven"
    assert str(reader.proof.count_note).endswith("total, and there is no 'bookmrk' in the answer")
    _, reader = read(connect(serve(says({"d": A, "bookmrk": None}))), options)
    assert str(reader.proof.count_note).endswith("tells its total")


def test_fields_of_a_record_are_no_sign_of_more(serve: Serve, connect: Connect) -> None:
    record = {"id": 7, "next": "https://x.example", "hasMore": True}
    got, _ = read(connect(serve(says(record))), {"paging": "none", "records": "@"})
    assert got == [record]
    got, _ = read(connect(serve(says({"item": record}))), {"paging": "none", "records": "item"})
    assert got == [record]


def test_p2_a_comparison_with_a_name_that_is_not_there_is_no_word_of_the_service(
    serve: Serve, connect: Connect
) -> None:
    options = {"records": "d", **way("cursor", cursor="c", as_="c", has_more="stat == 'more'")}
    server = serve(says({"d": A, "c": "x", "status": "more", "paging": {"next": "?c=x"}}))
    with pytest.raises(ApiOperationError, match=r"goes on under paging\.next"):
        read(connect(server), options)
    _, reader = read(connect(serve(says({"d": A, "c": "x", "status": "done"}))), options)
    assert "there is no \"stat == 'more'\" in the answer" in str(reader.proof.count_note)
    options = {"records": "d", **way("cursor", cursor="c", as_="c", has_more="status == 'more'")}
    server = serve(
        says({"d": A, "c": "x", "status": "more"}), says({"d": B, "c": "x", "status": "done", "next": 1})
    )
    assert ids(read(connect(server), options)[0]) == [1, 2, 3, 4]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_page_that_fails_for_another_reason_keeps_its_own_advice(
    status: int, serve: Serve, connect: Connect
) -> None:
    server = serve(says(A), says({"message": "no"}, status))
    with pytest.raises(ApiError) as caught:
        read(connect(server), way("page", as_="p", ends="empty-page"))
    assert "ends the sequence" not in str(caught.value.how_to_fix)


def test_a_cursor_that_stays_the_same_at_the_end_is_answered_with_what_would_help(
    serve: Serve, connect: Connect
) -> None:
    server = serve(says({"d": A, "c": "x"}), says({"d": [], "c": "x"}))
    with pytest.raises(ApiOperationError, match="already read") as caught:
        read(connect(server), {"records": "d", **way("cursor", cursor="c", as_="c")})
    assert "has-more" in str(caught.value.how_to_fix)


@pytest.mark.parametrize("kind", ["offset", "page"])
def test_a_page_behind_the_last_that_is_refused_says_what_would_help(
    kind: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says(A), says({"message": "no such page"}, 404))
    with pytest.raises(ApiError, match="no such page") as caught:
        read(connect(server), way(kind, as_="p", ends="empty-page"))
    assert not isinstance(caught.value, IncompleteReadError)
    assert "say what ends the sequence" in str(caught.value.how_to_fix)


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_cursor_that_the_service_has_forgotten_asks_for_a_new_read(
    status: int, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"d": A, "c": "x"}), says({"message": "too late"}, status))
    with pytest.raises(IncompleteReadError, match="may have forgotten"):
        read(connect(server), {"records": "d", **way("cursor", cursor="c", as_="c")})
    server = serve(says({"message": "no"}, status))
    with pytest.raises(ApiError) as caught:
        read(connect(server), {"records": "d", **way("cursor", cursor="c", as_="c")})
    assert not isinstance(caught.value, IncompleteReadError)


# -- verify ------------------------------------------------------------------------------------------------------

OFFSET = {"kind": "offset", "as": "skip", "size-as": "limit"}


@pytest.mark.parametrize("in_body", [True, False], ids=["body", "query"])
def test_p2_verify_by_offset_finds_what_both_readings_would_lose(*, in_body: bool, connect: Connect) -> None:
    """Record 1 goes behind the first page, comes back at the end, and goes again: each reading would lack 3."""
    numbers = list(range(1, 8))

    def step(connection: fault.Connection) -> bool:
        request = connection.request
        told = json.loads(request.body)["page"] if in_body else query_of(request)
        begin = int(told["skip"])
        shown = [{"id": each} for each in sorted(numbers)[begin : begin + 2]]
        whole = {"items": shown, "total": len(numbers)}
        if begin == 0 and 1 in numbers:
            numbers.remove(1)
        elif begin + 2 >= len(numbers) and 1 not in numbers:
            numbers.append(1)
        return says(whole)(connection)

    sent = (
        {"method": "POST", "paging": {"kind": "offset", "as": "page.skip", "in": "body"}} if in_body else {}
    )
    options = {
        "paging": {"kind": "offset", "as": "skip"},
        **sent,
        "records": "items",
        "total": "total",
        "key": ["id"],
    }
    with (
        fault.FaultServer([step]) as server,
        pytest.raises(IncompleteReadError, match="came or went between two"),
    ):
        read(connect(server), {**options, "complete": "verify"})


def test_verify_by_offset_reads_each_record_once(serve: Serve, connect: Connect) -> None:
    def step(connection: fault.Connection) -> bool:
        begin = int(query_of(connection.request)["skip"])
        size = int(query_of(connection.request)["limit"])
        return says({"items": items(1, 11)[begin : begin + size], "total": 11})(connection)

    server = serve(step)
    options = {"paging": OFFSET, "page-size": 3, "records": "items", "total": "total", "key": ["id"]}
    rows, reader = read(connect(server), {**options, "complete": "verify"})
    assert ids(rows) == list(range(1, 12))
    assert (reader.proof.strength, reader.proof.second_reading) == ("verified", True)
    assert [each["skip"] for each in asked(server)][:5] == ["0", "2", "4", "6", "8"]


@pytest.mark.parametrize(
    ("more", "doubted"),
    [({}, False), ({"page-size": 5}, True), ({"complete": "verify"}, True)],
    ids=["auto", "a page of that size", "verify"],
)
def test_p2_a_small_page_may_tell_its_own_number_as_total(
    more: dict[str, Any], *, doubted: bool, serve: Serve, connect: Connect
) -> None:
    def step(connection: fault.Connection) -> bool:
        begin = int(query_of(connection.request)["skip"])
        shown = items(1, 12)[begin : begin + 5]
        return says({"items": shown, "total": len(shown)})(connection)

    options = {
        "paging": OFFSET if "page-size" in more else {"kind": "offset", "as": "skip"},
        "records": "items",
    }
    client = connect(serve(step))
    wanted = {**options, "total": "total", "key": ["id"], **more}
    if doubted:
        with pytest.raises(IncompleteReadError, match="there are more behind it"):
            read(client, wanted)
    else:
        assert len(read(client, wanted)[0]) == 5


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({}, "warning"),
        ({"complete": "verify"}, "error"),
        ({"total": "total"}, None),
        ({"total": "total", "complete": "verify"}, "error"),
        ({"paging": {"kind": "cursor", "cursor": "items[-1].id", "as": "after"}, "complete": "verify"}, None),
        ({"paging": {"kind": "cursor", "cursor": "meta.next", "as": "after"}}, None),
    ],
)
def test_a_cursor_that_is_no_key_may_pass_over_records(more: dict[str, Any], severity: str | None) -> None:
    paging = {"kind": "cursor", "cursor": "items[-1].changed", "as": "after"}
    fetch = {"url": "/v1/items", "records": "items", "key": ["id"], "paging": paging, **more}
    job = {"version": 1, "steps": [{"fetch": fetch}, {"save": "a.csv"}]}
    loaded = load_text(json.dumps(job), file="job.yaml", stem="job")
    found = [each.severity for each in loaded.problems if "of the last record" in each.message]
    assert found == ([] if severity is None else [severity])
