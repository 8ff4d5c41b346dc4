"""Cursors: what is compared with what, what lies before, and how a service is asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.steps.cursor import DATE, LOCAL, MOMENT, NUMBER, cursor_of, earlier, in_text, literal_of

MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))  # noqa: DTZ001  # zones come next
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS, OFFSETS, MOMENTS, OFFSETS)
def test_moments_are_in_the_order_of_time_whatever_their_offsets(
    one: datetime, one_zone: timezone, other: datetime, other_zone: timezone
) -> None:
    first, second = one.replace(tzinfo=one_zone), other.replace(tzinfo=other_zone)
    found = [cursor_of(each.isoformat(), odata="v4").order for each in (first, second)]
    assert (found[0] < found[1]) == (first < second)
    assert (found[0] == found[1]) == (first == second)


@given(MOMENTS, OFFSETS, st.decimals(0, 10**6, places=3))
def test_earlier_subtracts_exactly(moment: datetime, zone: timezone, seconds: Decimal) -> None:
    cursor = cursor_of(moment.replace(tzinfo=zone).isoformat(), odata="v4")
    before = earlier(cursor, seconds)
    found = in_text(before.text)
    assert found is not None
    assert found.order == before.order == max(cursor.order - seconds, Decimal(0))
    assert before.text.endswith("Z")


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("2026-01-15T10:00:00Z", "2026-01-15T10:00:00.000000000001Z"),
        ("2026-01-15T10:00:00.9Z", "2026-01-15T10:00:00.91Z"),
        ("2026-01-15T12:00+05:00", "2026-01-15T10:00:00+00:30"),
        ("2025-12-31T23:59:59.999Z", "2026-01-01T00:59:59+00:30"),
        ("2026-01-09", "2026-01-10"),
    ],
)
def test_each_digit_counts(less: str, more: str) -> None:
    assert cursor_of(less, odata="v4").order < cursor_of(more, odata="v4").order


@pytest.mark.parametrize(
    ("value", "odata", "type_", "kind"),
    [
        (7, "v4", None, NUMBER),
        (-7, "v2", None, NUMBER),
        ("9007199254740993", "v2", "integer", NUMBER),
        ("2026-01-15", "v4", None, DATE),
        ("2026-01-15T10:00:00", "v2", None, LOCAL),
        ("2026-01-15T10:00:00", "v3", None, LOCAL),
        ("2026-01-15T10:00:00+00:00", "v2", None, MOMENT),
        ("2026-01-15T10:00:00Z", "v4", "datetime", MOMENT),
    ],
)
def test_what_a_value_is(value: Any, odata: str, type_: str | None, kind: str) -> None:
    assert cursor_of(value, odata=odata, type_=type_).kind == kind


@pytest.mark.parametrize(
    ("value", "odata", "type_"),
    [
        ("9007199254740993", "v2", None),
        ("9007199254740993", "v4", "text"),
        ("2026-01-15", "v2", None),
        ("2026-01-15T10:00:00", "v4", None),
        ("2026-01-15T10:00:00Z", "v4", "text"),
        ("2026-13-15T10:00:00Z", "v4", None),
        ("2026-01-15T10:00:61Z", "v4", None),
        ("20260115", "v4", None),
        ("", "v4", None),
        ("/Date(99999999999999999)/", "v2", None),
        ("8f2c1e52-2d3c-4a5b-9e0f-0123456789ab", "v4", None),
        (True, "v4", None),
        (Decimal("1.5"), "v4", None),
        (["2026-01-15"], "v4", None),
    ],
)
def test_what_has_no_order_that_is_ours_too_is_refused(value: Any, odata: str, type_: str | None) -> None:
    with pytest.raises(ValidationError, match="is no moment, date or whole number"):
        cursor_of(value, odata=odata, type_=type_)


@pytest.mark.parametrize(
    ("text", "odata", "literal"),
    [
        ("2026-01-15T10:00:00.1234567Z", "v4", "2026-01-15T10:00:00.1234567Z"),
        ("2026-01-15T10:00:00+02:00", "v4", "2026-01-15T08:00:00Z"),
        ("2026-01-15T10:00:00+02:00", "v2", "datetimeoffset'2026-01-15T08:00:00Z'"),
        ("2026-01-15T10:00:00.5", "v2", "datetime'2026-01-15T10:00:00.5'"),
        ("2026-01-15", "v4", "2026-01-15"),
        ("42", "v4", "42"),
        ("9007199254740993", "v2", "9007199254740993L"),
    ],
)
def test_a_service_is_asked_in_its_own_dialect(text: str, odata: str, literal: str) -> None:
    cursor = in_text(text)
    assert cursor is not None
    assert literal_of(cursor, odata=odata) == literal


@pytest.mark.parametrize(
    ("text", "amount", "before"),
    [
        ("2026-01-01T00:00:00Z", "0.5", "2025-12-31T23:59:59.5Z"),
        ("2026-03-01T00:00:00", "86400", "2026-02-28T00:00:00"),
        ("2026-01-15", "1", "2026-01-14"),
        ("2026-01-15", "0", "2026-01-15"),
        ("100", "30", "70"),
        ("10", "30", "-20"),
        ("0001-01-01T00:00:05Z", "60", "0001-01-01T00:00:00Z"),
    ],
)
def test_what_lies_before(text: str, amount: str, before: str) -> None:
    cursor = in_text(text)
    assert cursor is not None
    assert earlier(cursor, Decimal(amount)).text == before
