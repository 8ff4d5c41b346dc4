"""Why a predicate is true for no record: told by the types of what it compares."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.expressions import parse
from txojobs.expressions.never import why_never

if TYPE_CHECKING:
    from txojobs.records import JsonValue

RECORDS: list[JsonValue] = [
    {
        "No": "123",
        "Balance": Decimal("1.5"),
        "Blocked": False,
        "Name": None,
        "Lines": [{"No": 1}],
        "Empty": None,
    },
    {"No": "124", "Balance": None, "Blocked": True, "Name": "Oslo", "Lines": [], "Empty": None},
]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("No == 123", ["No is text, 123 is a number; write '123', in quotes"]),
        ("123 == No", ["123 is a number, No is text; write '123', in quotes"]),
        ("Balance == '1.5'", ["Balance is a number, '1.5' is text; write 1.5 without quotes"]),
        ("Blocked == 'false'", ["Blocked is true or false, 'false' is text; write false without quotes"]),
        ("Blocked == 'no'", ["Blocked is true or false, 'no' is text"]),
        ("No == true", ["No is text, true is true or false; write 'true', in quotes"]),
        ("Balance == No", ["Balance is a number, No is text"]),
        ("Balance == 'much'", ["Balance is a number, 'much' is text"]),
        ("Lines == 'x'", ["Lines is a list, 'x' is text"]),
        ("No == 123 && Balance > 0", ["No is text, 123 is a number; write '123', in quotes"]),
        ("Balance > `null`", ["nothing is less or greater than null: Balance > `null`"]),
        ("`null` <= Balance || Blocked == 1", 2),
        ("No == '125'", []),
        ("Name == 'Bergen'", []),
        ("Empty == 1", []),  # it is null in each record: nothing is known of its type
        ("Balance > 100", []),
        ("Balance == null", []),
        ("No != 123", []),
        ("!(No == 123)", []),
        ("length(Lines[?No == '1']) > 0", []),  # not of the record itself
        ("contains(No, 'x')", []),
    ],
)
def test_reasons(text: str, reasons: list[str] | int) -> None:
    found = why_never(text, RECORDS)
    assert (len(found) if isinstance(reasons, int) else found) == reasons


def test_a_record_on_which_an_operand_fails_says_nothing() -> None:
    text = "add(No, 1) == 'x'"
    assert why_never(text, [{"No": "a"}, {"No": 1}]) == ["add(No, 1) is a number, 'x' is text"]
    assert why_never(text, [{"No": "a"}]) == []


@pytest.mark.parametrize(
    ("text", "offset"), [("A > null", 4), ("`null` <= A", 0), ("B == 1 || length(L[?C < null]) > 0", 24)]
)
def test_a_null_that_something_shall_be_less_or_greater_than_is_known_before_the_run(
    text: str, offset: int
) -> None:
    (fault,) = parse(text).null_orders
    assert fault.offset == offset
    assert text[offset : offset + fault.length] in ("null", "`null`")


@pytest.mark.parametrize("text", ["A == null", "A != null", "A > 1", "null == null"])
def test_other_comparisons_with_null_are_none(text: str) -> None:
    assert parse(text).null_orders == ()
