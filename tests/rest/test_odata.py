from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, page, says
from tests.rest.reading import read, rows
from txojobs.errors import (
    ApiError,
    ApiOperationError,
    IncompleteReadError,
    RunCancelledError,
    ValidationError,
)
from txojobs.parallel import prefetch
from txojobs.rest.expansion import Expansion
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.conftest import FakeClock
    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def test_follows_next_link_when_pages_are_short_or_empty(serve: Serve, connect: Connect) -> None:
    server = serve(
        page(*rows(1, 3), next_link="Customers?$skiptoken=3", odata_count=4),
        page(next_link="Customers?$skiptoken=x"),
        page(*rows(4, 4)),
    )
    got, reader = read(connect(f"{server.url}/v2"), page_size=1000, key=("No",))
    assert [row["No"] for row in got] == ["00001", "00002", "00003", "00004"]
    assert reader.proof.strength == "counted"
    assert (reader.proof.rows, reader.proof.pages, reader.proof.requests) == (4, 3, 3)
    assert server.requests[1].target == "/v2/Customers?$skiptoken=3"


@pytest.mark.parametrize(
    "name", ["nextLink", "@odata.nextlink", "@odata.next_link", "next", "odata.nextlink"]
)
def test_p2_a_link_in_words_of_another_dialect_is_an_error_and_no_end(
    name: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": rows(1, 2), name: "Customers?$skiptoken=2"}))
    with pytest.raises(ApiError, match=r"goes on under"):
        read(connect(f"{server.url}/v2"), count=False)


@pytest.mark.parametrize("name", ["@Microsoft.Dynamics.CRM.morerecords", "hasMore", "@odata.hasMoreRows"])
def test_p2_a_page_that_says_that_there_is_more_and_not_where_is_no_end(
    name: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": rows(1, 2), name: True}), says({"value": rows(1, 2), name: False}))
    with pytest.raises(ApiError, match="says that there is more"):
        read(connect(f"{server.url}/v2"), count=False)
    assert len(read(connect(f"{server.url}/v2"), count=False)[0]) == 2


@pytest.mark.parametrize("name", ["Lines@odata.nextlink", "Lines@odata.NextLink", "Lines@NEXTLINK"])
def test_p2_a_link_of_an_expanded_collection_in_other_letters_is_an_error(
    name: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": [{"No": "1", "Lines": [{"Id": 1}], name: "L?t=2"}]}))
    with pytest.raises(ApiError, match="'Lines' of a record goes on under"):
        read(connect(f"{server.url}/v2"), count=False)


@pytest.mark.parametrize("name", ["@odata.error", "@error"])
def test_p2_an_error_that_arose_while_a_page_was_under_way_is_one(
    name: str, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": rows(1, 2), name: {"code": "X1", "message": "the database went away"}}))
    with pytest.raises(ApiError, match="the database went away"):
        read(connect(f"{server.url}/v2"), count=False)


def test_p2_a_part_of_a_page_is_none(serve: Serve, connect: Connect) -> None:
    server = serve(says({"value": rows(1, 2)}, 206, Content_Range="items 0-1/5"))
    with pytest.raises(ApiError, match="nobody asked for a part"):
        read(connect(f"{server.url}/v2"), count=False)


STRANGE = [5, True, False, 0, {"url": "C?t=2"}, ["C?t=2"]]


@pytest.mark.parametrize("link", STRANGE, ids=str)
def test_p2_a_link_that_is_no_text_is_an_error_and_no_end(link: Any, serve: Serve, connect: Connect) -> None:
    server = serve(says({"value": rows(1, 2), "@odata.nextLink": link}))
    with pytest.raises(ApiError, match=r"which is no address"):
        read(connect(f"{server.url}/v2"), count=False)


@pytest.mark.parametrize("link", STRANGE, ids=str)
@pytest.mark.parametrize("name", ["Lines@odata.nextLink", "Lines@nextLink"])
def test_p2_nor_is_one_of_an_expanded_collection(
    name: str, link: Any, serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": [{"No": "1", "Lines": [{"Id": 1}], name: link}]}))
    with pytest.raises(ApiError, match=r"'Lines' of a record: .* which is no address"):
        read(connect(f"{server.url}/v2"), count=False)


@pytest.mark.parametrize("link", [None, ""], ids=["null", "empty"])
def test_a_link_that_is_empty_is_none(link: Any, serve: Serve, connect: Connect) -> None:
    server = serve(
        says({"value": [{"No": "1", "Lines": [], "Lines@nextLink": link}], "@odata.nextLink": link})
    )
    got, _ = read(connect(f"{server.url}/v2"), count=False)
    assert [record["No"] for record in got] == ["1"]


LINKS = {
    # request /v2/Company('A')/Customers; what the link says, and what the context says
    "Customers?$skiptoken=1": (None, "/v2/Company('A')/Customers?$skiptoken=1"),
    "C?%24skiptoken=a%2Bb%20c+d": ("../$metadata#Customers", "/v2/C?%24skiptoken=a%2Bb%20c+d"),
    "/v2/X?$skiptoken=1": ("../$metadata", "/v2/X?$skiptoken=1"),
    "{base}/v2/Y?$skiptoken=1": ("{base}/v2/$metadata", "/v2/Y?$skiptoken=1"),
    "?$skiptoken=1": (None, "/v2/Company('A')/Customers?$skiptoken=1"),
    "C%c3%a9/%7E(1)?t=%c3%a9%2f%7e%2D'x'&s=/;:@~%3d": (
        None,
        "/v2/Company('A')/C%c3%a9/%7E(1)?t=%c3%a9%2f%7e%2D'x'&s=/;:@~%3d",
    ),
    '{base}/v2/Z?t=%c3|é "100%#end': (None, "/v2/Z?t=%c3%7C%C3%A9%20%22100%25"),
}


@pytest.mark.parametrize("link", LINKS)
def test_resolves_next_link_against_the_context_and_leaves_it_as_it_is(
    link: str, serve: Serve, connect: Connect
) -> None:
    context, target = LINKS[link]
    server = serve(page())
    more = {} if context is None else {"odata_context": context.replace("{base}", server.url)}
    server.script[:] = [page(next_link=link.replace("{base}", server.url), **more), page()]
    read(connect(f"{server.url}/v2"), entity="Company('A')/Customers", filter="A eq 1", count=False)
    assert server.requests[1].target == target


def test_accepts_the_short_names_of_4_01(serve: Serve, connect: Connect) -> None:
    server = serve(
        says({"@count": 2, "@context": "$metadata#C", "@nextLink": "C?$skiptoken=1", "value": rows(1, 1)}),
        says({"value": [{"@id": "x", "@etag": "y", "No": "00002"}]}),
    )
    got, reader = read(connect(server))
    assert got == rows(1, 2)
    assert reader.proof.strength == "counted"


TWICE = {
    b'{"value":[{"No":"1"}],"value":[]}': "value",
    b'{"value":[],"value":[{"No":"1"}],"value":[]}': "value",
    b'{"value":[],"@odata.nextLink":"C?a=1","@odata.nextLink":null}': "@odata.nextLink",
    b'{"@odata.nextLink":"C?a=1","value":[{"No":"1"}] , "@odata.nextLink" : null}': "@odata.nextLink",
    b'{"value":[{"No":"1","L":[1]}],"@odata.count":1,"@odata.count":2}': "@odata.count",
}


@pytest.mark.parametrize("body", TWICE)
def test_p2_an_envelope_with_a_list_a_link_or_a_count_twice_is_an_error(
    body: bytes, serve: Serve, connect: Connect
) -> None:
    server = serve(answer(200, body, content_type="application/json"))
    with pytest.raises(ApiError, match=f"the answer has '{TWICE[body]}' twice"):
        read(connect(server))


@pytest.mark.parametrize(
    "body",
    [
        b'{"value":[{"value":1,"@odata.count":1},{"value":2}],"@odata.count":2}',
        b'{"note":{"value":1},"value":[],"@odata.count":0}',
        b'{"@odata.context":"$metadata#C[x]\\"value\\":","value":[],"@odata.count":0}',
    ],
)
def test_names_of_the_envelope_may_stand_elsewhere(body: bytes, serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, body, content_type="application/json"))
    _, reader = read(connect(server))
    assert reader.proof.strength == "counted"


@pytest.mark.parametrize("ring", [1, 2, 3])
def test_links_in_a_circle_are_an_error(ring: int, serve: Serve, connect: Connect) -> None:
    pages = [page(*rows(number, number), next_link=f"C?t={number % ring}") for number in range(20)]
    server = serve(*pages)
    with pytest.raises(ApiOperationError, match="already read"):
        read(connect(server))
    assert len(server.requests) == ring + 1


def test_a_hundred_empty_pages_are_an_error(serve: Serve, connect: Connect) -> None:
    def step(connection: fault.Connection) -> bool:
        count = len(server.requests)
        return page(next_link=f"C?t={count}")(connection)

    server = serve(step)
    with pytest.raises(ApiOperationError, match="100 empty pages"):
        read(connect(server))
    assert len(server.requests) == 100


def test_pages_without_an_end_are_an_error(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("txojobs.rest.guard.MAX_PAGES", 7)

    def step(connection: fault.Connection) -> bool:
        number = len(server.requests)
        return page({"No": str(number)}, next_link=f"C?t={number}")(connection)

    server = serve(step)
    with pytest.raises(ApiOperationError, match="more than 7 pages"):
        read(connect(server))
    assert len(server.requests) == 8


NO_PAGES = {
    "no value": ({}, "no list `value`"),
    "value is null": ({"value": None}, "no list `value`"),
    "a single record": ({"No": "1"}, "no list `value`"),
    "a bare list": ([{"No": "1"}], "no list `value`"),
    "an error": ({"error": {"code": "X9", "message": "it broke"}}, "it broke"),
    "an error beside records": ({"error": {"code": "X9", "message": "it broke"}, "value": []}, "it broke"),
    "numbers": ({"value": [1, 2]}, "no record"),
    "text": ("hello", "no list `value`"),
}


@pytest.mark.parametrize("name", NO_PAGES)
def test_what_is_no_page_is_an_error_and_not_zero_rows(name: str, serve: Serve, connect: Connect) -> None:
    body, text = NO_PAGES[name]
    server = serve(page(*rows(1, 1), next_link="C?t=1"), says(body))
    with pytest.raises(ApiOperationError, match=text):
        read(connect(server))


def test_a_page_that_fails_yields_nothing_of_itself(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 2), next_link="C?t=1"), answer(403))
    got: list[Any] = []
    reader = ODataReader(connect(server), EntityQuery(entity="C"))
    with pytest.raises(ApiError, match="403"):
        got.extend(row for records in reader.pages() for row in records)
    assert got == rows(1, 2)
    with pytest.raises(ApiOperationError, match="nothing is proven"):
        _ = reader.proof


def test_a_broken_page_is_asked_for_again_as_a_whole(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 2), next_link="C?t=1", odata_count=4), fault.short_length, page(*rows(3, 4)))
    got, reader = read(connect(server), key=("No",))
    assert got == rows(1, 4)
    assert reader.proof.strength == "counted"


def test_asks_with_preferences_and_never_with_top(serve: Serve, connect: Connect) -> None:
    server = serve(page())
    read(
        connect(f"{server.url}/v2/"),
        select=("No", "Name"),
        filter="Name eq 'A & B+C #1' and No ne null",
        expand={"Orders": Expansion(select=("No",), limit=2)},
        order_by=("No", "Name desc"),
        page_size=500,
        limit=20,
        headers={"Prefer": "odata.include-annotations=*"},
        extra={"aid": "FIN"},
    )
    (request,) = server.requests
    assert request.headers["prefer"] == "odata.include-annotations=*, odata.maxpagesize=20"
    assert "+" not in request.target
    assert parse_qs(urlsplit(request.target).query) == {
        "$select": ["No,Name"],
        "$filter": ["Name eq 'A & B+C #1' and No ne null"],
        "$expand": ["Orders($select=No;$top=2)"],
        "$orderby": ["No,Name desc"],
        "aid": ["FIN"],
    }


def test_a_limit_is_ours(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 3), next_link="C?t=1"), page(*rows(4, 6), next_link="C?t=2"), page())
    got, reader = read(connect(server), limit=4)
    assert got == rows(1, 4)
    assert len(server.requests) == 2
    assert reader.proof.strength == "unproven"
    assert reader.proof.count_note == "not asked: limit"


