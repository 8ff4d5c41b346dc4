"""Every case that JMESPath's authors publish, and the few where we deviate on purpose."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from txojobs.expressions import EvaluationError, ExpressionError, parse
from txojobs.expressions.compare import equal

FOLDER = Path(__file__).parent / "compliance"

NULL_RULE = "null gives null instead of an error: a record may hold a null anywhere"
SKIPS_NULL = "aggregates leave nulls out"
BARE_NUMBER = "a bare number is a literal"

A = {"age": 20, "age_str": "20", "bool": True, "name": "a", "extra": "foo"}
B = {"age": 40, "age_str": "40", "bool": False, "name": "b", "extra": "bar"}

DEVIATIONS: dict[tuple[str, str], tuple[str, Any]] = {
    ("functions", "max(abc)"): (NULL_RULE, None),
    ("functions", "min(abc)"): (NULL_RULE, None),
    ("functions", "sort(abc)"): (NULL_RULE, None),
    ("functions", "map(&a, badkey)"): (NULL_RULE, None),
    ("functions", "max_by(people, &extra)"): (SKIPS_NULL, A),
    ("functions", "min_by(people, &extra)"): (SKIPS_NULL, B),
    ("syntax", "foo.[abc, 1]"): (BARE_NUMBER, None),
    ("syntax", "foo.[0, 1]"): (BARE_NUMBER, None),
}
"""(file, expression): (reason, our result)."""


def cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        suites = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        for number, suite in enumerate(suites):
            for case in suite["cases"]:
                name = f"{path.stem}-{number}-{case['expression']}"
                found.append(pytest.param(path.stem, suite["given"], case, id=name))
    return found


CASES = cases()


@pytest.mark.parametrize(("file", "given", "case"), CASES)
def test_means_what_the_compliance_case_says(file: str, given: Any, case: dict[str, Any]) -> None:
    before = copy.deepcopy(given)
    deviation = DEVIATIONS.get((file, case["expression"]))
    if deviation:
        assert equal(parse(case["expression"]).evaluate(given), deviation[1])
    elif "error" in case:
        with pytest.raises((ExpressionError, EvaluationError)):
            parse(case["expression"]).evaluate(given)
    else:
        assert equal(parse(case["expression"]).evaluate(given), case["result"])
    assert equal(given, before)


def test_all_cases_are_there() -> None:
    assert len(CASES) == 862


def test_every_deviation_still_exists() -> None:
    known = {(param.values[0], param.values[2]["expression"]) for param in CASES}
    assert set(DEVIATIONS) <= known
