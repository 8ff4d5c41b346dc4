"""The job that `txojobs init` writes: every row and cell of its workbook, computed here a second time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from txojobs.demo import data

if TYPE_CHECKING:
    from tests.jobs.conftest import Shipped

HEADERS = ("Customer No.", "Name", "City", "Balance", "Source")


def expected(country: str, balance: str) -> list[tuple[Any, ...]]:
    rows = []
    for customer in data.customers():
        due: Any = customer["BalanceDue"]
        if customer["Country"] == country and due > Decimal(balance):
            address: Any = customer["Address"]
            city = address["City"] if address else None
            rows.append((customer["CustomerNo"], customer["DisplayName"], city, due, "Business Central"))
    return rows


def as_written(balance: Decimal) -> Decimal | str:
    """Excel keeps 15 digits; what has more is written as text, every digit of it."""
    digits = str(balance).replace(".", "").replace("-", "").strip("0")
    return balance if len(digits) <= 15 else format(balance, "f")


def same(cell: object, balance: Decimal) -> bool:
    wanted = as_written(balance)
    if isinstance(wanted, str):
        return cell == wanted
    return not isinstance(cell, str) and Decimal(repr(cell)) == wanted


@pytest.mark.parametrize(("country", "balance"), [("SE", "0"), ("NO", "20000.50")])
def test_writes_the_customers_of_a_country_with_an_open_balance(
    workspace: Shipped, country: str, balance: str
) -> None:
    done = workspace.run(
        "export-customers", "demo", "test", "--country", country, "-p", f"min-balance={balance}"
    )
    assert done.code == 0, done.err
    path = workspace.file("demo-test-customers_*.xlsx")
    rows = expected(country, balance)
    assert len(rows) > 100

    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    found = [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
    assert found[0] == HEADERS
    assert [row[:3] + row[4:] for row in found[1:]] == [row[:3] + row[4:] for row in rows]
    for cells, row in zip(found[1:], rows, strict=True):
        assert same(cells[3], row[3]), (cells, row)

    other = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert tuple(other[0]) == HEADERS
    assert [tuple(row[:2]) for row in other[1:]] == [row[:2] for row in rows]
    for again, row in zip(other[1:], rows, strict=True):
        assert same(again[3], row[3]), (again, row)
        assert again[2] == (row[2] or "")


def test_the_balance_shows_two_decimals_in_excel(workspace: Shipped) -> None:
    assert workspace.run("export-customers", "demo", "test", "--limit", "10").code == 0
    sheet = openpyxl.load_workbook(workspace.file("*.xlsx")).active
    assert sheet is not None
    assert {sheet.cell(row, 4).number_format for row in range(2, sheet.max_row + 1)} == {"#,##0.00"}


def test_a_balance_that_nobody_has_leaves_the_headers(workspace: Shipped) -> None:
    assert workspace.run("export-customers", "demo", "test", "-p", "min-balance=1e30").code == 0
    sheet = openpyxl.load_workbook(workspace.file("*.xlsx")).active
    assert sheet is not None
    assert [tuple(cell.value for cell in row) for row in sheet.iter_rows()] == [HEADERS]
