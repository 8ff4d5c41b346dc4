"""What reaches the next step looks the same, whichever version of OData a service speaks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import says
from tests.rest.reading import read, rows
from txojobs.errors import ApiError, ValidationError
from txojobs.rest.expansion import Expansion, expand_v2, expand_v4
from txojobs.rest.pages_v2 import iso_date
from txojobs.rest.query import EntityQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def v2_page(*records: Any, next_link: str | None = None, count: str | None = None) -> Step:
    inner: dict[str, Any] = {"results": list(records)}
    if next_link is not None:
        inner["__next"] = next_link
    if count is not None:
        inner["__count"] = count
    return says({"d": inner})


RECORD_V2: dict[str, Any] = {
    "__metadata": {"uri": "http://x/Orders('1')", "type": "Trade.Order", "etag": 'W/"1"'},
    "No": "00123",
    "Posted": "/Date(1669470007000)/",
    "Changed": "/Date(1669470007123+0060)/",
    "Old": "/Date(-2208988800000)/",
    "At": "PT08H55M50S",
    "Amount": "12.50",
    "Big": "9007199254740993",
    "Note": "/Date(not a date)/",
    "Empty": None,
    "Customer": {"__deferred": {"uri": "http://x/Orders('1')/Customer"}},
    "Address": {"__metadata": {"type": "Trade.Address"}, "City": "Malmö", "Since": "/Date(0)/"},
    "Lines": {"results": [{"__metadata": {}, "LineNo": 1, "Due": "/Date(86400000)/"}]},
    "Tags": {"results": []},
}
RECORD_PLAIN: dict[str, Any] = {
    "No": "00123",
    "Posted": "2022-11-26T13:40:07",
    "Changed": "2022-11-26T14:40:07.123+01:00",
    "Old": "1900-01-01T00:00:00",
    "At": "PT08H55M50S",
    "Amount": "12.50",
    "Big": "9007199254740993",
    "Note": "/Date(not a date)/",
    "Empty": None,
    "Address": {"City": "Malmö", "Since": "1970-01-01T00:00:00"},
    "Lines": [{"LineNo": 1, "Due": "1970-01-02T00:00:00"}],
    "Tags": [],
}


def test_records_of_v2_arrive_plain(serve: Serve, connect: Connect) -> None:
    server = serve(v2_page(RECORD_V2, count="1"))
    got, reader = read(connect(f"{server.url}/v2"), odata="v2", key=("No",))
    assert got == [RECORD_PLAIN]
    assert list(got[0]) == list(RECORD_PLAIN)
    assert (reader.proof.count, reader.proof.strength) == (1, "counted")
    (request,) = server.requests
    assert parse_qs(urlsplit(request.target).query) == {"$inlinecount": ["allpages"]}
    assert request.headers["maxdataserviceversion"] == "2.0"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize("envelope", ["results", "list"])
def test_pages_of_v2_are_followed(envelope: str, serve: Serve, connect: Connect) -> None:
    last = v2_page(*rows(3, 3)) if envelope == "results" else says({"d": rows(3, 3)})
    server = serve(v2_page(*rows(1, 2), next_link="Customers?$skiptoken=2", count="3"), v2_page(), last)
    server.script[1] = v2_page(next_link="{base}/v2/Customers?$skiptoken=x".replace("{base}", server.url))
    got, _ = read(connect(f"{server.url}/v2"), odata="v2")
    assert got == rows(1, 3)
    assert [request.target for request in server.requests][1:] == [
        "/v2/Customers?$skiptoken=2",
        "/v2/Customers?$skiptoken=x",
    ]


def test_an_expanded_collection_of_v2_is_read_to_its_end(serve: Serve, connect: Connect) -> None:
    first = {"No": "1", "Lines": {"results": [{"L": 1}], "__next": "Lines?$skiptoken=1"}}
    server = serve(
        v2_page(first),
        fault.by_target(
            {
                "/v2/Lines?$skiptoken=1": v2_page({"L": 2, "D": "/Date(0)/"}, next_link="Lines?$skiptoken=2"),
                "/v2/Lines?$skiptoken=2": v2_page({"L": 3}),
            }
        ),
    )
    got, _ = read(connect(f"{server.url}/v2"), odata="v2", count=False)
    assert got == [{"No": "1", "Lines": [{"L": 1}, {"L": 2, "D": "1970-01-01T00:00:00"}, {"L": 3}]}]


@pytest.mark.parametrize("name", ["__Next", "@odata.nextLink", "odata.nextLink", "next"])
@pytest.mark.parametrize("outside", [True, False], ids=["beside d", "in d"])
def test_p2_a_link_of_v2_under_another_name_is_an_error_and_no_end(
    name: str, *, outside: bool, serve: Serve, connect: Connect
) -> None:
    inner: dict[str, Any] = {"results": rows(1, 2)}
    whole: dict[str, Any] = {"d": inner}
    (whole if outside else inner)[name] = "Customers?$skiptoken=2"
    with pytest.raises(ApiError, match="goes on under"):
        read(connect(f"{serve(says(whole)).url}/v2"), odata="v2", count=False)


@pytest.mark.parametrize("link", [5, True, {"uri": "x"}], ids=str)
def test_p2_a_link_of_v2_that_is_no_text_is_an_error_and_no_end(
    link: Any, serve: Serve, connect: Connect
) -> None:
    server = serve(v2_page(*rows(1, 2), next_link=link))
    with pytest.raises(ApiError, match="which is no address"):
        read(connect(f"{server.url}/v2"), odata="v2", count=False)
    server = serve(v2_page({"No": "1", "Lines": {"results": [{"L": 1}], "__next": link}}))
    with pytest.raises(ApiError, match=r"'Lines' of a record: .* which is no address"):
        read(connect(f"{server.url}/v2"), odata="v2", count=False)


def test_annotations_of_v2_stay_when_asked_for(serve: Serve, connect: Connect) -> None:
    got, _ = read(connect(serve(v2_page(RECORD_V2))), odata="v2", keep_annotations=True, count=False)
    assert got[0]["__metadata"]["etag"] == 'W/"1"'
    assert got[0]["Customer"] == {"__deferred": {"uri": "http://x/Orders('1')/Customer"}}


def test_v3_is_read_in_its_own_words(serve: Serve, connect: Connect) -> None:
    server = serve(
        says(
            {
                "odata.metadata": "$metadata#Customers",
                "odata.count": "3",
                "value": [{**row, "odata.type": "Trade.Customer"} for row in rows(1, 2)],
                "odata.nextLink": "Customers?$skiptoken=2",
            }
        ),
        says({"value": rows(3, 3)}),
    )
    got, reader = read(connect(f"{server.url}/v2"), odata="v3", key=("No",))
    assert got == rows(1, 3)
    assert reader.proof.strength == "counted"
    assert "$inlinecount=allpages" in server.requests[0].target


@pytest.mark.parametrize(
    ("said", "answers", "hint"),
    [
        ("v4", {"d": {"results": []}}, '"odata": "v2"'),
        ("v4", {"d": [{"No": "1"}]}, '"odata": "v2"'),
        ("v2", {"value": []}, '"odata": "v4"'),
    ],
)
def test_an_undeclared_version_is_recognised_and_explained(
    said: str, answers: Any, hint: str, serve: Serve, connect: Connect
) -> None:
    with pytest.raises(ApiError, match=r"answers in (the form of )?OData") as caught:
        read(connect(serve(says(answers))), odata=said)
    assert hint in (caught.value.how_to_fix or "")


@pytest.mark.parametrize(
    "body", [{}, {"d": None}, {"d": {"No": "1"}}, {"d": {"results": {}}}, [], {"d": {"results": [1]}}]
)
def test_what_is_no_page_of_v2_is_an_error(body: Any, serve: Serve, connect: Connect) -> None:
    with pytest.raises(ApiError, match=r"no list `d\.results`|is no record"):
        read(connect(serve(says(body))), odata="v2", count=False)


def test_an_xml_answer_says_what_to_do(serve: Serve, connect: Connect) -> None:
    step = fault.answer(200, b'<?xml version="1.0"?><feed xmlns="x"/>', content_type="application/atom+xml")
    with pytest.raises(ApiError) as caught:
        read(connect(serve(step)), odata="v2", count=False)
    assert "$format" in (caught.value.how_to_fix or ""), caught.value.how_to_fix


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("/Date(0)/", "1970-01-01T00:00:00"),
        ("/Date(1)/", "1970-01-01T00:00:00.001"),
        ("/Date(-62135596800000)/", "0001-01-01T00:00:00"),
        ("/Date(253402300799999)/", "9999-12-31T23:59:59.999"),
        ("/Date(253402300800000)/", "/Date(253402300800000)/"),
        ("/Date(0+0000)/", "1970-01-01T00:00:00+00:00"),
        ("/Date(0-0300)/", "1969-12-31T19:00:00-05:00"),
        ("/Date(0+9999)/", "/Date(0+9999)/"),
        ("/Date(0)/ ", "/Date(0)/ "),
        (None, None),
        (7, 7),
    ],
)
def test_dates_of_v2(text: Any, iso: Any) -> None:
    assert iso_date(text) == iso


def test_labels_stand_beside_their_codes(serve: Serve, connect: Connect) -> None:
    label = "OData.Community.Display.V1.FormattedValue"
    record = {
        "No": "1",
        "statuscode": 1,
        f"statuscode@{label}": "Active",
        f"_owner_value@{label}": "Ann",
        "taken": 2,
        "taken_label": "own",
        f"taken@{label}": "other",
    }
    server = serve(fault.page(record))
    got, _ = read(connect(server), labels=True, page_size=10, count=False)
    assert got == [
        {"No": "1", "statuscode": 1, "taken": 2, "taken_label": "own", "_owner_value_label": "Ann"}
        | {"statuscode_label": "Active"}
    ]
    assert (
        server.requests[0].headers["prefer"] == f'odata.include-annotations="{label}", odata.maxpagesize=10'
    )


EXPAND = {
    "SalesOrders": Expansion(select=("No", "Date")),
    "SalesOrders/Lines": Expansion(select=("LineNo",), filter="Quantity gt 0", order_by=("LineNo",), limit=3),
    "Owner": Expansion(),
}


def test_related_records_are_nested_in_v4() -> None:
    assert expand_v4(EXPAND) == (
        "SalesOrders($select=No,Date;$expand=Lines($select=LineNo;$filter=Quantity gt 0;$orderby=LineNo;$top=3)),"
        "Owner"
    )
    assert expand_v4({"A/B/C": Expansion(), "A/D": Expansion()}) == "A($expand=B($expand=C),D)"
    assert expand_v4({"Lines($select=A;$top=2)": Expansion()}) == "Lines($select=A;$top=2)"
    assert expand_v4({"A/Lines($select=B/C)": Expansion()}) == "A($expand=Lines($select=B/C))"
    assert expand_v4({}) is None


def test_a_structure_is_a_part_of_the_way_and_no_record_of_its_own() -> None:
    paths = {
        "Home/Country": Expansion(select=("Code",)),
        "Home/City/Mayor": Expansion(),
        "Lines/At/Bin": Expansion(),
    }
    assert expand_v4(paths, structures={"Home", "Home/City", "Lines/At"}) == (
        "Home/Country($select=Code),Home/City/Mayor,Lines($expand=At/Bin)"
    )


@pytest.mark.parametrize("path", ["Sales.Vip/Orders", "Lines/$ref", "Lines/$count", "Sales.Vip/Orders/$ref"])
def test_a_type_and_a_reference_stay_with_the_name_they_belong_to(path: str) -> None:
    assert expand_v4({path: Expansion()}) == path
    assert expand_v4({f"Owner/{path}": Expansion(), "Owner": Expansion()}) == f"Owner($expand={path})"


def test_related_records_are_paths_in_v2() -> None:
    with pytest.raises(ValidationError, match=r"SalesOrders/Lines has a filter.* V2 and V3"):
        expand_v2(EXPAND)
    query = EntityQuery(
        entity="Customers",
        select=("No",),
        expand={"SalesOrders": Expansion(select=("No", "Date")), "Owner": Expansion()},
        odata="v2",
    )
    assert query.url(with_count=True) == (
        "Customers?$select=No,SalesOrders/No,SalesOrders/Date,Owner/*&$expand=SalesOrders,Owner"
        "&$inlinecount=allpages"
    )
    plain = EntityQuery(entity="Customers", expand={"Owner": Expansion()}, odata="v2")
    assert plain.url(with_count=False) == "Customers?$expand=Owner"


@pytest.mark.parametrize("option", ["$search", "$apply", "$compute"])
def test_what_v2_does_not_know_is_refused_before_it_is_asked(option: str) -> None:
    with pytest.raises(ValidationError, match=f"OData V2 has no \\{option}"):
        EntityQuery(entity="Customers", extra={option: "x"}, odata="v2")
    with pytest.raises(ValidationError, match="no OData dialect 'v9'"):
        _ = EntityQuery(entity="Customers", odata="v9").dialect


@pytest.mark.parametrize(
    "option", ["top", "Skip", "skiptoken", "count", "filter", "orderby", "select", "expand"]
)
def test_a_short_name_of_4_01_asks_for_the_same_and_is_refused_in_v4_alone(option: str) -> None:
    with pytest.raises(ValidationError, match=f"the query option {option} is set by its own field"):
        EntityQuery(entity="Customers", extra={option: "5"})
    assert EntityQuery(entity="F", extra={option: "5"}, odata="v2").url(with_count=False) == f"F?{option}=5"


def test_an_expansion_that_v2_cannot_narrow_is_refused_before_it_is_asked() -> None:
    with pytest.raises(ValidationError, match=r"SalesOrders/Lines has a filter.* V2 and V3"):
        EntityQuery(entity="Customers", expand=EXPAND, odata="v3")


def test_numbers_of_v4_that_came_as_numbers_stay_exact(serve: Serve, connect: Connect) -> None:
    body = b'{"d":{"results":[{"a":1.10,"b":9007199254740993}]}}'
    server = serve(fault.answer(200, body, content_type="application/json"))
    got, _ = read(connect(server), odata="v2", count=False)
    assert got == [{"a": Decimal("1.10"), "b": 9007199254740993}]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"d":{"results":[{"a":1}],"results":[]}}', "results"),
        (b'{"d":{"results":[{"a":1}]},"d":{"results":[]}}', "d"),
        (b'{"d":{"__next":"C?a=1","results":[{"a":1}],"__next":null}}', "__next"),
    ],
)
def test_p2_an_envelope_of_v2_with_a_member_twice_is_an_error(
    body: bytes, name: str, serve: Serve, connect: Connect
) -> None:
    server = serve(fault.answer(200, body, content_type="application/json"))
    with pytest.raises(ApiError, match=f"the answer has '{name}' twice"):
        read(connect(server), odata="v2", count=False)


@pytest.mark.parametrize("odata", ["v4", "v3"])
def test_the_form_of_v2_is_explained_to_v3_and_v4(odata: str, serve: Serve, connect: Connect) -> None:
    server = serve(says({"d": {"results": [{"a": 1}]}}))
    with pytest.raises(ApiError, match=r"OData V2 \(or the verbose one of V3\)") as caught:
        read(connect(server), odata=odata, count=False)
    assert caught.value.how_to_fix is not None
    assert '"odata": "v2"' in caught.value.how_to_fix
