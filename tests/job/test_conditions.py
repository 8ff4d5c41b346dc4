"""`if` is checked before the run: what cannot be true or false is found without one."""

from __future__ import annotations

import pytest

from tests.job.loading import job_of, problem_of
from txojobs.errors import Mark

PARAMS = """\
version: 1
params:
  s: {type: string, default: SE}
  i: {type: integer, default: 1}
  n: {type: number, default: 1}
  d: {type: date, default: 2026-01-01}
  t: {type: datetime, default: "2026-01-01T00:00:00Z"}
  l: {type: list, default: [a]}
  f: {type: file, default: a.csv}
  b: {type: boolean, default: true}
"""
USES_ALL = "${{ params.s }} == 'x' || ${{ params.i }} > ${{ params.n }} || ${{ params.d }} == ${{ params.t }}"
STEPS = f"""\
steps:
  - {{id: a, load: a.csv}}
  - if: {USES_ALL} || ${{{{ params.l }}}} == null || ${{{{ params.f }}}} == '' || ${{{{ params.b }}}}
    filter: "true"
"""


def job_with(condition: str) -> str:
    return f"{PARAMS}{STEPS}  - if: {condition}\n    save: a.csv\n"


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("${{ params.s }}", "a text"),
        ("${{ params.i }}", "a number"),
        ("${{ params.n }}", "a number"),
        ("${{ params.d }}", "a date"),
        ("${{ params.t }}", "a date"),
        ("${{ params.l }}", "a list"),
        ("${{ params.f }}", "a text"),
        ("${{ steps.a.count }}", "a number"),
        ("${{ run.today }}", "a date"),
        ("length('abc')", "a number"),
        ("concat('a', 'b')", "a text"),
    ],
)
def test_an_if_that_cannot_be_true_or_false_is_an_error_before_the_run(condition: str, kind: str) -> None:
    problem = problem_of(job_with(condition))
    assert problem.message == f"if must be true or false, and gives {kind}"
    assert problem.where == Mark("f", 15, 9)
    assert problem.fix is not None
    assert problem.fix.startswith("compare it with something")


@pytest.mark.parametrize(
    "condition",
    [
        "true",
        "${{ params.b }}",
        "'!${{ params.b }}'",
        "${{ params.s }} == 'SE'",
        "${{ params.s }} && ${{ params.b }}",
        "${{ params.n }} > 0",
        "${{ steps.a.count }} > 0",
        "${{ config.switches.monthly }}",
        "${{ run.today }} == ${{ run.month-start }}",
        "contains(${{ params.l }}, 'a')",
        "1 == 1",
    ],
)
def test_an_if_that_may_be_true_or_false_is_none(condition: str) -> None:
    assert job_of(job_with(condition)).steps
