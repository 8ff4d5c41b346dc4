"""The demo service over real HTTP answers with the records of txojobs.demo.data, digit by digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from txojobs.demo import data
from txojobs.demo.model import ENTITY_SETS, EntitySet
from txojobs.exact_json import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import Record

JOB_COLUMNS = ("CustomerNo", "DisplayName", "Country", "BalanceDue", "Address")
BY_NAME = pytest.mark.parametrize("entity_set", ENTITY_SETS, ids=lambda each: str(each.name))


def query(**options: str) -> str:
    return "?" + "&".join(f"${name}={quote(text)}" for name, text in options.items())


def lines(records: list[Any]) -> list[bytes]:
    """One JSON text per record: equal only when every digit, null and column position is."""
    return [encode(record) for record in records]


def select(records: list[Record], *names: str) -> list[Record]:
    return [{name: record[name] for name in names} for record in records]


@BY_NAME
def test_reads_every_record_exactly(client: Any, entity_set: EntitySet) -> None:
    assert lines(client.records(f"/{entity_set.name}")) == lines(entity_set.records())


@BY_NAME
def test_pages_are_as_long_as_the_set_says(client: Any, entity_set: EntitySet) -> None:
    sizes = [len(page["value"]) for page in client.pages(f"/{entity_set.name}")]
    assert set(sizes[:-1]) <= {entity_set.page_size}
    assert 0 < sizes[-1] <= entity_set.page_size


@BY_NAME
def test_metadata_and_service_document_list_the_set(client: Any, entity_set: EntitySet) -> None:
    metadata = client.get("/$metadata").body.decode()
    assert f'<EntitySet Name="{entity_set.name}" EntityType="{entity_set.full_type_name}"' in metadata
    for name, column in entity_set.columns.items():
        assert f'<Property Name="{name}" Type="{column.type}"' in metadata
    assert entity_set.name in {entry["url"] for entry in client.get("/").json["value"]}


def test_a_browser_gets_the_service_document(client: Any) -> None:
    answer = client.get("/", Accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert answer.status == 200
    assert b"Customers" in answer.body


def test_the_query_of_the_main_job_is_answered_exactly(client: Any) -> None:
    path = "/Customers" + query(
        select=",".join(JOB_COLUMNS), filter="Country eq 'SE'", orderby="CustomerNo", count="true"
    )
    pages = list(client.pages(path, Prefer="odata.maxpagesize=1000"))
    expected = select([each for each in data.customers() if each["Country"] == "SE"], *JOB_COLUMNS)
    assert lines([record for page in pages for record in page["value"]]) == lines(expected)
    assert {page["@odata.count"] for page in pages} == {len(expected)}


@pytest.mark.parametrize(("asked", "given"), [(700, 700), (1000, 1000), (100000, 5000)])
def test_a_preferred_page_size_is_honoured_up_to_the_own_one(client: Any, asked: int, given: int) -> None:
    path = "/Airports" + query(select="Icao")
    answer = client.get(path, Prefer=f"odata.maxpagesize={asked}")
    assert len(answer.json["value"]) == given
    assert answer.headers["Preference-Applied"] == f"odata.maxpagesize={given}"


def test_airports_in_small_pages_are_complete(client: Any) -> None:
    found = client.records("/Airports" + query(select="Icao"), Prefer="odata.maxpagesize=999")
    assert found == select(data.airports(), "Icao")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("CreditLimit eq null", lambda each: each["CreditLimit"] is None),
        ("LastOrderDate lt 1900-01-01", lambda each: (each["LastOrderDate"] or "9") < "1900"),
        ("CreatedAt lt 1900-01-01T00:00:00Z", lambda each: each["CreatedAt"] < "1900"),
        ("BalanceDue gt 12345678901234567.88", lambda each: each["BalanceDue"] > Decimal(10) ** 16),
        ("LastEntryNo eq 9007199254740993", lambda each: each["LastEntryNo"] == 2**53 + 1),
        ("DisplayName eq 'O''Neil & Sons'", lambda each: each["CustomerNo"] == "00123"),
        ("Address/City eq 'Malmö'", lambda each: (each["Address"] or {}).get("City") == "Malmö"),
        ("Blocked and Country ne 'SE'", lambda each: each["Blocked"] and each["Country"] != "SE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters_compare_values_not_text(client: Any, text: str, holds: Callable[[Any], bool]) -> None:
    expected = [each for each in data.customers() if holds(each)]
    assert expected
    assert lines(client.records("/Customers" + query(filter=text))) == lines(expected)
    assert client.get("/Customers/$count" + query(filter=text)).body == str(len(expected)).encode()


def test_top_skip_and_descending_order(client: Any) -> None:
    ordered = sorted(data.customers(), key=lambda each: Decimal(str(each["BalanceDue"])), reverse=True)
    found = client.records("/Customers" + query(orderby="BalanceDue desc", top="1500", skip="2"))
    assert [each["BalanceDue"] for each in found] == [each["BalanceDue"] for each in ordered[2:1502]]


def test_expansion_gives_the_lines_of_each_order_and_an_empty_list_without(client: Any) -> None:
    of_order: dict[Any, list[Any]] = {order["OrderNo"]: [] for order in data.sales_orders()}
    for line in data.sales_order_lines():
        of_order[line["OrderNo"]].append(line)
    expected = [{**order, "SalesOrderLines": of_order[order["OrderNo"]]} for order in data.sales_orders()]
    assert [] in of_order.values()
    assert lines(client.records("/SalesOrders?$expand=SalesOrderLines")) == lines(expected)


def test_expansion_takes_options_of_its_own(client: Any) -> None:
    options = "$select=LineNo;$filter=LineNo%20gt%2010000"
    path = f"/SalesOrders?$top=20&$select=OrderNo&$expand=SalesOrderLines({options})"
    all_lines = data.sales_order_lines()
    expected = [
        {
            "OrderNo": order["OrderNo"],
            "SalesOrderLines": [
                {"OrderNo": line["OrderNo"], "LineNo": line["LineNo"]}
                for line in all_lines
                if line["OrderNo"] == order["OrderNo"] and line["LineNo"] != 10000
            ],
        }
        for order in data.sales_orders()[:20]
    ]
    assert client.records(path) == expected


def test_navigation_leads_from_an_order_to_its_lines(client: Any) -> None:
    expected = [line for line in data.sales_order_lines() if line["OrderNo"] == "SO-10001"]
    assert lines(client.records("/SalesOrders('SO-10001')/SalesOrderLines")) == lines(expected)


@pytest.mark.parametrize("option", ["$filter=LineNo%20gt%2010000", "$top=0", "$select=LineNo"])
def test_what_one_request_expanded_is_not_seen_by_the_next(client: Any, option: str) -> None:
    with_lines = len({line["OrderNo"] for line in data.sales_order_lines()})
    client.records(f"/SalesOrders?$expand=SalesOrderLines({option})")
    counted = client.get("/SalesOrders/$count" + query(filter="SalesOrderLines/any()"))
    assert counted.body == str(with_lines).encode()
    client.records(f"/SalesOrders?$expand=SalesOrderLines({option})")
    found = client.records("/SalesOrders" + query(filter="SalesOrderLines/any()", select="OrderNo"))
    assert len(found) == with_lines


@pytest.mark.parametrize("safe", ["'", ""], ids=["plain quotes", "escaped quotes"])
@pytest.mark.parametrize(
    "number", [str(each["CustomerNo"]) for each in data.customers() if str(each["LastEntryNo"])[0] == "9"]
)
def test_hostile_keys_round_trip_by_key_lookup(client: Any, number: str, safe: str) -> None:
    literal = "'" + number.replace("'", "''") + "'"
    answer = client.get(f"/Customers({quote(literal, safe=safe)})")
    assert answer.status == 200
    found = answer.json
    del found["@odata.context"]
    assert lines([found]) == lines([each for each in data.customers() if each["CustomerNo"] == number])


@pytest.mark.parametrize("options", [{}, {"select": "CustomerNo,Twice"}], ids=["all", "selected"])
def test_computed_columns_are_sent_and_then_forgotten(client: Any, options: dict[str, str]) -> None:
    found = client.records("/Customers" + query(compute="BalanceDue mul 2 as Twice", top="10", **options))
    assert [each["Twice"] for each in found] == [
        2 * Decimal(str(each["BalanceDue"])) for each in data.customers()[:10]
    ]
    assert "Twice" not in client.records("/Customers?$top=1")[0]


def test_composite_keys_are_looked_up(client: Any) -> None:
    found = client.get("/SalesOrderLines(OrderNo='SO-10001',LineNo=20000)").json
    assert (found["OrderNo"], found["LineNo"]) == ("SO-10001", 20000)


def test_pages_of_queries_that_run_at_the_same_time_do_not_mix(client: Any) -> None:
    paths = [
        "/Customers" + query(select="CustomerNo", **options)
        for options in (
            {"filter": "Country eq 'SE'"},
            {"filter": "Country eq 'NO'"},
            {"filter": "Country eq 'SE'", "orderby": "CustomerNo desc"},
            {"orderby": "CustomerNo desc"},
        )
    ]
    alone = [client.records(path, Prefer="odata.maxpagesize=100") for path in paths]
    together: list[list[Any]] = [[] for _ in paths]
    readers = [client.pages(path, Prefer="odata.maxpagesize=100") for path in paths]
    for _ in range(60):
        for reader, found in zip(readers, together, strict=True):
            found.extend(next(reader, {"value": []})["value"])
    assert together == alone
    assert alone[2] == alone[0][::-1]
    assert len({len(found) for found in alone}) == 3


def test_full_metadata_and_quoted_numbers_agree_with_the_records(client: Any) -> None:
    full = client.records("/Customers?$top=20", Accept="application/json;odata.metadata=full")
    expected = data.customers()[:20]
    plain = select(full, *expected[0])
    for each in plain:
        if isinstance(each["Address"], dict):
            assert each["Address"].pop("@odata.type") == "#Trade.Address"
    assert lines(plain) == lines(expected)
    quoted = client.records("/Customers?$top=20", Accept="application/json;IEEE754Compatible=true")
    assert [each["BalanceDue"] for each in quoted] == [str(each["BalanceDue"]) for each in expected]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_nothing_can_be_changed(client: Any, method: str) -> None:
    answer = client.get("/Customers('00123')", method=method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.get("/Customers('00123')").status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("/Nope", 404), ("/Customers('nope')", 404), ("/Customers?$filter=Nope%20eq%201", 400)],
)
def test_mistakes_get_an_odata_error(client: Any, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status == status
    assert answer.json["error"]["message"]


def test_many_requests_use_one_connection(client: Any) -> None:
    client.get("/Salespersons")
    socket = client.connection.sock
    for top in range(1, 200):
        assert len(client.get(f"/Salespersons?$top={top}").json["value"]) == min(top, 25)
        assert client.connection.sock is socket
