"""`unnest` makes one record for each element of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from txojobs.errors import StepError

if TYPE_CHECKING:
    from tests.steps.conftest import Bench
    from txojobs.records import Record

ORDERS: list[Record] = [
    {"No": "1", "Lines": [{"Item": "a"}, {"Item": "b"}]},
    {"No": "2", "Lines": []},
    {"No": "3", "Lines": None},
    {"No": "4", "Lines": ["c", None]},
    {"No": "5"},
]


def test_the_element_stays_under_the_fields_name(bench: Bench) -> None:
    out = bench.feed("unnest: Lines", ORDERS)
    assert [(each["No"], each["Lines"]) for each in out] == [
        ("1", {"Item": "a"}),
        ("1", {"Item": "b"}),
        ("2", None),
        ("3", None),
        ("4", "c"),
        ("4", None),
        ("5", None),
    ]


def test_empty_drop_leaves_out_what_has_no_element(bench: Bench) -> None:
    out = bench.feed("unnest: {field: Lines, empty: drop}", ORDERS)
    assert [each["No"] for each in out] == ["1", "1", "4", "4"]


def test_a_long_list_goes_on_in_batches(bench: Bench) -> None:
    record: Record = {"Lines": list(range(10))}
    batches = list(bench.start("unnest: Lines", [[record]], batch_size=4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert [each["Lines"] for batch in batches for each in batch] == list(range(10))


def test_what_is_no_list_names_record_field_and_value(bench: Bench) -> None:
    with pytest.raises(StepError, match="record 2: 'No' holds 'x', and unnest takes a list"):
        bench.feed("unnest: No", [{"No": []}, {"No": "x"}])


def test_an_object_needs_no_unnest(bench: Bench) -> None:
    with pytest.raises(StepError, match="record 1: 'A' holds an object, and unnest takes a list") as caught:
        bench.feed("unnest: A", [{"A": {"City": "Oslo"}}])
    assert caught.value.how_to_fix == "read its fields where they are needed, as A.City"


def test_a_record_that_is_no_list_can_be_put_aside(bench: Bench) -> None:
    out = bench.feed("unnest: L", [{"L": [1]}, {"L": 2}, {"L": [3]}], rejects="bad.csv")
    assert out == [{"L": 1}, {"L": 3}]
    assert bench.result.rejected == 1


def test_a_field_that_is_in_no_record_fails_the_step(bench: Bench) -> None:
    with pytest.raises(StepError, match="no record has a field 'Line'") as caught:
        bench.feed("unnest: Line", ORDERS)
    assert caught.value.how_to_fix == "did you mean Lines?"
    out = bench.feed("unnest: {field: Line, optional: [Line], empty: drop}", ORDERS)
    assert out == []


def test_a_field_with_an_odd_name_is_a_plain_name(bench: Bench) -> None:
    assert bench.feed("unnest: 'Order Lines.x\"'", [{'Order Lines.x"': [1]}]) == [{'Order Lines.x"': 1}]
