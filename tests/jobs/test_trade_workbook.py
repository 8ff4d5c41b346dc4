"""Two sources in one workbook: each sheet whole, exact and in order, whichever library reads it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from txojobs.demo import data

if TYPE_CHECKING:
    from tests.jobs.conftest import Shipped
    from txojobs.records import Record

CUSTOMER = (
    "CustomerNo",
    "DisplayName",
    "Country",
    "BalanceDue",
    "CreditLimit",
    "Blocked",
    "LastOrderDate",
)
ITEM = ("ItemNo", "Description", "UnitPrice", "Inventory", "Barcode", "Discontinued")


def plain(value: Any, name: str) -> Any:
    """What a cell should hold: every digit, dates as dates where Excel has them, no empty text."""
    if name == "LastOrderDate" and value and value >= "1900-03-01":
        return date.fromisoformat(value)
    if isinstance(value, Decimal):
        digits = str(value).replace(".", "").lstrip("-0").rstrip("0")
        return value if len(digits) <= 15 else format(value, "f")
    return value if value != "" else None


def expected(records: list[Record], fields: tuple[str, ...], key: str) -> list[list[Any]]:
    ordered = sorted(records, key=lambda record: str(record[key]))
    return [[plain(record[name], name) for name in fields] for record in ordered]


def normal(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Decimal(repr(value)).normalize()
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, Decimal):
        return value.normalize()
    return value if value != "" else None


def table(rows: list[list[Any]]) -> list[list[Any]]:
    return [[normal(value) for value in row] for row in rows]


@pytest.mark.parametrize("discontinued", [False, True])
def test_writes_customers_and_items_on_a_sheet_of_their_own(
    workspace: Shipped, *, discontinued: bool
) -> None:
    arguments = ("-p", "discontinued=true") if discontinued else ()
    done = workspace.run("trade-workbook", "demo", "test", *arguments)
    assert done.code == 0, done.err
    path = workspace.file("demo-test-trade_*.xlsx")
    items = [item for item in data.items() if discontinued or not item["Discontinued"]]
    assert 700 < len(items) <= 800
    sheets = {
        "Customers": [list(CUSTOMER), *expected(data.customers(), CUSTOMER, "CustomerNo")],
        "Items": [list(ITEM), *expected(items, ITEM, "ItemNo")],
    }

    book = openpyxl.load_workbook(path)
    assert book.sheetnames == list(sheets)
    other = CalamineWorkbook.from_path(str(path))
    assert other.sheet_names == list(sheets)
    for name, rows in sheets.items():
        cells = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert table(cells) == table(rows)
        assert table(other.get_sheet_by_name(name).to_python()) == table(rows)


def test_text_that_looks_like_a_formula_is_text(workspace: Shipped) -> None:
    assert workspace.run("trade-workbook", "demo", "test").code == 0
    sheet = openpyxl.load_workbook(workspace.file("*.xlsx"))["Items"]
    found = [row for row in sheet.iter_rows() if row[0].value == "=SUM(A1)"]
    assert [cell.data_type for cell in found[0][:2]] == ["s", "s"]