def test_reads_expanded_collections_to_their_end(serve: Serve, connect: Connect) -> None:
    first = {
        "No": "1",
        "Orders": [{"Id": 1, "Lines": [{"L": 1}], "Lines@odata.nextLink": "Lines?t=1"}],
        "Orders@odata.nextLink": "Orders?t=1",
        "Orders@odata.count": 3,
    }
    server = serve(
        page(first, odata_context="$metadata#C"),
        fault.by_target(
            {
                "/v2/Orders?t=1": page({"Id": 2}, next_link="Orders?t=2"),
                "/v2/Orders?t=2": page({"Id": 3, "Lines@nextLink": "Lines?t=9"}),
                "/v2/Lines?t=1": page({"L": 2}),
                "/v2/Lines?t=9": page({"L": 9}),
            }
        ),
    )
    (record,), reader = read(connect(f"{server.url}/v2"))
    assert record["Orders"] == [
        {"Id": 1, "Lines": [{"L": 1}, {"L": 2}]},
        {"Id": 2},
        {"Id": 3, "Lines": [{"L": 9}]},
    ]
    assert set(record) == {"No", "Orders"}
    assert reader.proof.requests == 5


def test_an_expanded_collection_that_cannot_be_finished_is_an_error(serve: Serve, connect: Connect) -> None:
    server = serve(page({"No": "1", "Orders": [], "Orders@odata.nextLink": "Orders?t=1"}), answer(403))
    with pytest.raises(ApiError, match="403"):
        read(connect(server))


