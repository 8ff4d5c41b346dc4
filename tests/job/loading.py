"""Loads the text of a job, as the tests of loading need it: right, or wrong in exactly one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.job.load import load_text

if TYPE_CHECKING:
    from txojobs.errors import Problem
    from txojobs.job.model import Job

STEPS = "steps:\n  - load: a.csv\n"


def job_of(text: str) -> Job:
    loaded = load_text(text, file="f", stem="stem")
    assert loaded.job is not None, loaded.problems
    assert loaded.problems == []
    return loaded.job


def problems_of(text: str) -> list[Problem]:
    loaded = load_text(text, file="f", stem="stem")
    assert loaded.job is None
    return loaded.problems


def problem_of(text: str) -> Problem:
    problems = problems_of(text)
    assert len(problems) == 1, problems
    return problems[0]


def in_steps(step: str, *, before: str = "  - load: a.csv\n") -> str:
    return f"version: 1\nsteps:\n{before}  - {step}\n"
