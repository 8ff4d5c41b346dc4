"""Jobs read the same from services that are not ours: odatapy and SAP CAP over V4, the CAP adapter over V2."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.judges.reading import KEYS, Reader, differences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Rows, Service
    from txojobs.engine.report import RunReport

every_service = pytest.mark.parametrize("service", ["odatapy", "cap_v4", "cap_v2"], indirect=True)
cap = pytest.mark.parametrize("service", ["cap_v4", "cap_v2"], indirect=True)


def proof(report: RunReport) -> Any:
    return report.steps[0].notes["fetched"]


@every_service
@pytest.mark.parametrize("entity", KEYS)
def test_every_row_of_a_paged_set_is_what_the_source_says(
    tmp_path: Path, service: Service, entity: str
) -> None:
    reader = Reader(tmp_path, service)
    report = reader.run(f"entity: {entity}, key: [{', '.join(KEYS[entity])}]")
    assert differences(reader.done(report), service.rows[entity]) == []
    rows = len(service.rows[entity])
    assert proof(report)["pages"] == -(-rows // service.page_sizes[entity])
    assert (proof(report)["count"], proof(report)["strength"]) == (rows, "counted")


@pytest.mark.parametrize(
    ("service", "entity"),
    [("odatapy", "Items"), ("cap_v4", "Customers"), ("cap_v4", "SalesOrderLines"), ("cap_v2", "Customers")],
    indirect=["service"],
)
def test_verify_reads_the_same_and_the_keys_that_are_text_a_second_time(
    tmp_path: Path, service: Service, entity: str
) -> None:
    reader = Reader(tmp_path, service)
    report = reader.run(f"entity: {entity}, key: [{', '.join(KEYS[entity])}], complete: verify")
    assert differences(reader.done(report), service.rows[entity]) == []
    assert (proof(report)["strength"], proof(report)["second-reading"]) == ("verified", True)


@cap
def test_verify_reads_all_where_text_is_sorted_otherwise_than_it_is_compared(
    tmp_path: Path, service: Service
) -> None:
    """Asked in English CAP sorts without regard to case, and `gt` compares code points: seven records are between."""
    found = Reader(tmp_path, service).read("entity: Words, key: [Text], complete: verify")
    assert {row["No"] for row in found} == {row["No"] for row in service.rows["Words"]}


@every_service
def test_a_field_that_was_not_selected_is_in_no_file(tmp_path: Path, service: Service) -> None:
    """Each of these services adds the key to what was selected."""
    found = Reader(tmp_path, service).read("entity: Items, select: [Description], order-by: [ItemNo]")
    assert [list(row) for row in found] == [["Description"]] * 800
    wanted = sorted(service.rows["Items"], key=lambda row: str(row["ItemNo"]))
    assert found == [{"Description": row["Description"]} for row in wanted]


@every_service
def test_a_page_size_is_a_wish_and_loses_nothing(tmp_path: Path, service: Service) -> None:
    found = Reader(tmp_path, service).read("entity: Items, key: [ItemNo], page-size: 70")
    assert differences(found, service.rows["Items"]) == []


@every_service
def test_selects_filters_and_orders_by_values_of_params(tmp_path: Path, service: Service) -> None:
    least = Decimal("1000.50")
    found = Reader(tmp_path, service).read(
        "entity: Customers, select: [CustomerNo, Country, BalanceDue, CreditLimit, FoundedOn], "
        "filter: 'Country eq ${{ params.country }} and BalanceDue ge ${{ params.least }} "
        "and CreditLimit gt ${{ params.limit }} and FoundedOn lt ${{ params.before }}', "
        "order-by: [BalanceDue desc, CustomerNo], key: [CustomerNo]",
        country="SE",
        least=least,
        limit=5000,
        before=date(1990, 1, 1),
    )
    wanted = [
        {name: row[name] for name in ("CustomerNo", "Country", "BalanceDue", "CreditLimit", "FoundedOn")}
        for row in service.rows["Customers"]
        if row["Country"] == "SE"
        and Decimal(str(row["BalanceDue"])) >= least
        and isinstance(row["CreditLimit"], int)
        and row["CreditLimit"] > 5000
        and row["FoundedOn"]
        and str(row["FoundedOn"]) < "1990"
    ]
    wanted.sort(key=lambda row: (-Decimal(str(row["BalanceDue"])), row["CustomerNo"]))
    assert len(wanted) > 50
    assert found == wanted
    assert differences(found, wanted) == []


@every_service
@pytest.mark.parametrize("number", [2**53 + 1, 2**53 + 2])
def test_a_number_beyond_a_double_finds_its_own_row(tmp_path: Path, service: Service, number: int) -> None:
    found = Reader(tmp_path, service).read(
        "entity: Customers, filter: 'LastEntryNo eq ${{ params.number }}', key: [CustomerNo]", number=number
    )
    wanted = [row for row in service.rows["Customers"] if str(row["LastEntryNo"]) == str(number)]
    assert len(wanted) == 1
    assert differences(found, wanted) == []


@every_service
def test_expands_the_lines_of_each_order(tmp_path: Path, service: Service) -> None:
    found = Reader(tmp_path, service).read(
        "entity: SalesOrders, expand: [SalesOrderLines], order-by: [OrderNo], key: [OrderNo]"
    )
    assert differences(found, orders_with_lines(service)) == []


@cap
@pytest.mark.parametrize(
    "expand",
    [
        "[SalesOrderLines/Item]",
        "{SalesOrderLines: {expand: [Item]}}",
        "{SalesOrderLines: {expand: {Item: {}}}}",
    ],
)
def test_expands_two_levels(tmp_path: Path, service: Service, expand: str) -> None:
    found = Reader(tmp_path, service).read(
        f"entity: SalesOrders, expand: {expand}, filter: Status eq 'Open', key: [OrderNo]"
    )
    items = {item["ItemNo"]: item for item in service.rows["Items"]}
    wanted = [order for order in orders_with_lines(service) if order["Status"] == "Open"]
    for order in wanted:
        lines: Any = order["SalesOrderLines"]
        order["SalesOrderLines"] = [{**line, "Item": items[line["ItemNo"]]} for line in lines]
    assert len(wanted) > 900
    assert differences(found, wanted) == []


@pytest.mark.parametrize("service", ["cap_v4"], indirect=True)
def test_what_is_expanded_inside_of_another_has_its_own_select_filter_and_order(
    tmp_path: Path, service: Service
) -> None:
    found: Any = Reader(tmp_path, service).read(
        "entity: SalesOrders, select: [OrderNo], filter: Status eq 'Open', key: [OrderNo], expand: {SalesOrderLines: "
        "{select: [LineNo], filter: Quantity gt 5, order-by: [LineNo desc], expand: {Item: {select: [ItemNo]}}}}"
    )
    orders = [order for order in orders_with_lines(service) if order["Status"] == "Open"]
    wanted: list[Any] = []
    for order in orders:
        lines: Any = order["SalesOrderLines"]
        kept = [line for line in reversed(lines) if Decimal(line["Quantity"]) > 5]
        wanted.append([order["OrderNo"], [[line["LineNo"], line["ItemNo"]] for line in kept]])
    seen = [
        [order["OrderNo"], [[line["LineNo"], line["Item"]["ItemNo"]] for line in order["SalesOrderLines"]]]
        for order in found
    ]
    assert sum(len(lines) for _, lines in wanted) > 100
    assert seen == wanted


@cap
def test_follows_links_on_a_path_below_a_record(tmp_path: Path, service: Service) -> None:
    pieces = service._replace(base_url=service.base_url.replace("/trade", "/pieces"))
    reader = Reader(tmp_path, pieces)
    report = reader.run(
        "entity: 'SalesOrders(${{ params.order }})/SalesOrderLines', key: [LineNo]", order="SO-10001"
    )
    wanted = [line for line in service.rows["SalesOrderLines"] if line["OrderNo"] == "SO-10001"]
    assert len(wanted) == 5
    assert differences(reader.done(report), wanted) == []
    assert proof(report)["pages"] == 2


@every_service
def test_a_limit_stops_in_the_middle_of_a_page(tmp_path: Path, service: Service) -> None:
    reader = Reader(tmp_path, service)
    report = reader.run("entity: Customers, order-by: [CustomerNo], limit: 1234")
    found = reader.done(report)
    assert found == sorted(service.rows["Customers"], key=lambda row: str(row["CustomerNo"]))[:1234]
    assert proof(report)["pages"] == 2
    assert (proof(report)["strength"], proof(report)["count-note"]) == ("unproven", "not asked: limit")


def orders_with_lines(service: Service) -> Rows:
    lines: dict[object, Any] = {}
    for line in service.rows["SalesOrderLines"]:
        lines.setdefault(line["OrderNo"], []).append(line)
    return [
        {**order, "SalesOrderLines": lines.get(order["OrderNo"], [])} for order in service.rows["SalesOrders"]
    ]