@pytest.mark.parametrize("name", ["Lines@odata.count", "Lines@count"])
@pytest.mark.parametrize("keep", [True, False])
def test_p2_an_expanded_collection_is_held_to_the_count_that_the_service_gives(
    name: str, *, keep: bool, serve: Serve, connect: Connect
) -> None:
    def order(number: int) -> dict[str, Any]:
        return {"No": "1", "Lines": [{"Id": 1}, {"Id": 2}], name: number}

    client = connect(
        serve(says({"value": [order(2)]}), says({"value": [order(7)]}), says({"value": [order(7)]}))
    )
    got, _ = read(client, count=False, keep_annotations=keep)
    assert got[0]["Lines"] == [{"Id": 1}, {"Id": 2}]
    with pytest.raises(
        IncompleteReadError, match=r"Lines of a record of Customers: the service counts 7 and 2 came"
    ):
        read(client, count=False, keep_annotations=keep)
    limited = {"Lines": Expansion(limit=2)}
    got, _ = read(client, count=False, keep_annotations=keep, expand=limited)
    assert len(got[0]["Lines"]) == 2


@pytest.mark.parametrize("linked", [False, True])
def test_p2_more_related_records_than_were_asked_for_are_refused(
    serve: Serve, connect: Connect, *, linked: bool
) -> None:
    """A service that passes over `$top` inside of `$expand` may pass over the order beside it, too."""
    expand = {"Orders": Expansion(), "Orders/Lines": Expansion(limit=2)}

    def page(*lines: int) -> dict[str, Any]:
        link = {"Lines@odata.nextLink": "Lines?$skip=1"} if linked else {}
        return {"value": [{"No": "1", "Orders": [{"Lines": [{"Id": each} for each in lines], **link}]}]}

    more = [says({"value": [{"Id": 8}, {"Id": 9}]})] if linked else []
    client = connect(serve(says(page(*((1,) if linked else (1, 2, 3)))), *more))
    with pytest.raises(
        ApiOperationError, match="Orders/Lines of a record of Customers holds 3 records, and at most 2"
    ):
        read(client, count=False, expand=expand)
    more = [says({"value": [{"Id": 9}]})] if linked else []
    client = connect(serve(says(page(*((1,) if linked else (1, 2)))), *more))
    (record,), _ = read(client, count=False, expand=expand)
    assert len(record["Orders"][0]["Lines"]) == 2


