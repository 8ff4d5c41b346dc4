"""`query` evaluates an expression on the list of all records."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import Mark, StepError, TxoBaseError
from txojobs.steps.base import Memory
from txojobs.steps.query import Query

if TYPE_CHECKING:
    from tests.steps.conftest import Bench
    from txojobs.records import Record

ROWS: list[Record] = [
    {"No": str(n), "Amount": Decimal(n) / 10, "Address": {"City": "x"}} for n in (3, 1, 2, 5, 4)
]


def test_the_expression_sees_all_batches_as_one_list(bench: Bench) -> None:
    out = bench.feed('query: "sort_by(@, &Amount) | reverse(@) | [:2].{No: No}"', ROWS)
    assert out == [{"No": "5"}, {"No": "4"}]


def test_the_result_goes_on_in_batches(bench: Bench) -> None:
    batches = list(bench.start('query: "[*]"', [ROWS], batch_size=2))
    assert [len(batch) for batch in batches] == [2, 2, 1]


def test_an_object_alone_is_one_record(bench: Bench) -> None:
    assert bench.feed("query: '{Total: sum([].Amount)}'", ROWS) == [{"Total": Decimal("1.5")}]


def test_it_says_that_it_holds_all_rows() -> None:
    assert Query.memory is Memory.TABLE


@pytest.mark.parametrize("expression", ["[].No", "length(@)", "[0].No", "[?No == '9'] | [0]"])
def test_what_is_no_list_of_objects_is_an_error(bench: Bench, expression: str) -> None:
    with pytest.raises(StepError, match="must give a list of objects") as caught:
        bench.feed(f'query: "{expression}"', ROWS)
    assert caught.value.where == Mark("f", 4, 12)


def test_an_empty_result_is_no_error(bench: Bench) -> None:
    assert bench.feed("query: \"[?No == '9']\"", ROWS) == []


def test_nothing_comes_of_an_empty_input(bench: Bench) -> None:
    assert bench.feed('query: "[0]"', []) == []
    assert bench.feed('query: "[?Nothing > `1`]"', []) == []
    assert bench.feed("query: '{Total: sum([].Amount)}'", []) == [{"Total": 0}]


@pytest.mark.parametrize(
    ("expression", "name", "meant"),
    [
        ("[?Amont > `1`]", "[].Amont", "did you mean [].Amount?"),
        ("sort_by(@, &Amounts)", "[].Amounts", "did you mean [].Amount?"),
        ("[].{City: Address.Cty}", "[].Address.Cty", "did you mean [].Address.City?"),
        ("[?No == Open]", "[].Open", ""),
    ],
)
def test_a_field_that_is_in_no_record_fails_the_step(
    bench: Bench, expression: str, name: str, meant: str
) -> None:
    with pytest.raises(StepError) as caught:
        bench.feed(f'query: "{expression}"', ROWS)
    assert caught.value.what_went_wrong.startswith(f"no record has a field {name!r}")
    assert meant in str(caught.value.how_to_fix)
    assert caught.value.where == Mark("f", 4, 12)


def test_optional_names_the_field_as_one_writes_it(bench: Bench) -> None:
    for optional in ("Email", '"[].Email"'):
        assert bench.feed(f"query: {{expression: \"[?Email == 'x']\", optional: [{optional}]}}", ROWS) == []


def test_the_example_of_the_error_can_be_pasted(bench: Bench) -> None:
    with pytest.raises(StepError) as caught:
        bench.feed("query: \"[?Email == 'x']\"", ROWS)
    assert str(caught.value.example).startswith("optional: [Email] ")


def test_a_wrong_type_names_field_and_value_and_place(bench: Bench) -> None:
    with pytest.raises(TxoBaseError, match="'x'") as caught:
        bench.feed('query: "[].{T: mul(No, Amount)}"', [{"No": "x", "Amount": 1}])
    assert caught.value.where == Mark("f", 4, 12)


@pytest.mark.parametrize(
    ("expression", "shown"), [("length(@)", "2"), ("[].No", "'x'"), ("[`null`, 1]", "null")]
)
def test_what_is_no_record_is_shown_as_it_is_written(bench: Bench, expression: str, shown: str) -> None:
    with pytest.raises(StepError, match=f"and gives {shown} in it"):
        bench.feed(f'query: "{expression}"', [{"No": "x"}, {"No": "y"}])
