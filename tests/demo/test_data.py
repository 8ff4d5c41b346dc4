"""The trade data: the same everywhere, exact, and as awkward as real data."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from txojobs.demo import data
from txojobs.demo.model import ENTITY_SETS, EntitySet
from txojobs.exact_json import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import JsonValue

ROOT = Path(__file__).parents[2]
BY_NAME = pytest.mark.parametrize("entity_set", ENTITY_SETS, ids=lambda each: str(each.name))

TRADE_DIGEST = "a4447f69fcb6594b4c5563f48671e9ab16c930e99a9b16cc617f3139df35671d"


def leaves(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    else:
        yield value


@BY_NAME
def test_records_have_the_columns_of_the_model(entity_set: EntitySet) -> None:
    assert {tuple(record) for record in entity_set.records()} == {tuple(entity_set.columns)}


@BY_NAME
def test_keys_are_unique_and_records_sorted_by_them(entity_set: EntitySet) -> None:
    keys = [tuple(record[name] for name in entity_set.key) for record in entity_set.records()]
    assert keys == sorted(set(keys), key=lambda key: [(str(type(part)), part) for part in key])


@BY_NAME
def test_numbers_are_exact_and_print_without_an_exponent(entity_set: EntitySet) -> None:
    for record in entity_set.records():
        for value in leaves(record):
            assert not isinstance(value, float)
            if isinstance(value, Decimal):
                assert "E" not in str(value)


def test_there_are_as_many_records_as_the_documentation_says() -> None:
    sizes = {entity_set.name: len(entity_set.records()) for entity_set in ENTITY_SETS}
    lines, airports = sizes.pop("SalesOrderLines"), sizes.pop("Airports")
    assert sizes == {"Customers": 5000, "Items": 800, "SalesOrders": 3000, "Salespersons": 25}
    assert 9_000 < lines < 12_000
    assert airports > 25_000


def test_trade_data_are_the_same_on_every_python_and_machine() -> None:
    digest = hashlib.sha256()
    for entity_set in ENTITY_SETS:
        if entity_set.name != "Airports":  # these change with the package they come from
            digest.update(encode([*entity_set.records()]))
    assert digest.hexdigest() == TRADE_DIGEST


def test_trade_data_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import hashlib\n"
        "from txojobs.demo.model import ENTITY_SETS\n"
        "text = repr([each.records() for each in ENTITY_SETS])\n"
        "import sys; sys.stdout.write(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 64


def test_trade_data_do_not_depend_on_the_decimal_context() -> None:
    expected = repr([data.items(), data.sales_orders(), data.customers()])
    with localcontext() as context:
        context.prec = 3
        assert repr([data.items(), data.sales_orders(), data.customers()]) == expected


def test_order_amounts_are_the_sums_of_their_lines() -> None:
    sums: dict[JsonValue, Decimal] = {}
    for line in data.sales_order_lines():
        amount = line["LineAmount"]
        assert isinstance(amount, Decimal)
        sums[str(line["OrderNo"])] = sums.get(str(line["OrderNo"]), Decimal("0.00")) + amount
    orders = data.sales_orders()
    assert [order["Amount"] for order in orders] == [
        sums.get(str(order["OrderNo"]), Decimal("0.00")) for order in orders
    ]
    assert 100 < len(orders) - len(sums) < 1000, "some orders have no lines, most have"


def test_line_amounts_are_rounded_half_up_to_cents() -> None:
    for line in data.sales_order_lines():
        quantity, price = line["Quantity"], line["UnitPrice"]
        assert isinstance(quantity, Decimal)
        assert isinstance(price, Decimal)
        assert line["LineAmount"] == (quantity * price).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def test_order_references_lead_to_customers_and_items() -> None:
    customers = {customer["CustomerNo"] for customer in data.customers()}
    items = {item["ItemNo"] for item in data.items()}
    people = {person["Code"] for person in data.salespersons()} | {""}
    assert {order["CustomerNo"] for order in data.sales_orders()} <= customers
    assert {line["ItemNo"] for line in data.sales_order_lines()} <= items
    assert {customer["SalespersonCode"] for customer in data.customers()} <= people
    assert {order["Status"] for order in data.sales_orders()} == {"Open", "Released", "Shipped"}


@pytest.mark.parametrize(
    "case",
    [
        "O'Neil & Sons",
        "00123",
        "1E5",
        "A/B 50% + #7",
        "",
        "=1+1",
        "@today",
        "first line\nsecond line\r\nthird",
        "0001-01-01",
        "1288-06-16",
        None,
        2**53 + 1,
        Decimal("12345678901234567.89"),
        Decimal("-1234567890123456.789"),
    ],
    ids=repr,
)
def test_customers_hold_the_awkward_case(case: JsonValue) -> None:
    assert case in {value for record in data.customers() for value in leaves(record)}


def test_the_main_job_of_the_project_finds_customers() -> None:
    swedish = [each for each in data.customers() if each["Country"] == "SE"]
    owing = [each for each in swedish if Decimal(str(each["BalanceDue"])) > 0]
    assert len(swedish) > 1000
    assert 500 < len(owing) < len(swedish)
    assert None in {each["CreditLimit"] for each in swedish}


def test_airports_keep_the_digits_of_their_source() -> None:
    kiruna = next(airport for airport in data.airports() if airport["Icao"] == "ESNQ")
    assert kiruna["Iata"] == "KRN"
    assert str(kiruna["Latitude"]).startswith("67.82")
    assert isinstance(kiruna["Latitude"], Decimal)
