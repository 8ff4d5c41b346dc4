"""The reference of the steps says what the steps take, and its examples are jobs."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from txojobs.job.schema import COMMON_KEYS, job_schema
from txojobs.steps.catalogue import STEPS, step_class
from txojobs.steps.describe import StepPage, step_page, steps_markdown
from txojobs.steps.spec import options_of

COMMON = {name: sub["description"] for name, sub in COMMON_KEYS.items()}
STEP = Draft202012Validator({**job_schema()["$defs"]["step"], "$defs": job_schema()["$defs"]})


def page(verb: str) -> StepPage:
    found = step_page(verb)
    assert found is not None
    return found


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(text)


@pytest.mark.parametrize("verb", STEPS)
def test_every_step_says_what_it_is_for_and_shows_an_example_that_is_valid(verb: str) -> None:
    described = page(verb)
    assert described.summary.endswith(".")
    steps = parsed(described.example)
    assert any(verb in step for step in steps)
    for step in steps:
        assert [error.message for error in STEP.iter_errors(step)] == []


@pytest.mark.parametrize("verb", STEPS)
def test_every_option_is_described_with_its_example_valid(verb: str) -> None:
    cls = step_class(verb)
    assert cls is not None
    assert [row.name for row in page(verb).options] == [option.name for option in options_of(cls)]
    required = {
        row.name: parsed(row.example or "x") for row in page(verb).options if row.default == "required"
    }
    for row in page(verb).options:
        assert row.text.endswith("."), row
        assert row.type, row
        if row.example is not None:
            options = {**required, row.name: parsed(row.example)}
            one_of = getattr(cls, "exactly_one", ())
            if one_of and not set(one_of).intersection(options):
                options[one_of[0]] = "X"
            assert [error.message for error in STEP.iter_errors({verb: options})] == [], row


def test_tells_what_is_required_and_what_the_defaults_are() -> None:
    rows = {row.name: row for row in page("save").options}
    assert (rows["file"].default, rows["stamp"].default, rows["when-empty"].default) == (
        "required",
        "true",
        "write",
    )
    assert rows["sheets"].default == ""
    assert rows["when-empty"].type == "one of write, skip, fail"


def test_options_within_an_option_have_a_table_of_their_own() -> None:
    groups = dict(page("transform").groups)
    assert [row.name for row in groups["each name in add and columns"]] == [
        "value",
        "const",
        "type",
        "format",
    ]
    assert next(iter(dict(page("fetch").groups)["paging"])).name == "kind"
    assert page("filter").groups == ()


def test_a_step_that_can_be_written_short_says_so() -> None:
    assert page("filter").short == "where"
    assert page("transform").short is None


def test_there_is_no_page_of_a_step_that_is_not_there() -> None:
    assert step_page("fetsch") is None


def test_the_page_has_a_section_for_each_step_and_its_tables_are_whole() -> None:
    text = steps_markdown(COMMON)
    for verb in STEPS:
        assert f"\n## {verb}\n" in text
        assert page(verb).example in text
    for name, words in COMMON.items():
        assert f"| `{name}` | {words} |" in text
    for block in text.split("\n\n"):
        table = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in table}) <= 1, block


def test_the_page_is_the_same_each_time() -> None:
    assert steps_markdown(COMMON) == steps_markdown(COMMON)
