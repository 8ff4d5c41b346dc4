"""Late binding: what a step gets when it is about to run, and every fault told with its place."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.config.json_text import read_json
from txojobs.errors import InvalidJobError, Mark
from txojobs.job.bind import bind_condition, bind_step, bind_text
from txojobs.job.load import load_text
from txojobs.job.scope import Scope, run_facts
from txojobs.steps.filter import Filter
from txojobs.steps.kinds import FileName, FilePath
from txojobs.steps.projection import Value
from txojobs.steps.save import Save
from txojobs.steps.transform import Transform

if TYPE_CHECKING:
    from txojobs.job.model import StepUse

PARAMS = (
    "version: 1\nparams:\n  p: {required: false}\n  n: {type: number, default: 1}\n  f: {type: file}\n"
    "  b: {type: boolean}\nsteps:\n"
)


def use_of(step: str) -> StepUse:
    loaded = load_text(f"{PARAMS}  - {{id: a, load: a.csv}}\n  - {step}\n", file="f", stem="s")
    assert loaded.job is not None, loaded.problems
    return loaded.job.steps[-1]


def configured(text: str) -> Scope:
    """Return a scope with this configuration, as it is read from a file."""
    now = datetime(2026, 1, 15, tzinfo=timezone.utc)
    config = read_json(text.encode(), "f").value
    return Scope(params={}, config=config, run=run_facts("id", now), counts={})


def scope(**params: object) -> Scope:
    now = datetime(2026, 1, 15, tzinfo=timezone.utc)
    return Scope(params=params, config={"s": {"limit": 0.1}}, run=run_facts("id", now), counts={"a": 3})


def test_a_step_is_bound_with_the_values_of_the_run() -> None:
    step = bind_step(use_of("filter: A > ${{ params.n }}"), scope(n=Decimal("1.50")))
    assert isinstance(step, Filter)
    assert step.where.text == "A > `1.50`"


def test_a_value_that_does_not_suit_is_an_error_with_its_mark() -> None:
    use = use_of("save: '${{ params.p }}'")
    with pytest.raises(InvalidJobError) as caught:
        bind_step(use, scope(p="x.foo"))
    (problem,) = caught.value.problems
    assert "'.foo' are not supported" in problem.message
    assert problem.where == Mark("f", 9, 5)
    with pytest.raises(InvalidJobError) as caught:
        bind_step(use, scope(p=None))
    assert caught.value.problems[0].where == Mark("f", 9, 12)


@pytest.mark.parametrize("path", ["../x.csv", "/etc/x.csv", "C:\\x.csv", "a/../../x.csv"])
def test_b5_a_file_of_a_param_never_leaves_its_folder(path: str) -> None:
    for step in ("save: ${{ params.f }}", "load: ${{ params.f }}\n    if: ${{ steps.a.count }} > 0"):
        with pytest.raises(InvalidJobError):
            bind_step(use_of(step), scope(f=FilePath(path)))


def test_a_value_of_the_configuration_is_an_exact_decimal() -> None:
    step = bind_step(use_of("filter: A > ${{ config.s.limit }}"), scope())
    assert isinstance(step, Filter)
    assert step.where.text == "A > `0.1`"


@pytest.mark.parametrize(
    "number",
    [
        "12345678901234567.89",
        "1.10",
        "0.1000000000000000055511151231257827",
        "9007199254740993",
        "-0.50",
        "1e-300",
    ],
)
def test_each_digit_of_a_number_in_the_configuration_comes_into_the_job(number: str) -> None:
    values = configured(f'{{"s": {{"v": {number}, "list": [{number}]}}}}')
    step = bind_step(use_of("filter: A > ${{ config.s.v }}"), values)
    assert isinstance(step, Filter)
    assert Decimal(step.where.text.removeprefix("A > ").strip("`")).as_tuple() == Decimal(number).as_tuple()
    listed = bind_step(use_of("transform: {columns: {X: {const: '${{ config.s.list }}'}}}"), values)
    assert isinstance(listed, Transform)
    value = listed.columns["X"]
    assert isinstance(value, Value)
    assert value.const == [Decimal(number)]


def test_a_number_of_the_configuration_stands_in_a_name_as_it_is_written() -> None:
    values = configured('{"erp": {"api-version": 1.10}}')
    step = bind_step(use_of("save: 'v${{ config.erp.api-version }}.csv'"), values)
    assert isinstance(step, Save)
    assert step.file.text == "v1.10.csv"


def test_a_configuration_that_lacks_the_value_is_an_error() -> None:
    use = use_of("filter: A > ${{ config.s.limt }}")
    with pytest.raises(InvalidJobError) as caught:
        bind_step(use, scope())
    assert caught.value.problems[0].fix == "did you mean 'limit'?"
    assert caught.value.problems[0].where == Mark("f", 9, 17)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("true", True),
        ("false", False),
        ("${{ params.n }} > 0", True),
        ("${{ params.n }} > 5", False),
        ("${{ params.p }} == null", True),
        ("${{ params.p }} == 'x'", False),
        ("${{ params.b }}", False),
        ("${{ steps.a.count }} > 2", True),
        ("${{ run.today }} >= '2026-01-01'", None),
    ],
)
def test_a_condition_is_true_or_false(condition: str, verdict: bool | None) -> None:  # noqa: FBT001  # a table
    node = use_of(f"filter: A\n    if: {condition}").condition
    assert node is not None
    if verdict is None:
        bind_condition(node, scope())
    else:
        assert bind_condition(node, scope(n=Decimal(1), p=None, b=None)) is verdict


@pytest.mark.parametrize("condition", ["${{ config.s.limit }}", "add(${{ config.s.limit }}, 1)"])
def test_a_condition_that_is_neither_is_an_error_with_its_mark(condition: str) -> None:
    node = use_of(f'filter: A\n    if: "{condition}"').condition
    assert node is not None
    with pytest.raises(InvalidJobError, match="must be true or false, and gives a number") as caught:
        bind_condition(node, scope())
    (problem,) = caught.value.problems
    assert problem.where == Mark("f", 10, 9)
    assert problem.fix is not None
    assert problem.fix.startswith("compare it with something")


def test_a_file_name_gets_its_values() -> None:
    node = use_of("filter: A\n    rejects: bad-${{ params.p }}.csv").rejects
    assert node is not None
    assert bind_text(FileName, node, scope(p="a-b")) == "bad-a-b.csv"
    assert bind_text(FileName, node, scope(p="a/b")) == "bad-a-b-c14cddc0.csv"
    with pytest.raises(InvalidJobError):
        bind_text(FileName, node, scope(p=None))
