"""Objects become columns, nothing gets lost, and two fields never share a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.files.nesting import LearntFields, without_nested
from txojobs.records import Column

if TYPE_CHECKING:
    from txojobs.records import Batch, Columns


def flatten(*batches: Any, columns: Columns | None = None, hints: Columns = ()) -> tuple[list[str], Batch]:
    fields = LearntFields(columns, hints=hints, expand=True, file="a.csv")
    for batch in batches:
        fields.learn(batch)
    return [column.name for column in fields.columns()], [
        row for batch in batches for row in fields.fitted(batch)
    ]


def test_the_fields_of_an_object_stand_together_at_its_place_also_when_they_come_late() -> None:
    names, rows = flatten(
        [{"No": 1, "Address": {"City": "Malmö"}, "Open": True}],
        [{"No": 2, "Address": {"Geo": {"Lat": 1, "Lon": 2}, "Zip": "1"}}, {"Late": {"x": [1, {"y": 2}]}}],
    )
    assert names == [
        "No", "Address.City", "Address.Geo.Lat", "Address.Geo.Lon", "Address.Zip", "Open", "Late.x",
    ]  # fmt: skip
    assert rows == [
        {"No": 1, "Address.City": "Malmö", "Open": True},
        {"No": 2, "Address.Geo.Lat": 1, "Address.Geo.Lon": 2, "Address.Zip": "1"},
        {"Late.x": [1, {"y": 2}]},
    ]


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_in_place_of_an_object_leaves_its_columns_empty(nothing: Any) -> None:
    names, rows = flatten([{"a": nothing, "b": 1}], [{"a": {"x": nothing}}, {"a": {"x": {"y": 1}}}])
    assert names == ["a.x.y", "b"]
    assert rows == [{"b": 1}, {}, {"a.x.y": 1}]


def test_a_field_that_never_holds_more_than_nothing_stays_a_column() -> None:
    assert flatten([{"a": None, "b": {}, "c": {"d": None}}]) == (
        ["a", "b", "c.d"], [{"a": None, "b": {}, "c.d": None}],
    )  # fmt: skip


def test_a_field_that_holds_an_object_or_something_else_has_columns_for_both() -> None:
    names, rows = flatten([{"a": {"x": 1}}, {"a": "text"}, {"a": [1]}, {"a": None}])
    assert names == ["a", "a.x"]
    assert rows == [{"a.x": 1}, {"a": "text"}, {"a": [1]}, {}]


@pytest.mark.parametrize("batches", [
    ([{"a": {"b": 1}, "a.b": 2}],),
    ([{"a.b": 2}], [{"a": {"b": 1}}]),
    ([{"a": {"b": {"c": 1}}}], [{"a.b": {"c": 1}}]),
])  # fmt: skip
def test_a_clash_is_an_error_that_names_both(batches: Any) -> None:
    with pytest.raises(
        ValidationError, match=r"two fields would be the column 'a\.b(\.c)?' of a\.csv"
    ) as caught:
        flatten(*batches)
    assert "'b' in 'a'" in str(caught.value)
    assert "'a.b'" in str(caught.value).replace("column 'a.b'", "")
    assert "rename one of them" in (caught.value.how_to_fix or "")


def test_declared_columns_keep_their_order_types_and_labels() -> None:
    inside = (Column("Zip", "text"), Column("City", label="Stadt"))
    columns = (
        Column("Address", label="Adresse", fields=inside),
        Column("No", "integer"),
        Column("None", "date"),
    )
    fields = LearntFields(columns, hints=(), expand=True, file="a.csv")
    fields.learn([{"No": 1, "Address": {"City": "x", "Zip": "y", "More": 1}}])
    assert [(each.name, each.type, each.label) for each in fields.columns()] == [
        ("Address.City", None, "Adresse.Stadt"), ("Address.Zip", "text", "Adresse.Zip"),
        ("Address.More", None, "Adresse.More"), ("No", "integer", None), ("None", "date", None),
    ]  # fmt: skip


def test_a_field_beside_the_declared_columns_is_an_error_that_names_the_record() -> None:
    with pytest.raises(ValidationError, match=r"record 3 for a\.csv has a field 'c'"):
        flatten([{"a": 1}, {"a": {"c": 1}}], [{"c": 2}], columns=(Column("a"),))


def test_without_columns_the_hints_tell_the_types() -> None:
    fields = LearntFields(None, hints=(Column("b", "decimal"),), expand=True, file="a.csv")
    fields.learn([{"a": 1, "b": 2}])
    assert fields.columns() == (Column("a"), Column("b", "decimal"))


NAMES = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def leaves(value: Any, above: str = "") -> dict[str, Any]:
    """Return what a record holds, by path, without what is nothing."""
    if isinstance(value, dict):
        return {k: v for name, each in value.items() for k, v in leaves(each, f"{above}.{name}").items()}
    return {} if value is None else {above.lstrip("."): value}


@settings(max_examples=80, deadline=None)
@given(batches=st.lists(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=3), max_size=3))
def test_no_value_gets_lost(batches: list[Batch]) -> None:
    names, rows = flatten(*batches)
    assert len(names) == len(set(names))
    for row, record in zip(rows, [each for batch in batches for each in batch], strict=True):
        assert {name: value for name, value in row.items() if value not in (None, {})} == leaves(record)
        assert row.keys() <= set(names)


@pytest.mark.parametrize(("value", "what"), [([], "a list"), ({}, "an object")])
def test_nested_values_are_refused_with_record_and_field(value: Any, what: str) -> None:
    stream = without_nested([[{"a": 1}, {"a": 2}], [{"a": None, "Deep": value}]], file="a.csv")
    assert next(stream) == [{"a": 1}, {"a": 2}]
    with pytest.raises(ValidationError, match=f"record 3 for a.csv holds {what} in the field 'Deep'"):
        next(stream)
