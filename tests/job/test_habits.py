"""Who knows another tool writes its words; each is answered with ours."""

from __future__ import annotations

import pytest

from tests.job.loading import problem_of, problems_of
from txojobs.job import habits
from txojobs.job.param_specs import OPTIONS
from txojobs.job.steps import COMMON
from txojobs.steps.catalogue import STEPS

START = "version: 1\nsteps:\n  - load: a.csv\n"


@pytest.mark.parametrize(
    ("step", "fix"),
    [
        (
            "sort: {by: A}",
            "fetch takes order-by; `query: sort_by(@, &Field)` sorts what comes from elsewhere",
        ),
        ("read: a.csv", "use fetch for a service, load for a file"),
        ("write: a.csv", "did you mean 'save'?"),
        ("select: [A]", "write transform with columns; fetch takes select"),
        ("order_by: A", "fetch takes order-by; `query: sort_by(@, &Field)` sorts what comes from elsewhere"),
        ("join: {a: b}", "it comes in a later version"),
        ("Filter: A > 0", "did you mean 'filter'?"),
        ("zzz: 1", f"known: {', '.join(STEPS)}"),
    ],
)
def test_a_verb_of_another_tool(step: str, fix: str) -> None:
    assert problem_of(f"{START}  - {step}\n").fix == fix


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("name: x", "id names a step for others, description says what it is for"),
        ("when: x", "did you mean 'if'?"),
        ("depends_on: x", "did you mean 'from'?"),
        ("continue-on-error: true", "write on-error: continue"),
        ("retries: 3", "retries stand in the configuration: script-behavior.retry-strategy"),
        ("on_error: fail", "did you mean 'on-error'?"),
    ],
)
def test_a_key_of_another_tool(key: str, fix: str) -> None:
    assert problem_of(f"{START}  - filter: A == 1\n    {key}\n").fix == fix


@pytest.mark.parametrize(
    ("option", "fix"),
    [
        ("choices: [a]", "did you mean 'enum'?"),
        ("help: x", "did you mean 'description'?"),
        ("min: 0", "only enum limits the values of a param"),
    ],
)
def test_an_option_of_a_param_of_another_tool(option: str, fix: str) -> None:
    text = f"version: 1\nparams: {{p: {{{option}}}}}\nsteps:\n  - load: a.csv\n  - filter: A == ${{{{ params.p }}}}\n"
    assert [each.fix for each in problems_of(text) if each.severity == "error"] == [fix]


@pytest.mark.parametrize(
    ("hole", "fix"),
    [
        ("run.date", "did you mean 'today'?"),
        ("run.timestamp", "did you mean 'now'?"),
        ("params.p | default(0)", "a default belongs to the param: params: {p: {default: ...}}"),
        ("params.p + 1", "compute with a transform step, or in an expression around it"),
    ],
)
def test_a_value_as_another_tool_writes_it(hole: str, fix: str) -> None:
    assert problem_of(f"{START}  - filter: 'A == ${{{{ {hole} }}}}'\n").fix == fix


def test_no_word_that_is_known_here_is_taken_for_one_of_another_tool() -> None:
    assert not set(habits.VERBS) & set(STEPS)
    assert not set(habits.KEYS) & set(COMMON)
    assert not set(habits.PARAM_OPTIONS) & set(OPTIONS)


@pytest.mark.parametrize(
    ("steps", "message", "fix"),
    [
        (
            "fetch: {entity: A, key: [B], select: B, C}",
            "fetch has no option 'C', and it has no value",
            "a list stands in",
        ),
        ("save: {file: a.xlsx, sheets: [a, b]}", None, "write a mapping: {a: a, b: b}"),
        ("transform: {columns: [A, B: C]}", None, "write `name: value` on each line, without '- '"),
        (
            "fetch: A\n    key: [B]",
            "key is an option of fetch",
            "indent it below fetch:, and write `entity: A` above it",
        ),
    ],
)
def test_a_list_or_a_key_in_the_wrong_place(steps: str, message: str | None, fix: str) -> None:
    found = problems_of(f"{START}  - {steps}\n")[-1]
    assert message is None or found.message == message
    assert str(found.fix).startswith(fix)


@pytest.mark.parametrize("key", ["step", "Steps", "step-list"])
def test_misspelt_steps_are_told_once(key: str) -> None:
    problem = problem_of(f"version: 1\n{key}:\n  - load: a.csv\n")
    assert (problem.message, problem.fix) == (f"a job has no key {key!r}", "did you mean 'steps'?")


def test_a_job_that_is_a_list_says_how_it_begins() -> None:
    assert str(problem_of("- load: a.csv\n").fix).startswith("begin with `version: 1`, then `steps:`")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("  - load: {file: a.csv\n", "close it with }, and put commas between its parts"),
        ("  - save: 'a.csv\n", "close it with the same quote"),
        ("  - fetch: {entity: A, key: [B\n", "close it with ], and put commas between its parts"),
    ],
)
def test_what_is_not_closed_says_with_what(text: str, fix: str) -> None:
    assert problem_of(START + text).fix == fix
