"""One row for each line of an order: as many, as exact and in the order that the source data say."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from txojobs.demo import data

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jobs.conftest import Shipped

HEADERS = [
    "Order No.",
    "Line No.",
    "Order Date",
    "Status",
    "Customer No.",
    "Item No.",
    "Description",
    "Quantity",
    "Unit Price",
    "Amount",
    "Currency",
]


def expected(*, since: str, statuses: set[str]) -> list[list[str]]:
    lines: dict[str, list[Any]] = {}
    for line in data.sales_order_lines():
        lines.setdefault(str(line["OrderNo"]), []).append(line)
    rows = []
    orders = sorted(data.sales_orders(), key=lambda order: str(order["OrderNo"]))
    for order in orders:
        if str(order["OrderDate"]) >= since and order["Status"] in statuses:
            for line in lines.get(str(order["OrderNo"]), []):
                cells = [
                    order["OrderNo"],
                    line["LineNo"],
                    order["OrderDate"],
                    order["Status"],
                    order["CustomerNo"],
                    line["ItemNo"],
                    line["Description"],
                    line["Quantity"],
                    line["UnitPrice"],
                    line["LineAmount"],
                    order["CurrencyCode"],
                ]
                texts = [str(cell) for cell in cells]
                # the formula guard of csv: what a spreadsheet would run gets an apostrophe
                rows.append([f"'{text}" if text.startswith("=") else text for text in texts])
    return rows


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_writes_a_row_for_each_line_of_each_order(workspace: Shipped) -> None:
    done = workspace.run("orders-with-lines", "demo", "test")
    assert done.code == 0, done.err
    found = read(workspace.file("demo-test-orders-with-lines_*.csv"))
    rows = expected(since="2025-01-01", statuses={"Open", "Released", "Shipped"})
    assert found[0] == HEADERS
    assert len(rows) > 4000
    assert found[1:] == rows
    assert any(row[5] == "'=SUM(A1)" for row in rows)


def test_takes_another_day_and_other_states(workspace: Shipped) -> None:
    arguments = ("-p", "since=2025-10-01", "-p", "status=Open,Released")
    assert workspace.run("orders-with-lines", "demo", "test", *arguments).code == 0
    rows = expected(since="2025-10-01", statuses={"Open", "Released"})
    assert len(rows) > 100
    assert read(workspace.file("*.csv"))[1:] == rows


def test_a_day_after_the_last_order_leaves_the_headers(workspace: Shipped) -> None:
    assert workspace.run("orders-with-lines", "demo", "test", "-p", "since=2099-01-01").code == 0
    assert read(workspace.file("*.csv")) == [HEADERS]
