"""`filter` keeps the records for which an expression is true, and never guesses."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import Mark, StepError, TxoBaseError
from txojobs.records import Column

if TYPE_CHECKING:
    from tests.steps.conftest import Bench
    from txojobs.records import Record

PEOPLE: list[Record] = [
    {"No": "1", "Balance": Decimal("10.50"), "Status": "Open", "Address": {"City": "Oslo"}},
    {"No": "2", "Balance": None, "Status": "Closed", "Address": None},
    {"No": "3", "Balance": Decimal("0.10"), "Status": "Open", "Address": {"City": "Bergen"}},
]


def numbers(records: list[Record]) -> list[object]:
    return [record["No"] for record in records]


def test_keeps_what_is_true_in_its_order(bench: Bench) -> None:
    assert numbers(bench.feed("filter: Status == 'Open'", PEOPLE)) == ["1", "3"]


def test_a_comparison_with_null_leaves_the_record_out(bench: Bench) -> None:
    assert numbers(bench.feed("filter: Balance > 0", PEOPLE)) == ["1", "3"]
    assert numbers(bench.feed("filter: Balance == null", PEOPLE)) == ["2"]


def test_decimals_are_compared_exactly(bench: Bench) -> None:
    assert numbers(bench.feed("filter: Balance == 0.1", PEOPLE)) == ["3"]


def test_the_records_pass_unchanged_with_their_columns(bench: Bench) -> None:
    columns = (Column("No", "text"),)
    assert bench.feed("filter: Balance > 1", PEOPLE, columns=columns) == PEOPLE[:1]
    assert bench.columns == columns


def test_what_is_neither_true_nor_false_is_an_error_that_names_the_record(bench: Bench) -> None:
    with pytest.raises(
        StepError, match="record 1: the expression must be true or false, and gives '1': No"
    ) as caught:
        bench.feed("filter: No", PEOPLE)
    assert caught.value.where == Mark("f", 4, 13)


def test_a_wrong_type_is_an_error_that_names_record_field_and_value(bench: Bench) -> None:
    records: list[Record] = [*PEOPLE, {**PEOPLE[0], "Balance": "much"}]
    with pytest.raises(TxoBaseError, match="record 4: ") as caught:
        bench.feed("filter: Balance > 0", records)
    assert "Balance" in caught.value.what_went_wrong
    assert "much" in caught.value.what_went_wrong
    assert caught.value.where == Mark("f", 4, 13)


def test_a_record_that_fails_can_be_put_aside(bench: Bench) -> None:
    records: list[Record] = [PEOPLE[0], {**PEOPLE[0], "No": "x", "Balance": "much"}, PEOPLE[2]]
    assert numbers(bench.feed("filter: Balance > 0", records, rejects="bad.csv")) == ["1", "3"]
    assert bench.result.rejected == 1
    (path,) = bench.publish()
    assert '"much"' in path.read_text(encoding="utf-8-sig") or "much" in path.read_text(encoding="utf-8-sig")
    assert ",2,x," in path.read_text(encoding="utf-8-sig")


# -- the rule of absent fields ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "name", "meant"),
    [
        ("Blance > 0", "Blance", "did you mean Balance?"),
        ("Address.Cty == 'x'", "Address.Cty", "did you mean Address.City?"),
        ("Adress.City == 'x'", "Adress", "did you mean Address?"),
        ('Status == "Open"', "Open", "did you mean the text 'Open'?"),
        ("Status == Open", "Open", "did you mean the text 'Open'?"),
        ("Status == 'Open' && xyz == 1", "xyz", "the fields are: "),
        ("contains(Status, Open)", "Open", "did you mean the text 'Open'?"),
    ],
)
def test_a_field_that_is_in_no_record_fails_the_step(
    bench: Bench, expression: str, name: str, meant: str
) -> None:
    step = (
        f"filter: {expression}"
        if '"' not in expression
        else f"filter: '{expression.replace(chr(39), chr(39) * 2)}'"
    )
    with pytest.raises(StepError, match=f"no record has a field '{name}'") as caught:
        bench.feed(step, PEOPLE)
    assert meant in str(caught.value.how_to_fix)
    assert caught.value.where == Mark("f", 4, 13)
    assert f"optional: [{name}]" in str(caught.value.example)


def test_a_field_that_one_record_has_is_there(bench: Bench) -> None:
    records: list[Record] = [{"No": "1"}, {"No": "2"}, {"No": "3", "Email": None}]
    assert bench.feed("filter: Email == 'x'", records) == []


def test_a_field_below_one_that_is_always_null_is_excused(bench: Bench) -> None:
    assert bench.feed("filter: Address.City == 'x'", [{"Address": None}]) == []


def test_an_empty_input_says_nothing(bench: Bench) -> None:
    assert bench.feed("filter: Nothing > 0", []) == []


@pytest.mark.parametrize(
    ("expression", "optional"),
    [
        ("Email == 'x'", "[Email]"),
        ("Address.Zip == 'x'", "[Address.Zip]"),
        ("Address.Zip == 'x'", "[Address]"),
        ("'\"E Mail\" == `1`'", "[E Mail]"),
    ],
)
def test_optional_allows_it(bench: Bench, expression: str, optional: str) -> None:
    assert bench.feed(f"filter:\n    where: {expression}\n    optional: {optional}", PEOPLE) == []


def test_optional_allows_no_other_field(bench: Bench) -> None:
    with pytest.raises(StepError, match="'Emial'"):
        bench.feed("filter: {where: \"Email == 'x' || Emial == 'x'\", optional: [Email]}", PEOPLE)


def test_a_reader_that_stops_early_proves_nothing(bench: Bench) -> None:
    batches = bench.start("filter: {where: No == '1' || Later == 1}", [PEOPLE[:1], PEOPLE[1:]])
    assert next(batches) == PEOPLE[:1]
