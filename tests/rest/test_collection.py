"""Reading REST collections over sockets: each way of paging, and what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.collecting import asked, ids, items, read
from tests.rest.fault_server import says

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def test_follows_the_header_link_to_its_end(serve: Serve, connect: Connect) -> None:
    server = serve(
        says(
            items(1, 2),
            Link='<{base}/v1/items?page=2&x=a%2Bb>; rel="next", <{base}/v1/items?page=3>; rel="last"',
        ),
        says(items(3, 4), link="</v1/items?page=3>; rel=next"),
        says(items(5, 5), Link='<{base}/v1/items?page=1>; rel="first"'),
    )
    got, reader = read(connect(server), {"paging": "link-header", "query": {"per_page": 2}, "key": ["id"]})
    assert ids(got) == [1, 2, 3, 4, 5]
    assert [request.target for request in server.requests] == [
        "/v1/items?per_page=2",
        "/v1/items?page=2&x=a%2Bb",
        "/v1/items?page=3",
    ]
    assert (reader.proof.links, reader.proof.ended_by) == ("link-header", "no link")
    assert reader.proof.strength == "unproven"
    assert reader.proof.count_note == "the job does not say where the service tells its total"


def test_an_offset_advances_by_what_came_and_not_by_what_was_asked_for(
    serve: Serve, connect: Connect
) -> None:
    pages = [{"values": items(first, min(first + 99, 250)), "total": 250} for first in (1, 101, 201)]
    server = serve(*(says(page) for page in pages))
    paging = {"kind": "offset", "as": "startAt", "size-as": "maxResults"}
    got, reader = read(
        connect(server),
        {"records": "values", "total": "total", "paging": paging, "page-size": 500, "key": ["id"]},
    )
    assert ids(got) == list(range(1, 251))
    assert asked(server) == [{"maxResults": "500", "startAt": str(at)} for at in (0, 100, 200)]
    assert (reader.proof.strength, reader.proof.count, reader.proof.ended_by) == ("counted", 250, "the total")


WITHOUT_A_WAY: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a link": (items(1, 2), {"Link": '<?page=2>; rel="next"'}, "the header Link"),
    "a cursor": ({"items": items(1, 2), "meta": {"next_cursor": "x"}}, {}, "meta.next_cursor"),
    "more": ({"items": items(1, 2), "hasMore": True}, {}, "hasMore"),
    "not the last": ({"items": items(1, 2), "isLast": False}, {}, "isLast"),
    "an object": ({"items": items(1, 2), "_links": {"next": {"href": "/x"}}}, {}, "_links.next"),
}


@pytest.mark.parametrize("name", WITHOUT_A_WAY)
def test_p2_one_answer_that_says_there_is_more_is_an_error(name: str, serve: Serve, connect: Connect) -> None:
    body, headers, where = WITHOUT_A_WAY[name]
    options = {"paging": "none", **({} if isinstance(body, list) else {"records": "items"})}
    with pytest.raises(Exception, match="goes on under " + where.replace(".", r"\.")):
        read(connect(serve(says(body, **headers))), options)
    got, reader = read(connect(serve(says(body, **headers))), {**options, "complete": "none"})
    assert ids(got) == [1, 2]
    assert reader.proof.count_note == "not asked: switched off"