@pytest.mark.parametrize("deleted", [True, False])
def test_p2_verify_finds_a_line_that_moved_between_two_pages_of_an_expanded_collection(
    *, deleted: bool, connect: Connect
) -> None:
    lines = [1, 2, 3, 4, 5]

    def step(connection: fault.Connection) -> bool:
        query = parse_qs(urlsplit(connection.request.target).query)
        start = int(query.get("$skip", ["0"])[0])
        shown = [{"Id": each} for each in lines[start : start + 2]]
        link = f"Lines?$skip={start + 2}" if start + 2 < len(lines) else None
        if start == 0:
            body: dict[str, Any] = {"value": [{"No": 1, "Lines": shown, "Lines@odata.nextLink": link}]}
        else:
            body = {"value": shown, "@odata.nextLink": link}
        if start == 0 and deleted:
            lines.remove(1)
        return says(body)(connection)

    with fault.FaultServer([step]) as server:
        client = connect(server)
        if deleted:
            with pytest.raises(
                IncompleteReadError, match="Lines of a record of Customers came, went or changed"
            ):
                read(client, complete="verify", key=("No",), expand={"Lines": Expansion()})
        else:
            got, _ = read(client, complete="verify", key=("No",), expand={"Lines": Expansion()})
            assert [line["Id"] for line in got[0]["Lines"]] == lines


