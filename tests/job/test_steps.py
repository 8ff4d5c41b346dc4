"""A step of a job: its verb, and the keys that may stand beside it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.job.loading import STEPS, in_steps, job_of, problem_of
from txojobs.errors import Mark
from txojobs.job.load import load_text
from txojobs.job.steps import COMMON, MAX_STEPS
from txojobs.steps.filter import Filter

# -- a step: its verb and the keys beside it --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "column", "message", "fix"),
    [
        ("id: a", 5, "this step has no verb", "add one of fetch, load"),
        ("filtre: A", 5, "there is no step 'filtre'", "did you mean 'filter'?"),
        ("FILTER: A", 5, "there is no step 'FILTER'", "did you mean 'filter'?"),
        ("filter", 5, "a step is a mapping with a verb, not the text 'filter'", "write `- filter:`"),
        ("[filter]", 5, "a step is a mapping with a verb, not a list", "verb: options"),
        (
            "filter: A\n    save: a.csv",
            5,
            "a step has one verb, and this one has filter and save",
            "begin a new step",
        ),
        ("filter: A\n    were: B", 5, "a step has no key 'were'", "did you mean 'where'?"),
        ("filter: A\n    where: B", 5, "where is an option of filter", "indent it below filter:"),
        ("filter: A\n    on_error: fail", 5, "a step has no key 'on_error'", "did you mean 'on-error'?"),
        ("for-each: x\n    filter: A", 5, "for-each is not available yet", "delete it"),
        ("filter:", 5, "filter takes a JMESPath expression, not nothing", None),
        ("filter: {optional: [A]}", 5, "filter lacks 'where'", "add it below filter"),
        (
            "filter: !Blocked",
            13,
            "!Blocked is a YAML tag, and tags are not allowed",
            "put the whole text in quotes",
        ),
        (
            "filter: !Blocked && x",
            13,
            "!Blocked is a YAML tag, and tags are not allowed",
            "put the whole text in",
        ),
        (
            "on-error: ignore\n    filter: A",
            15,
            "on-error takes one of fail, continue, not the text 'ignore'",
            "write continue: the run goes on without this step",
        ),
        (
            "disabled: 'yes'\n    filter: A",
            15,
            "disabled takes true or false, not the text 'yes'",
            "write true",
        ),
        ("filter: [A]", 13, "filter takes a JMESPath expression, not a list", "must be quoted"),
        ("filter: 5", 13, "filter takes a JMESPath expression, not the number 5", None),
    ],
)
def test_the_verb_is_the_key_and_every_error_is_exact(
    step: str, column: int, message: str, fix: str | None
) -> None:
    problem = problem_of(in_steps(step))
    assert problem.message == message
    is_below = any(words in problem.message for words in ("no key", "one verb", "an option of"))
    assert problem.where == Mark("f", 5 if is_below else 4, column)
    assert fix is None or fix in str(problem.fix)


def test_a_verb_whose_main_option_is_enough_takes_it_directly() -> None:
    short = job_of(in_steps("filter: A == 1")).steps[1].sample
    long = job_of(in_steps("filter: {where: A == 1}")).steps[1].sample
    assert isinstance(short, Filter)
    assert isinstance(long, Filter)
    assert short.where.text == long.where.text == "A == 1"


def test_every_common_key_is_read() -> None:
    text = in_steps(
        "id: mine\n    from: above\n    api: bc\n    if: 1 > 0\n    timeout: 10m\n    on-error: continue\n"
        "    rejects: bad.csv\n    description: Words\n    disabled: true\n    filter: A",
        before="  - {id: above, load: a.csv}\n",
    )
    use = job_of(text).steps[1]
    assert set(COMMON) <= set(text.replace(":", " ").split())
    assert (use.id, use.key, use.reads, use.timeout_s) == ("mine", "mine", ("above",), 600.0)
    assert (use.on_error, use.description, use.disabled) == ("continue", "Words", True)
    assert (use.api and use.api.text, getattr(use.rejects, "text", None)) == ("bc", "bad.csv")
    assert use.condition is not None


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("id", "a b", "id takes a name"),
        ("id", "1a", "id takes a name"),
        ("id", "[a]", "id takes a name"),
        ("from", "5", "from takes the id of a step"),
        ("from", "[]", "from takes the id of a step"),
        ("timeout", "soon", "timeout takes a duration, not the text 'soon'"),
        ("timeout", "0", "timeout takes a duration"),
        ("timeout", "-5", "timeout takes a duration"),
        ("timeout", "true", "timeout takes a duration"),
        ("on-error", "ignore", "on-error takes one of fail, continue"),
        ("disabled", "'yes'", "disabled takes true or false"),
        ("description", "5", "description takes a text"),
        ("rejects", "bad.foo", "'.foo' are not supported"),
        ("rejects", "../bad.csv", "is not allowed"),
        ("rejects", "5", "rejects takes a file name"),
        ("api", "[a]", "api takes a text"),
        ("if", "A > 1", "if looks at values in ${{ }} only, and A is none"),
        ("if", "1 >", "incomplete"),
        ("if", "[a]", "if takes"),
    ],
)
def test_a_fault_in_a_common_key_has_its_mark(key: str, value: str, message: str) -> None:
    problem = problem_of(in_steps(f"filter: A\n    {key}: {value}"))
    assert message in problem.message or (message == "incomplete" and problem.message)
    assert problem.where is not None
    assert (problem.where.line, problem.where.column >= 5) == (5, True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5s", 1.5), ("500ms", 0.5), ("10 m", 600), ("2h", 7200), ("1d", 86400)],
)
def test_a_timeout_has_a_unit(text: str, seconds: float) -> None:
    assert job_of(in_steps(f"filter: A\n    timeout: {text}")).steps[1].timeout_s == seconds


@pytest.mark.parametrize(
    "condition", ["true", "false", "${{ params.min }} > 0", "${{ params.flag }}", "${{ run.today }} == 'x'"]
)
def test_if_is_an_expression_over_values(condition: str) -> None:
    params = "params:\n  min: {type: number}\n  flag: {type: boolean}\n"
    text = f"version: 1\n{params}{STEPS}  - filter: A\n    if: {condition}\n"
    assert job_of(text).steps[1].condition is not None


def test_rejects_beside_a_step_that_rejects_nothing_warns() -> None:
    loaded = load_text(in_steps("save: a.csv\n    rejects: b.csv"), file="f", stem="s")
    assert loaded.job is not None
    (problem,) = loaded.problems
    assert (problem.severity, problem.where) == ("warning", Mark("f", 5, 5))


def test_a_third_party_verb_is_looked_up_only_when_unknown() -> None:
    assert (
        problem_of(in_steps("nothing-like-it: 1")).fix
        == "known: fetch, load, filter, transform, unnest, query, save"
    )


def test_a_job_has_a_limit_of_steps() -> None:
    text = "version: 1\nsteps:\n  - load: a.csv\n" + "  - filter: A\n" * (MAX_STEPS - 1)
    job_of(text)
    problem = problem_of(text + "  - filter: A\n")
    assert problem.where == Mark("f", MAX_STEPS + 3, 5)
    assert str(MAX_STEPS) in problem.message


def test_numbers_of_options_are_exact() -> None:
    text = in_steps(
        "transform: {columns: {A: {const: 1.10}, B: {const: 12345678901234567890}, C: {const: 012x}}}"
    )
    columns = getattr(job_of(text).steps[1].sample, "columns", {})
    assert [column.const for column in columns.values()] == [Decimal("1.10"), 12345678901234567890, "012x"]
