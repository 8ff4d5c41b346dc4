"""Every type of option takes what it should and nothing else."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest

from tests.steps.binding import bind, bound, problem_of
from txojobs.errors import Mark
from txojobs.job.load import load_text
from txojobs.steps.fitting import FAULT, Unknown
from txojobs.steps.kinds import FileName, JmesPath, ODataText, StepRef
from txojobs.steps.projection import Value
from txojobs.steps.spec import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Options below an option."""

    value: Annotated[JmesPath | None, Doc("An expression.")] = None
    many: Annotated[tuple[str, ...], Doc("Texts.")] = ()
    size_limit: Annotated[int, Doc("A number.")] = 1
    names: Annotated[dict[str, str], Doc("Names.")] = field(default_factory=dict)


# -- every type of option, every kind of node -------------------------------------------------------------------

NODES = {
    "text": "word",
    "int": "7",
    "decimal": "1.50",
    "bool": "true",
    "null": "",
    "list": "[a, b]",
    "mapping": "{k: v}",
    "quoted": '"7"',
    "params.text": "${{ params.text }}",
    "params.int": "${{ params.int }}",
    "params.number": "${{ params.number }}",
    "params.flag": "${{ params.flag }}",
    "params.none": "${{ params.none }}",
    "params.list": "${{ params.list }}",
    "params.date": "${{ params.date }}",
}
WORD = JmesPath("word")
TAKEN: list[tuple[Any, dict[str, object]]] = [
    (str, {"text": "word", "quoted": "7", "params.text": "x", "params.date": "2026-01-15"}),
    (int, {"int": 7, "params.int": 7}),
    (
        Decimal,
        {
            "int": Decimal(7),
            "decimal": Decimal("1.50"),
            "params.int": Decimal(7),
            "params.number": Decimal("1.50"),
        },
    ),
    (bool, {"bool": True, "params.flag": True}),
    (Literal["word", "x"], {"text": "word", "params.text": "x"}),
    (tuple[str, ...], {"list": ("a", "b"), "params.list": ("a", "b")}),
    (dict[str, str], {"mapping": {"k": "v"}}),
    (
        object,
        {
            "text": "word",
            "int": 7,
            "decimal": Decimal("1.50"),
            "bool": True,
            "null": None,
            "list": ["a", "b"],
            "mapping": {"k": "v"},
            "quoted": "7",
            "params.text": "x",
            "params.int": 7,
            "params.number": Decimal("1.50"),
            "params.flag": True,
            "params.none": None,
            "params.list": ["a", "b"],
            "params.date": "2026-01-15",
        },
    ),
    (
        str | None,
        {
            "text": "word",
            "quoted": "7",
            "params.text": "x",
            "params.date": "2026-01-15",
            "params.none": None,
        },
    ),
    (int | None, {"int": 7, "params.int": 7, "params.none": None}),
    (
        JmesPath,
        {
            "text": WORD,
            "quoted": JmesPath("7"),
            "params.text": JmesPath("'x'"),
            "params.int": JmesPath("`7`"),
            "params.number": JmesPath("`1.50`"),
            "params.flag": JmesPath("`true`"),
            "params.none": JmesPath("`null`"),
            "params.list": JmesPath('`["a","b"]`'),
            "params.date": JmesPath("'2026-01-15'"),
        },
    ),
    (
        ODataText,
        {
            "text": ODataText("word"),
            "quoted": ODataText("7"),
            "params.text": ODataText("'x'"),
            "params.int": ODataText("7"),
            "params.number": ODataText("1.50"),
            "params.flag": ODataText("true"),
            "params.none": ODataText("null"),
            "params.list": ODataText("('a','b')"),
            "params.date": ODataText("2026-01-15"),
        },
    ),
    (
        FileName,
        {
            "text": FileName("word"),
            "quoted": FileName("7"),
            "params.text": FileName("x"),
            "params.int": FileName("7"),
            "params.number": FileName("1.50"),
            "params.flag": FileName("true"),
            "params.date": FileName("2026-01-15"),
        },
    ),
    (StepRef, {"text": StepRef("word"), "quoted": StepRef("7")}),
    (JmesPath | Group, {"text": WORD, "quoted": JmesPath("7"), "params.text": JmesPath("'x'")}),
]
TABLE = [
    pytest.param(hint, NODES[node], taken.get(node, FAULT), id=f"{getattr(hint, '__name__', hint)}-{node}")
    for hint, taken in TAKEN
    for node in NODES
    if hint != JmesPath | Group or node in ("text", "quoted", "params.text", "int", "bool", "null", "list")
]