def test_drops_annotations_at_every_depth_unless_asked(serve: Serve, connect: Connect) -> None:
    record = {
        "@odata.etag": "W/1",
        "No": "1",
        "x@odata.type": "#Decimal",
        "Mail": "a@b.example",
        "Address": {"@odata.type": "#A", "City": "Malmö"},
        "Tags": [{"@odata.id": "x", "T": 1}, "plain"],
    }
    server = serve(page(record))
    got, _ = read(connect(server))
    assert got == [
        {"No": "1", "Mail": "a@b.example", "Address": {"City": "Malmö"}, "Tags": [{"T": 1}, "plain"]}
    ]
    kept, _ = read(connect(server), keep_annotations=True)
    assert kept == [record]


def test_numbers_are_exact_whatever_the_client_is_set_to(serve: Serve, connect: Connect) -> None:
    body = b'{"value":[{"a":1.10,"b":9007199254740993,"c":12345678901234567890.12345,"d":"00123"}]}'
    got, _ = read(connect(serve(answer(200, body, content_type="application/json")), numbers="float"))
    assert got == [
        {
            "a": Decimal("1.10"),
            "b": 9007199254740993,
            "c": Decimal("12345678901234567890.12345"),
            "d": "00123",
        }
    ]
    assert str(got[0]["a"]) == "1.10"


def test_a_reader_that_nobody_listens_to_stops(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 1), next_link="C?t=1"), fault.silence_after())
    reader = ODataReader(connect(server), EntityQuery(entity="C"))
    stream = prefetch(reader.pages(), on_abandon=reader.stop)
    assert next(stream) == rows(1, 1)
    stream.close()  # type: ignore[attr-defined]  # prefetch is a generator
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_stop_ends_a_wait(serve: Serve, connect: Connect) -> None:
    reader = ODataReader(connect(serve(page())), EntityQuery(entity="C"))
    reader.stop()
    with pytest.raises(RunCancelledError):
        list(reader.pages())


def test_the_deadline_holds_for_all_pages(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = serve(answer(429, Retry_After="100"))
    reader = ODataReader(connect(server), EntityQuery(entity="C"), deadline=clock.now + 10)
    with pytest.raises(ApiError, match="deadline"):
        list(reader.pages())


@pytest.mark.parametrize(
    "wrong",
    [
        {"entity": ""},
        {"select": ("A",), "key": ("B",)},
        {"page_size": 0},
        {"limit": 0},
        {"extra": {"$top": "5"}},
        {"extra": {"$Filter": "x"}},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EntityQuery(**{"entity": "C", **wrong})
