"""What `fetch` refuses before anything is asked, and what it asks; tests/rest shows that it reads everything."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from txojobs.errors import InvalidJobError, Mark, Problem, ValidationError
from txojobs.job.bind import bind_step
from txojobs.job.load import load_text
from txojobs.job.scope import Scope, run_facts
from txojobs.rest.expansion import Expansion
from txojobs.rest.query import EntityQuery
from txojobs.rest.typed_literals import typed_literal
from txojobs.steps.fetch import Fetch
from txojobs.steps.kinds import EntityPath, ODataText


def problems(options: str, severity: str = "error") -> list[Problem]:
    text = f"version: 1\nsteps:\n  - fetch: {{entity: Customers, {options}}}\n"
    found = load_text(text, file="job.yaml", stem="job").problems
    return [problem for problem in found if problem.severity == severity]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("page-size: 0", "page-size must be at least 1, not 0"),
        ("limit: -1", "limit must be at least 1, not -1"),
        ("select: [A], key: [B]", "key names 'B', which select does not read"),
        ("query: {$top: '5'}", "$top does not belong into query"),
        ("headers: {Authorization: x}", "the header Authorization cannot be set in a job"),
        ("headers: {COOKIE: x}", "the header COOKIE cannot be set in a job"),
        ("query: {$SkipToken: '5'}", "$SkipToken does not belong into query"),
        ("complete: verify", "complete: verify needs the key of the records"),
        ("on-duplicate: keep-last", "on-duplicate: keep-last needs the key of the records"),
        ("complete: count, limit: 5", "complete: count cannot be had with a limit, which leaves records out"),
        ("complete: full", "complete takes one of auto, count, verify, none, not the text 'full'"),
        ("expand: {Lines: {selct: [A]}}", "Lines has no option 'selct'"),
    ],
)
def test_what_cannot_be_asked_is_found_before_the_run(options: str, message: str) -> None:
    assert [problem.message for problem in problems(options)] == [message]


def test_an_optional_name_that_allows_nothing_is_warned_of() -> None:
    options = "key: [No], select: [No, Email, Home/City], expand: {Lines: {select: [Sum]}}, optional: "
    assert problems(f"{options}[Email, Home, Home/City, Lines, Lines/Sum]", "warning") == []
    (problem,) = problems(f"{options}[Emial]", "warning")
    assert (
        problem.message == "optional names 'Emial', which neither select nor expand does, and has no effect"
    )
    assert problem.fix == "did you mean 'Email'?"


def test_a_short_name_of_4_01_in_query_is_warned_of() -> None:
    (problem,) = problems("key: [No], query: {top: 5, mine: 6}", "warning")
    assert problem.message == "top in query is the same as $top for OData V4, and is refused there"
    assert problem.fix == "use limit of fetch"


@pytest.mark.parametrize(
    "options", ["select: [A]", "order-by: [A]", "complete: count", "filter: A eq 1", "key: []"]
)
def test_a_fetch_without_a_key_is_warned_of_once_with_the_way_out(options: str) -> None:
    (problem,) = problems(options, "warning")
    assert problem.message == "no key: one record that is lost while another comes twice is not noticed"
    assert problem.fix is not None
    assert "complete: none" in problem.fix
    assert problem.example == "key: [CustomerNo]"
    assert problem.where == Mark("job.yaml", 3, 5)
    assert problem.length == len("fetch")
    assert problems(options) == []


@pytest.mark.parametrize(
    "options",
    [
        "key: [A]",
        "complete: none",
        "limit: 10",
        "apply: aggregate(A with sum as B)",
        "complete: verify",
        "on-duplicate: keep-first",
    ],
)
def test_no_key_is_no_doubt_where_nothing_is_claimed_or_an_error_says_it(options: str) -> None:
    assert problems(options, "warning") == []


def test_a_fetch_in_its_short_form_is_warned_of_as_well() -> None:
    text = (
        "version: 1\nsteps:\n  - {id: a, fetch: A}\n  - {id: b, fetch: B}\n  - {from: [a, b], save: a.csv}\n"
    )
    loaded = load_text(text, file="job.yaml", stem="job")
    assert loaded.job is not None
    assert [str(problem.where) for problem in loaded.problems] == ["job.yaml:3:13", "job.yaml:4:13"]


def test_good_options_are_no_problem() -> None:
    for options in (
        "select: [A], key: [A], page-size: 10, limit: 5, query: {sap-client: '100', $format: json}",
        "filter: [A eq 1, B eq 2], expand: {Lines: {select: [A], filter: A gt 1}}, apply: x",
    ):
        assert problems(options) == problems(options, "warning") == []


NESTED = (
    "{Orders: {select: [No], expand: {Lines: {filter: A gt 1, expand: [Item/Unit]}, Seller: {limit: 1}}}}"
)


def test_what_is_expanded_inside_of_another_is_the_same_as_its_path() -> None:
    step = fetched(f"      expand: {NESTED}\n")
    assert step.request().expand == {
        "Orders": Expansion(select=("No",)),
        "Orders/Lines": Expansion(filter="A gt 1"),
        "Orders/Lines/Item/Unit": Expansion(),
        "Orders/Seller": Expansion(limit=1),
    }


@pytest.mark.parametrize(
    "expand",
    ["{Orders: {expand: [Lines]}, Orders/Lines: {}}", "[Lines, Lines]", "{Orders: {expand: [A, A]}}"],
)
def test_what_is_expanded_twice_is_refused(expand: str) -> None:
    (problem,) = problems(f"key: [No], expand: {expand}")
    assert "twice, once as a path" in problem.message


@pytest.mark.parametrize(
    ("expand", "path"),
    [("{Orders: {limit: 0}}", "Orders"), ("{Orders: {expand: {Lines: {limit: -1}}}}", "Orders/Lines")],
)
def test_p2_a_limit_of_nothing_is_refused_and_not_passed_over(expand: str, path: str) -> None:
    (problem,) = problems(f"key: [No], expand: {expand}")
    assert problem.message.startswith(f"limit of {path} must be at least 1")


def test_a_fault_deep_inside_of_expand_is_told() -> None:
    (problem,) = problems("key: [No], expand: {Orders: {expand: {Lines: {selct: [A]}}}}")
    assert problem.message == "Lines has no option 'selct'"


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
        key=("A", "B"),
        headers={"X": "y"},
        query={"sap-client": "100"},
    )
    assert step.request() == EntityQuery(
        entity="Customers",
        select=("A", "B"),
        filter="A eq 1",
        expand={"Lines": Expansion(), "Owner": Expansion()},
        order_by=("A desc",),
        page_size=10,
        limit=7,
        key=("A", "B"),
        adds_to_order=("B",),
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


PARAMS: dict[str, object] = {
    "name": "O'Neil & Sons' or 1 eq 1",
    "none": None,
    "number": Decimal("12.50"),
    "big": 9007199254740993,
    "day": date(2026, 1, 15),
    "moment": "2026-01-15T14:30:00Z",
    "shifted": "2026-01-15T01:30:00.5+02:00",
    "then": datetime(2026, 1, 15, 1, 30, tzinfo=timezone(timedelta(hours=2))),
    "one": 5,
    "flag": True,
    "guid": "6F2C1A52-0000-4000-8000-000000000001",
    "names": ["a", "b'c"],
    "guids": ["6F2C1A52-0000-4000-8000-000000000001"],
    "time": "08:30",
    "status": "Open",
}


def fetched(options: str, *, entity: str = "Customers") -> Fetch:
    declared = "".join(f"  {name}: {{type: {kind_of(value)}}}\n" for name, value in PARAMS.items())
    text = f"version: 1\nparams:\n{declared}steps:\n  - fetch:\n      entity: {entity}\n      key: [Id]\n{options}"
    loaded = load_text(text, file="job.yaml", stem="job")
    assert not loaded.problems, loaded.problems
    assert loaded.job is not None
    scope = Scope(
        params=PARAMS, config={}, run=run_facts("id", datetime(2026, 1, 15, tzinfo=timezone.utc)), counts={}
    )
    step = bind_step(loaded.job.steps[0], scope)
    assert isinstance(step, Fetch)
    return step


def kind_of(value: object) -> str:
    kinds = {
        bool: "boolean",
        int: "integer",
        Decimal: "number",
        date: "date",
        list: "list",
        datetime: "datetime",
    }
    return kinds.get(type(value), "string")


FILTERS = {
    "Name eq ${{ params.name }}": ("Name eq 'O''Neil & Sons'' or 1 eq 1'",) * 2,
    "Name eq ${{ params.none }}": ("Name eq null",) * 2,
    "A ge ${{ params.number }} and B ne ${{ params.big }}": (
        "A ge 12.50 and B ne 9007199254740993",
        "A ge 12.50M and B ne 9007199254740993L",
    ),
    "D gt ${{ params.day }}": ("D gt 2026-01-15", "D gt datetime'2026-01-15T00:00:00'"),
    "D gt datetimeoffset${{ params.moment }}": (
        "D gt 2026-01-15T14:30:00Z",
        "D gt datetimeoffset'2026-01-15T14:30:00Z'",
    ),
    "D gt datetime${{ params.moment }}": ("D gt 2026-01-15T14:30:00Z", "D gt datetime'2026-01-15T14:30:00'"),
    "D gt datetime${{ params.shifted }}": (
        "D gt 2026-01-15T01:30:00.5+02:00",
        "D gt datetime'2026-01-14T23:30:00.5'",
    ),
    "D gt datetime${{ params.then }}": ("D gt 2026-01-14T23:30:00Z", "D gt datetime'2026-01-14T23:30:00'"),
    "D gt datetimeoffset${{ params.then }}": (
        "D gt 2026-01-14T23:30:00Z",
        "D gt datetimeoffset'2026-01-14T23:30:00Z'",
    ),
    "D gt date${{ params.then }}": ("D gt 2026-01-15", "D gt datetime'2026-01-15T00:00:00'"),
    "D gt datetime${{ params.day }}": ("D gt 2026-01-15T00:00:00Z", "D gt datetime'2026-01-15T00:00:00'"),
    "D gt datetimeoffset${{ params.day }}": (
        "D gt 2026-01-15T00:00:00Z",
        "D gt datetimeoffset'2026-01-15T00:00:00Z'",
    ),
    "(A gt ${{ params.big }}) and f(x=${{params.flag}},y=${{ params.name }}) eq -${{ params.number }}": (
        "(A gt 9007199254740993) and f(x=true,y='O''Neil & Sons'' or 1 eq 1') eq -12.50",
        "(A gt 9007199254740993L) and f(x=true,y='O''Neil & Sons'' or 1 eq 1') eq -12.50M",
    ),
    "F eq ${{ params.flag }}": ("F eq true",) * 2,
    "Id eq guid${{ params.guid }} or Id eq guid${{ params.none }}": (
        "Id eq 6F2C1A52-0000-4000-8000-000000000001 or Id eq null",
        "Id eq guid'6F2C1A52-0000-4000-8000-000000000001' or Id eq null",
    ),
    "S eq Sales.Status${{ params.status }}": ("S eq Sales.Status'Open'",) * 2,
    "T eq time${{ params.time }}": ("T eq 08:30", "T eq time'PT08H30M00S'"),
    "Name in ${{ params.names }}": ("Name in ('a','b''c')", None),
    "Id in guid${{ params.guids }}": ("Id in (6F2C1A52-0000-4000-8000-000000000001)", None),
}


@pytest.mark.parametrize("text", FILTERS)
def test_values_become_typed_literals_of_each_version_of_odata(text: str) -> None:
    step = fetched(f"      filter: {text}\n")
    v4, v2 = FILTERS[text]
    assert step.request().filter == v4
    if v2 is None:
        with pytest.raises(ValidationError, match="V2 has no lists"):
            step.request(odata="v2")
    else:
        assert step.request(odata="v2").filter == v2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Id eq guid${{ params.name }}", "is no GUID"),
        ("Id eq${{ params.name }}", "'eq' stands directly before a value"),
        ("S eq Sales.Status${{ params.name }}", "is no member of an enumeration"),
        ("S eq guid${{ params.flag }}", "is no text that could be a Guid"),
        ("Id eq guid'${{ params.guid }}'", "stands between quotes"),
        ("D gt datetimeoffset${{ params.time }}", "'08:30' is no moment with a time zone"),
        ("T gt time${{ params.then }}", "is no text that could be a TimeOfDay"),
        ("S eq ${{ params.name }}x", "a value stands alone in a filter, and 'x' touches it"),
        ("S eq ${{ params.flag }}L", "a value stands alone in a filter, and 'L' touches it"),
        ("S eq ${{ params.one }}Lo", "a value stands alone in a filter, and 'L' touches it"),
        ("S eq ${{ params.one }}.5", "a value stands alone in a filter, and '.' touches it"),
        ("S eq ${{ params.name }}'x'", "a value stands alone in a filter, and"),
        ("S eq ${{ params.one }}${{ params.one }}", "a value stands alone in a filter, and '1' touches it"),
        ("S eq 1${{ params.one }}", "a value stands alone in a filter, and '1' touches it"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_an_error(text: str, message: str) -> None:
    with pytest.raises((InvalidJobError, AssertionError)) as caught:
        fetched(f"      filter: {text}\n")
    assert message in str(getattr(caught.value, "problems", caught.value))


def test_a_number_takes_the_letter_that_says_its_type_in_v2() -> None:
    step = fetched("      filter: A gt ${{ params.one }}M and (B eq ${{ params.one }}d)\n")
    assert step.request(odata="v2").filter == "A gt 5M and (B eq 5d)"


def test_a_moment_without_a_zone_is_one_of_v2_alone() -> None:
    step = fetched("      filter: D gt datetime${{ params.moment }}\n")
    assert step.request(odata="v3").filter == "D gt datetime'2026-01-15T14:30:00'"
    with pytest.raises(ValidationError, match="is no moment with a time zone"):
        typed_literal("2026-01-15T14:30:00", "D gt datetime", dialect="v4")
    with pytest.raises(ValidationError, match="is no moment with a time zone"):
        typed_literal("2026-01-15T14:30:00", "D gt datetimeoffset", dialect="v2")
    assert typed_literal("2026-01-15T14:30:00", "D gt datetime", dialect="v2") == (
        "D gt ",
        "datetime'2026-01-15T14:30:00'",
    )


def test_an_empty_list_says_what_to_do_about_it() -> None:
    with pytest.raises(ValidationError, match="an empty list cannot be written in a filter") as caught:
        typed_literal([], "Name in ", dialect="v4")
    assert caught.value.how_to_fix is not None
    assert caught.value.how_to_fix.startswith("name at least one value; where none means all")


def test_a_condition_without_a_value_falls_away() -> None:
    several = ("Name eq ${{ params.name }}", "B eq ${{ params.none }}", "C gt 1 or C lt 0")
    options = "      filter:\n" + "".join(f"        - {each}\n" for each in several)
    assert (
        fetched(options).request().filter == "(Name eq 'O''Neil & Sons'' or 1 eq 1') and (C gt 1 or C lt 0)"
    )
    assert (
        fetched("      filter:\n        - B eq ${{ params.none }}\n        - C gt 1\n").request().filter
        == "C gt 1"
    )
    assert fetched("      filter:\n        - B eq ${{ params.none }}\n").request().filter is None


def test_keys_in_a_path_are_written_as_the_service_wants_them() -> None:
    guid = "6F2C1A52-0000-4000-8000-000000000001"
    step = fetched("", entity="Companies(guid${{ params.guid }})/Customers(${{ params.name }})")
    name = "%27O%27%27Neil%20%26%20Sons%27%27%20or%201%20eq%201%27"
    assert step.request().entity == f"Companies({guid})/Customers({name})"
    assert step.request(odata="v2").entity == f"Companies(guid%27{guid}%27)/Customers({name})"
