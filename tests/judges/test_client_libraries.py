"""Client libraries that are not ours read the same sets from the same services, and get the same, value by value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.judges.client_libraries import by_odatapy, by_pyodata, plain
from tests.judges.reading import KEYS, Reader, differences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Rows, Service

SETS = ("Customers", "Items")
v4 = pytest.mark.parametrize("service", ["odatapy", "cap_v4"], indirect=True)


def ours(tmp_path: Path, service: Service, fetch: str) -> Rows:
    return [plain(record) for record in Reader(tmp_path, service).read(fetch)]


def numbered(rows: Rows) -> Rows:
    """Return rows whose 64-bit numbers are text, as some services write them; a library knows the type of a field."""
    return [{**row, "LastEntryNo": str(row["LastEntryNo"])} if "LastEntryNo" in row else row for row in rows]


def in_utc(rows: Rows) -> Rows:
    """Return rows whose moments say that they are UTC: pyodata gives those that name no zone one, and this."""
    moment = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\+00:00)?")

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: told(each) for name, each in value.items()}
        if isinstance(value, list):
            return [told(each) for each in value]
        match = moment.fullmatch(value) if isinstance(value, str) else None
        return f"{match[1]}Z" if match else value

    return [told(row) for row in rows]


@pytest.mark.parametrize(
    ("service", "entity"),
    [("odatapy", "Customers"), *(("cap_v4", entity) for entity in SETS)],
    indirect=["service"],
)
def test_odatapy_reads_the_same_over_v4(tmp_path: Path, service: Service, entity: str) -> None:
    found = ours(tmp_path, service, f"entity: {entity}, key: [{', '.join(KEYS[entity])}]")
    theirs = by_odatapy(service.base_url, entity)
    assert len(found) == len(service.rows[entity])
    assert differences(numbered(found), numbered(theirs)) == []


@v4
def test_odatapy_finds_orders_and_expands_the_same_over_v4(tmp_path: Path, service: Service) -> None:
    found = ours(
        tmp_path,
        service,
        "entity: SalesOrders, filter: Status eq 'Open' and Amount gt 20000.5, order-by: [Amount desc, OrderNo], "
        "expand: [SalesOrderLines], key: [OrderNo]",
    )
    theirs = by_odatapy(
        service.base_url,
        "SalesOrders",
        filter="Status eq 'Open' and Amount gt 20000.5",
        orderby="Amount desc,OrderNo",
        expand="SalesOrderLines",
    )
    assert len(found) > 100
    assert found == theirs


@pytest.mark.parametrize("service", ["cap_v2"], indirect=True)
@pytest.mark.parametrize("entity", SETS)
def test_pyodata_reads_the_same_over_v2(tmp_path: Path, service: Service, entity: str) -> None:
    found = ours(tmp_path, service, f"entity: {entity}, key: [{', '.join(KEYS[entity])}]")
    theirs = by_pyodata(service.base_url, entity, found[0])
    assert len(found) == len(service.rows[entity])
    assert differences(in_utc(found), numbered(theirs)) == []


@pytest.mark.parametrize("service", ["cap_v2"], indirect=True)
def test_pyodata_finds_orders_and_expands_the_same_over_v2(tmp_path: Path, service: Service) -> None:
    found = ours(
        tmp_path,
        service,
        "entity: SalesOrders, filter: Status eq 'Open' and Amount gt 20000.5M, order-by: [Amount desc, OrderNo], "
        "expand: [SalesOrderLines/Item], key: [OrderNo]",
    )
    theirs = by_pyodata(
        service.base_url,
        "SalesOrders",
        found[0],
        filter="Status eq 'Open' and Amount gt 20000.5M",
        order_by="Amount desc,OrderNo",
        expand="SalesOrderLines/Item",
    )
    assert len(found) > 100
    assert in_utc(found) == theirs
