"""What `fetch` refuses before anything is asked, and what it asks; tests/rest shows that it reads everything."""

from __future__ import annotations

import pytest

from txojobs.job.load import load_text
from txojobs.rest.query import EntityQuery
from txojobs.steps.fetch import Fetch
from txojobs.steps.kinds import EntityPath, ODataText


def problems(options: str) -> list[str]:
    text = f"version: 1\nsteps:\n  - fetch: {{entity: Customers, {options}}}\n"
    return [problem.message for problem in load_text(text, file="job.yaml", stem="job").problems]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("page-size: 0", "page-size must be at least 1, not 0"),
        ("limit: -1", "limit must be at least 1, not -1"),
        ("select: [A], key: [B]", "key names 'B', which select does not read"),
        ("query: {$top: '5'}", "$top does not belong into query"),
        ("headers: {Authorization: x}", "the header Authorization cannot be set in a job"),
        ("headers: {COOKIE: x}", "the header COOKIE cannot be set in a job"),
    ],
)
def test_what_cannot_be_asked_is_found_before_the_run(options: str, message: str) -> None:
    assert problems(options) == [message]


def test_good_options_are_no_problem() -> None:
    assert problems("select: [A], key: [A], page-size: 10, limit: 5, query: {sap-client: '100'}") == []


def test_each_option_becomes_a_part_of_the_query() -> None:
    step = Fetch(
        entity=EntityPath("Customers"),
        select=("A", "B"),
        filter=ODataText("A eq 1"),
        expand=("Lines", "Owner"),
        order_by=("A desc",),
        search="bicycle",
        page_size=10,
        limit=7,
        key=("A",),
        headers={"X": "y"},
        query={"sap-client": "100"},
    )
    assert step.request() == EntityQuery(
        entity="Customers",
        select=("A", "B"),
        filter="A eq 1",
        expand="Lines,Owner",
        order_by=("A desc",),
        page_size=10,
        limit=7,
        key=("A",),
        headers={"X": "y"},
        extra={"$search": "bicycle", "sap-client": "100"},
    )


@pytest.mark.parametrize(("own", "asked", "result"), [(7, None, 7), (7, 3, 3), (3, 7, 3), (None, 3, 3)])
def test_the_smaller_limit_counts(own: int | None, asked: int | None, result: int) -> None:
    assert Fetch(entity=EntityPath("Customers"), limit=own).request(asked).limit == result


def test_the_columns_are_those_that_are_selected_and_expanded() -> None:
    step = Fetch(entity=EntityPath("Orders"), select=("No", "Owner/Name"), expand=("Lines($select=A)",))
    assert [column.name for column in step.outgoing(None) or ()] == ["No", "Owner", "Lines"]
    assert Fetch(entity=EntityPath("Orders")).outgoing(None) is None
    assert Fetch(entity=EntityPath("Orders"), select=("*",)).outgoing(None) is None
