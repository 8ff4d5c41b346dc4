"""Binds one option, for the tests of the binder and of what it splices."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.job.scope import Scope, run_facts
from txojobs.steps.binder import Binder
from txojobs.steps.fitting import FAULT, Unknown
from txojobs.steps.kinds import FilePath
from txojobs.yaml_source import Mapping, read

if TYPE_CHECKING:
    from collections.abc import Mapping as AbstractMapping

    from txojobs.errors import Problem

NOW = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)
PARAMS: dict[str, object] = {
    "text": "x",
    "int": 7,
    "number": Decimal("1.50"),
    "flag": True,
    "none": None,
    "list": ["a", "b"],
    "numbers": [1, Decimal("2.5")],
    "date": date(2026, 1, 15),
    "moment": NOW,
    "file": FilePath("data/a.csv"),
}


def bind(hint: Any, text: str, params: AbstractMapping[str, object] = PARAMS) -> tuple[Any, list[Problem]]:
    """Bind the value of `a: ...`, as an option called `opt`."""
    source = read(f"a: {text}\n", file="f")
    assert isinstance(source.root, Mapping)
    problems: list[Problem] = []
    scope = Scope(
        params=params,
        config={"s": {"v": 0.1, "_x": 1}, "_token": "t"},
        run=run_facts("id", NOW),
        counts={"a": 5, "b": Unknown("integer")},
    )
    value = Binder(scope, problems).value(hint, source.root.entries["a"].value, "opt")
    assert (value is FAULT) == bool(problems)
    return value, problems


def bound(hint: Any, text: str, params: AbstractMapping[str, object] = PARAMS) -> Any:
    value, problems = bind(hint, text, params)
    assert problems == []
    return value


def problem_of(hint: Any, text: str, params: AbstractMapping[str, object] = PARAMS) -> Problem:
    problems = bind(hint, text, params)[1]
    assert len(problems) == 1, problems
    return problems[0]
