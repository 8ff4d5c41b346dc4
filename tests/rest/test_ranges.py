"""Cutting a query into ranges: nothing between them, nothing twice."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rest.range_service import RangeService, _holds
from txojobs.errors import ValidationError
from txojobs.rest.literals import Date, DateTime, Guid, TimeOfDay
from txojobs.rest.query import EntityQuery
from txojobs.rest.ranges import bound_of, bounds_between, ranges
from txojobs.rest.settings import ReadingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]

QUERY = EntityQuery(entity="C", key=("No",))


def conditions(query: EntityQuery, by: str, *bounds: Any) -> list[str | None]:
    return [each.filter for each in ranges(query, by, bounds)]


def test_the_first_range_holds_what_has_no_value_and_the_last_has_no_end() -> None:
    assert conditions(QUERY, "Due", 10, 20) == [
        "(Due lt 10 or Due eq null)",
        "Due ge 10 and Due lt 20",
        "Due ge 20",
    ]


def test_a_field_of_the_key_is_never_without_a_value() -> None:
    assert conditions(QUERY, "No", "M'x") == ["No lt 'M''x'", "No ge 'M''x'"]


def test_the_filter_of_the_job_holds_in_each_range() -> None:
    query = EntityQuery(entity="C", key=("No",), filter="A eq 1 or B eq 2")
    assert conditions(query, "No", 5) == ["(A eq 1 or B eq 2) and No lt 5", "(A eq 1 or B eq 2) and No ge 5"]


def test_without_a_bound_the_query_is_the_range() -> None:
    assert ranges(QUERY, "No", []) == [QUERY]


@given(
    values=st.lists(st.none() | st.integers(-50, 50)),
    bounds=st.lists(st.integers(-60, 60), unique=True).map(sorted),
)
def test_p2_each_value_is_in_exactly_one_range(values: list[int | None], bounds: list[int]) -> None:
    found = conditions(EntityQuery(entity="C"), "Due", *bounds)
    for value in values:
        assert sum(_holds(each or "", {"Due": value}) for each in found) == 1


GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("given_value", "odata", "types", "bound"),
    [
        (5, "v4", {}, 5),
        (Decimal("1.10"), "v4", {}, Decimal("1.10")),
        ("C1", "v4", {}, "C1"),
        ("2026-01-15", "v4", {}, Date("2026-01-15")),
        ("2026-01-15", "v4", {"By": "Edm.String"}, "2026-01-15"),
        ("2026-01-15", "v2", {}, DateTime("2026-01-15T00:00:00")),
        ("2026-01-15T10:00:00Z", "v4", {}, DateTime("2026-01-15T10:00:00Z")),
        ("2026-01-15", "v4", {"By": "Edm.DateTimeOffset"}, DateTime("2026-01-15T00:00:00Z")),
        (GUID, "v4", {}, Guid(GUID)),
        (GUID, "v2", {"By": "Edm.Guid"}, Guid(GUID)),
        (GUID, "v4", {"By": "Edm.String"}, GUID),
        ("10:00:00", "v4", {"By": "Edm.TimeOfDay"}, TimeOfDay("10:00:00")),
        ("10:00:00", "v4", {}, "10:00:00"),
    ],
)
def test_a_bound_is_what_it_looks_like(
    given_value: object, odata: str, types: dict[str, str], bound: object
) -> None:
    assert bound_of(EntityQuery(entity="C", odata=odata, types=types), "By", given_value) == bound


def test_true_is_no_bound() -> None:
    with pytest.raises(ValidationError, match="no begin of a range"):
        bound_of(QUERY, "By", True)  # noqa: FBT003


@pytest.mark.parametrize(
    ("values", "parts", "bounds"),
    [
        ([1, 40, 7], 4, [10, 20, 30]),
        ([1, 2], 8, []),
        ([5, 5], 4, []),
        ([], 4, []),
        ([None, None], 4, []),
        ([0.5, 4.5], 2, [Decimal("2.5")]),
        (["2026-01-01", "2026-01-09"], 2, [Date("2026-01-05")]),
        (["2026-01-01T00:00:00Z", "2026-01-01T04:00:00.5Z"], 2, [DateTime("2026-01-01T02:00:00Z")]),
        (["2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00Z"], 2, [DateTime("2025-12-31T23:00:00Z")]),
        (["0254-02-15T00:00:00Z", "0254-02-17T00:00:00Z"], 2, [DateTime("0254-02-16T00:00:00Z")]),
        (["2026-01-01T00:00:00", "2026-01-01T02:00:00"], 2, [DateTime("2026-01-01T01:00:00")]),
    ],
)
def test_bounds_are_computed_from_the_smallest_and_the_largest_value(
    values: list[Any], parts: int, bounds: list[Any], connect: Connect
) -> None:
    service = RangeService([{"No": number, "By": value} for number, value in enumerate(values)])
    with service.serve() as server:
        assert bounds_between(connect(server), QUERY, "By", parts=parts, deadline=None) == bounds


def test_texts_have_no_width(connect: Connect) -> None:
    service = RangeService([{"No": 1, "By": "A"}, {"No": 2, "By": "B"}])
    with service.serve() as server, pytest.raises(ValidationError, match="no number and no date") as caught:
        bounds_between(connect(server), QUERY, "By", parts=4, deadline=None)
    assert "at: [" in str(caught.value.example)


def test_a_value_that_stands_for_no_date_is_no_end_of_a_range(connect: Connect) -> None:
    days = ["0001-01-01", "2026-01-01", "2026-01-09"]
    service = RangeService([{"No": number, "By": day} for number, day in enumerate(days)])
    reading = ReadingSettings(null_dates=("0001-01-01",))
    with service.serve() as server:
        client = connect(server, reading=reading)
        query = QUERY.as_configured(reading)
        assert bounds_between(client, query, "By", parts=2, deadline=None) == [Date("2026-01-05")]


def test_numbers_that_come_as_text_are_numbers_where_their_type_is_known(connect: Connect) -> None:
    service = RangeService([{"No": 1, "By": "1"}, {"No": 2, "By": "9"}])
    query = EntityQuery(entity="C", key=("No",), types={"By": "Edm.Int64"})
    with service.serve() as server:
        assert bounds_between(connect(server), query, "By", parts=2, deadline=None) == [5]