@pytest.mark.parametrize(("hint", "text", "expected"), TABLE)
def test_an_option_takes_what_its_type_says(hint: Any, text: str, expected: object) -> None:
    value, problems = bind(hint, text)
    if expected is not FAULT:
        assert problems == []
        assert value == expected
        assert type(value) is type(expected)
        assert str(value) == str(expected)
        return
    (problem,) = problems
    assert problem.where == Mark("f", 1, 4 if text else 1)
    assert problem.severity == "error"
    assert "opt takes" in problem.message or "cannot" in problem.message


def test_a_group_takes_its_options_in_kebab_case() -> None:
    value = bound(JmesPath | Group, "{value: A, many: [x], size-limit: 3, names: {b: c}}")
    assert value == Group(value=JmesPath("A"), many=("x",), size_limit=3, names={"b": "c"})


@pytest.mark.parametrize(
    ("text", "column", "message", "fix"),
    [
        ("{size_limit: 3}", 5, "opt has no option 'size_limit'", "did you mean 'size-limit'?"),
        ("{vale: A}", 5, "opt has no option 'vale'", "did you mean 'value'?"),
        ("{zzz: A}", 5, "opt has no option 'zzz'", "known options: value, many, size-limit, names"),
        (
            "{size-limit: '3'}",
            17,
            "size-limit takes a whole number, not the text '3'",
            "remove the quotes: 3",
        ),
        (
            "{size-limit: 1.000}",
            17,
            "size-limit takes a whole number, not the number 1.000",
            "write a whole number",
        ),
        ("{size-limit: '1,000'}", 17, None, "write 1000, without separators"),
        ("{many: [x, [y]]}", 15, "many takes a text, not a list", "write a text"),
        ("{many: x}", 11, "many takes a list of text, not the text 'x'", "write a list: [x]"),
        ("{names: {a: 1}}", 16, "a takes a text, not the number 1", 'quote it: "1"'),
        ("{value: 'A >'}", 16, None, None),
    ],
)
def test_every_fault_has_its_mark(text: str, column: int, message: str | None, fix: str | None) -> None:
    problem = problem_of(Group, text)
    assert problem.where == Mark("f", 1, column)
    if message is not None:
        assert problem.message == message
    if message is not None or fix is not None:
        assert problem.fix == fix


def test_all_faults_are_told_at_once() -> None:
    problems = bind(Group, "{vale: A, size-limit: x, many: [1, 2], names: {a: 1}}")[1]
    assert sorted(problem.where.column for problem in problems if problem.where) == [5, 26, 36, 39, 54]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("{type: number}", "did you mean 'decimal'?"),
        ("{type: string}", "did you mean 'text'?"),
        ("{type: int}", "did you mean 'integer'?"),
        ("{type: zzz}", None),
        ("{type: null}", "give it a value, or delete the line"),
        ("{format: '0.00 kr'}", "put what is a text into double quotes"),
    ],
)
def test_a_column_as_another_tool_describes_it(text: str, fix: str | None) -> None:
    problem = problem_of(Value, text)
    assert (problem.fix or "").startswith(fix or "")
    assert bool(problem.fix) == bool(fix)


@pytest.mark.parametrize(
    ("text", "fix"), [("5", "write a fixed value as {const: 5}"), ("true", "write a fixed")]
)
def test_a_fixed_value_is_written_with_const(text: str, fix: str) -> None:
    assert str(problem_of(JmesPath | Value, text).fix).startswith(fix)


# -- while a value is not known ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "hint", "fits"),
    [
        ("integer", int, True),
        ("integer", Decimal, True),
        ("number", Decimal, True),
        ("number", int, False),
        ("string", int, False),
        ("string", str, True),
        ("string", Literal["a", "b"], True),
        ("integer", Literal["a", "b"], False),
        ("boolean", bool, True),
        ("string", bool, False),
        ("list", tuple[str, ...], True),
        ("string", tuple[str, ...], False),
        ("date", str, True),
        ("date", int, False),
        ("list", str, False),
        (None, int, True),
        (None, str | None, True),
        ("string", object, True),
        ("integer", dict[str, str], False),
    ],
)
def test_a_value_that_is_not_known_yet_is_checked_by_its_type(
    declared: str | None, hint: Any, *, fits: bool
) -> None:
    problems = bind(hint, "${{ params.x }}", {"x": Unknown(declared)})[1]
    assert bool(problems) is not fits


def test_an_ampersand_that_yaml_took_for_an_anchor_is_to_be_quoted() -> None:
    (problem,) = load_text(
        "version: 1\nsteps:\n  - load: a.csv\n  - query: &n\n  - save: b.csv\n", file="f", stem="job"
    ).problems
    assert problem.fix == 'a text that begins with & must be quoted: "&n"'
