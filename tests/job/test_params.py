"""Params: each type from text, from YAML, from the environment; every problem at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import InvalidJobError, Mark, Problem
from txojobs.job.load import load_text
from txojobs.job.params import TYPES, param_values
from txojobs.job.scope import Scope, run_facts
from txojobs.steps.kinds import FilePath

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=timezone(timedelta(hours=2)))
SCOPE = Scope(params={}, config={"a": 1}, run=run_facts("the-id", NOW), counts={})


def values(
    params: str, given: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, object]:
    text = (
        "version: 1\nparams:\n"
        + "".join(f"  {line}\n" for line in params.splitlines())
        + "steps:\n  - load: a.csv\n"
    )
    loaded = load_text(text, file="f", stem="job")
    if loaded.job is None:
        raise InvalidJobError("the job", loaded.problems)
    return param_values(loaded.job, given or {}, environ=environ or {}, scope=SCOPE)


def problems(
    params: str, given: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> list[Problem]:
    with pytest.raises(InvalidJobError) as caught:
        values(params, given, environ)
    return list(caught.value.problems)


GOOD = [
    ("string", "NO", '"NO"', "NO"),
    ("string", "", '""', ""),
    ("string", "007", "007x", None),
    ("integer", "7", "7", 7),
    ("integer", "-9007199254740993", "-9007199254740993", -9007199254740993),
    ("integer", "7.0", "7.0", 7),
    ("number", "1.10", "1.10", Decimal("1.10")),
    ("number", "5", "5", Decimal(5)),
    ("number", "1e3", "1e3", Decimal("1e3")),
    ("boolean", "true", "true", True),
    ("boolean", "False", "'False'", False),
    ("date", "2026-01-15", "2026-01-15", date(2026, 1, 15)),
    (
        "datetime",
        "2026-01-15T14:30:00Z",
        "2026-01-15T14:30:00Z",
        datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc),
    ),
    ("datetime", "2026-01-15 14:30", "2026-01-15 14:30", datetime(2026, 1, 15, 14, 30)),  # noqa: DTZ001  # as given
    (
        "datetime",
        "2026-01-15T14:30:00.5+01:00",
        "2026-01-15T14:30:00.5+01:00",
        datetime(2026, 1, 15, 14, 30, 0, 500_000, tzinfo=timezone(timedelta(hours=1))),
    ),
    ("list", "a, b,c", "[a, b, c]", ["a", "b", "c"]),
    ("list", "", "[]", []),
    ("list", '["a, b", "c", 1.50]', '["a, b", c, 1.50]', ["a, b", "c", Decimal("1.50")]),
    ("file", "data/a.csv", "data/a.csv", FilePath("data/a.csv")),
]


@pytest.mark.parametrize(("kind", "text", "yaml", "value"), GOOD)
def test_each_type_from_the_command_line_the_environment_and_the_default(
    kind: str, text: str, yaml: str, value: object
) -> None:
    given = values(f"p: {{type: {kind}}}", {"p": text})["p"]
    if value is None:
        assert given == text
        return
    assert given == value
    assert type(given) is type(value)
    assert str(given) == str(value)
    assert values(f"p: {{type: {kind}, default: {yaml}}}")["p"] == value
    if text:
        assert values(f"p: {{type: {kind}, env: VAR}}", environ={"VAR": text})["p"] == value


def test_every_type_is_tried_above() -> None:
    assert {kind for kind, *_ in GOOD} == set(TYPES)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "7.5"),
        ("integer", "seven"),
        ("integer", ""),
        ("integer", "1_000"),
        ("number", "1,5"),
        ("number", "NaN"),
        ("boolean", "yes"),
        ("boolean", "1"),
        ("date", "15.01.2026"),
        ("date", "2026-02-30"),
        ("date", "2026-01-15T00:00:00Z"),
        ("datetime", "2026-01-15"),
        ("datetime", "2026-02-30T00:00:00Z"),
        ("datetime", "now"),
        ("list", "[Open]"),
        ("list", '[["Open"]]'),
        ("list", '["Open"'),
    ],
)
def test_a_value_of_another_type_is_an_error(kind: str, text: str) -> None:
    (problem,) = problems(f"p: {{type: {kind}}}", {"p": text})
    assert problem.message.startswith("p takes ")
    assert repr(text) in problem.message
    assert problem.where == Mark("f", 3, 3)
    line = f"p: {{type: {kind}, default: '{text}'}}"
    (problem,) = problems(line)
    assert problem.where == Mark("f", 3, 2 + line.index("'") + 1)


@pytest.mark.parametrize(
    ("kind", "text", "fix"),
    [
        ("number", "1,5", "write 1.5: a number has a decimal point, and no separators of thousands"),
        (
            "number",
            "1,000",
            "write 1000 or 1.000: a number has a decimal point, and no separators of thousands",
        ),
        ("number", "1,234,567", "write 1234567, without separators of thousands"),
        ("integer", "1 000", "write 1000, without separators of thousands"),
        ("boolean", "yes", "write true or false"),
        (
            "date",
            "31.12.2026",
            "write year, month and day in this order; a job may also use ${{ run.today }}",
        ),
        ("list", "[Open]", "write -p p=A,B; texts with commas as a list of JSON: -p 'p=[\"A, B\"]'"),
        ("integer", "seven", "write digits alone"),
    ],
)
def test_a_value_of_another_type_has_a_way_out(kind: str, text: str, fix: str) -> None:
    (problem,) = problems(f"p: {{type: {kind}}}", {"p": text})
    assert problem.fix == fix


def test_a_text_that_the_terminal_has_cut_into_bytes_is_read_as_utf_8() -> None:
    """As it arrives where Python takes the terminal for ASCII (PEP 383)."""
    given = "Ö".encode().decode("ascii", "surrogateescape")
    assert values("p: {type: string}", {"p": given})["p"] == "Ö"
    assert values("p: {type: list, env: VAR}", environ={"VAR": f"a,{given}"})["p"] == ["a", "Ö"]


def test_a_text_that_is_no_utf_8_is_refused() -> None:
    (problem,) = problems("p: {type: string}", {"p": b"\xe4".decode("ascii", "surrogateescape")})
    assert problem.message == "p takes a text, and '\\udce4' is not in UTF-8"
    assert "UTF-8" in (problem.fix or "")


def test_values_of_python_are_taken_as_they_are() -> None:
    params = "a: {type: integer}\nb: {type: number}\nc: {type: date}\nd: {type: list}\ne: {type: boolean}"
    given = {"a": 7, "b": 7, "c": date(2026, 1, 1), "d": ("x",), "e": True}
    assert values(params, given) == {"a": 7, "b": Decimal(7), "c": date(2026, 1, 1), "d": ["x"], "e": True}


# -- where the value comes from ---------------------------------------------------------------------------------


def test_what_is_given_wins_over_the_environment_and_that_over_the_default() -> None:
    params = "p: {env: VAR, default: d}"
    assert values(params, {"p": "g"}, {"VAR": "e"}) == {"p": "g"}
    assert values(params, {}, {"VAR": "e"}) == {"p": "e"}
    assert values(params, {}, {"VAR": ""}) == {"p": "d"}
    assert values(params) == {"p": "d"}


def test_a_param_without_default_is_required() -> None:
    (problem,) = problems("p: {description: The country, env: VAR}")
    assert problem.message == "the param 'p' needs a value: The country"
    assert problem.fix == "give it with -p p=VALUE, or set VAR"
    assert problem.where == Mark("f", 3, 3)
    assert problems("p:")[0].message == "the param 'p' needs a value"


def test_required_false_and_a_null_default_allow_none() -> None:
    assert values("p: {required: false}\nq: {default: null}\nr: {type: integer, default: }") == {
        "p": None,
        "q": None,
        "r": None,
    }


@pytest.mark.parametrize(
    ("default", "value"),
    [
        ("${{ run.today }}", date(2026, 3, 31)),
        ("${{ run.previous-month-start }}", date(2026, 2, 1)),
        ("${{ run.month-end }}", date(2026, 3, 31)),
        ("${{ run.yesterday }}", date(2026, 3, 30)),
    ],
)
def test_a_default_may_look_at_the_run_in_the_jobs_timezone(default: str, value: object) -> None:
    assert values(f'p: {{type: date, default: "{default}"}}')["p"] == value


def test_a_default_may_be_put_together() -> None:
    assert values('p: {default: "from ${{ run.today }}"}')["p"] == "from 2026-03-31"
    assert values('p: {type: datetime, default: "${{ run.now }}"}')["p"] == NOW
    assert values('p: {type: list, default: ["${{ run.id }}", x]}')["p"] == ["the-id", "x"]


@pytest.mark.parametrize("path", ["params.q", "config.a", "steps.a.count", "env.X"])
def test_a_default_looks_at_nothing_else(path: str) -> None:
    (problem,) = problems(f'p: {{default: "x ${{{{ {path} }}}}"}}\nq: {{default: z}}')
    assert problem.where == Mark("f", 3, 19)
    assert "run.*" in problem.message or path.startswith("env")


def test_a_misspelt_default_has_its_mark_and_the_nearest_name() -> None:
    (problem,) = problems('p: {default: "${{ run.tody }}"}')
    assert problem.where == Mark("f", 3, 17)
    assert problem.fix == "did you mean 'today'?"


# -- enum -------------------------------------------------------------------------------------------------------


def test_enum_allows_these_values_only() -> None:
    params = 'p: {enum: [SE, "NO", DK]}'
    assert values(params, {"p": "DK"}) == {"p": "DK"}
    (problem,) = problems(params, {"p": "DE"})
    assert problem.message == "p cannot be 'DE'"
    assert "SE" in str(problem.fix) or "did you mean" in str(problem.fix)


def test_enum_is_of_the_params_type() -> None:
    assert values("p: {type: number, enum: [1, 2.50]}", {"p": "2.5"}) == {"p": Decimal("2.5")}
    (problem,) = problems("p: {type: integer, enum: [1, x]}", {"p": "1"})
    assert problem.message.startswith("enum: p takes a whole number")
    (problem,) = problems("p: {enum: [SE, 1]}", {"p": "SE"})
    assert problem.fix == 'quote it: "1"'


def test_a_default_outside_enum_is_an_error() -> None:
    (problem,) = problems("p: {enum: [a, b], default: c}")
    assert problem.message == "default: p cannot be 'c'"
    assert problem.where == Mark("f", 3, 30)


# -- the section ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message", "fix", "column"),
    [
        ("p: 5", "the param 'p' takes options", "write its default so", 6),
        ("p: {tpye: string, default: a}", "a param has no option 'tpye'", "did you mean 'type'?", 7),
        ("p: {type: text, default: a}", "type takes one of string, integer", None, 13),
        ("p: {type: int, default: 5}", "type takes one of string, integer", "did you mean 'integer'?", 13),
        ("p: {type: decimal}", "type takes one of string, integer", "did you mean 'number'?", 13),
        ("p: {required: yes please}", "required takes true or false", None, 17),
        ("p: {env: 5, default: a}", "env takes a text", 'quote it: "5"', 12),
        ("p: {enum: a, default: a}", "enum takes a list of values", None, 13),
        ("a.b: {default: a}", "'a.b' cannot be the name of a param", None, 3),
        ("p: {default: 5}", "default: p takes a text, not '5'", 'quote it: "5"', 16),
    ],
)
def test_a_fault_in_a_param_has_its_mark(params: str, message: str, fix: str | None, column: int) -> None:
    (problem,) = problems(params)
    assert message in problem.message
    assert fix is None or problem.fix == fix
    assert problem.where == Mark("f", 3, column)


def test_all_problems_of_the_values_are_told_at_once() -> None:
    found = problems("a: {type: integer}\nb: {}\nc: {enum: [x, z]}", {"a": "q", "c": "w", "bb": "1"})
    assert [problem.message for problem in found] == [
        "job has no param 'bb'",
        "a takes a whole number, not 'q'",
        "the param 'b' needs a value",
        "c cannot be 'w'",
    ]
    assert found[0].fix == "did you mean 'b'?" or "known" in str(found[0].fix)


def test_params_may_be_empty_and_nothing_else() -> None:
    assert load_text("version: 1\nparams:\nsteps:\n  - load: a.csv\n", file="f", stem="s").job is not None
    (problem,) = load_text("version: 1\nparams: [a]\nsteps:\n  - load: a.csv\n", file="f", stem="s").problems
    assert problem.where == Mark("f", 2, 9)
