"""What YAML makes of an expression is explained, where it happens, with something to paste."""

from __future__ import annotations

import pytest

from txojobs.errors import Mark
from txojobs.yaml_source import Mapping, Sequence, read

COMMA = "a comma begins the next item"
QUOTED = "text follows after the closing quote"
BRACKET = "text follows after the closing bracket"
COLON = "a colon and a space end a key"
CASES = [
    # text, line, column, words of the message, example
    ("- filter: `1` == x\n", 1, 11, "begins with ` must be quoted", '- filter: "`1` == x"'),
    ("- filter: @.x == 1\n", 1, 11, "begins with @ must be quoted", '- filter: "@.x == 1"'),
    ("- filter: *.x\n", 1, 11, "begins with * must be quoted", '- filter: "*.x"'),
    ("- filter: *\n", 1, 11, "begins with * must be quoted", '- filter: "*"'),
    ("- filter: !Blocked\n", 1, 11, "!Blocked is a YAML tag", '- filter: "!Blocked"'),
    ("- filter: !Blocked && x\n", 1, 11, "!Blocked is a YAML tag", '- filter: "!Blocked && x"'),
    ("- filter: !(A || B)\n", 1, 11, "begins with ! must be quoted", '- filter: "!(A || B)"'),
    ("- filter: %x\n", 1, 11, "begins with % must be quoted", '- filter: "%x"'),
    ("- filter: > 5\n", 1, 11, "begins with > must be quoted", '- filter: "> 5"'),
    ("- filter: | x\n", 1, 11, "begins with | must be quoted", '- filter: "| x"'),
    ("- filter: - 5\n", 1, 11, "a dash and a space must be quoted", '- filter: "- 5"'),
    ("- filter: & x\n", 1, 11, "begins with & must be quoted", '- filter: "& x"'),
    ("- filter: A == 'x: y'\n", 1, 18, COLON, "- filter: \"A == 'x: y'\""),
    ("- filter: {a: b}.a == 1\n", 1, 17, BRACKET, '- filter: "{a: b}.a == 1"'),
    ("- query: [?Open].No\n", 1, 17, BRACKET, '- query: "[?Open].No"'),
    ("- filter: 'Open' == Status\n", 1, 18, QUOTED, "- filter: \"'Open' == Status\""),
    ('- filter: "a b" == 1\n', 1, 17, QUOTED, "- filter: '\"a b\" == 1'"),
    ("columns:\n  A: 'x' | y\n", 2, 10, QUOTED, "A: \"'x' | y\""),
    ("- fetch: {entity: ${{ params.x }}}\n", 1, 19, "${{ }} inside {...} or [...]", None),
    ("- fetch: {entity: C, filter: A eq ${{ p }}}\n", 1, 35, "${{ }} inside {...} or [...]", None),
    ("- fetch: {entity: C,\n    filter: A eq ${{ p }}}\n", 2, 18, "${{ }} inside {...} or [...]", None),
    ('- load: {file: "${{ a }}", sheet: ${{ b }}}\n', 1, 35, "${{ }} inside {...} or [...]", None),
    ("a: ['${{ b }}', ${{ c }}]\n", 1, 17, "${{ }} inside {...} or [...]", None),
    ("a: [b, ${{ params.x }}]\n", 1, 8, "${{ }} inside {...} or [...]", None),
    ("- fetch: {filter: [A eq '${{ p }}', B gt 0], key: [A]}\n", 1, 26, "${{ }} inside {...} or [...]", None),
    ("a: [b '${{ p }}']\n", 1, 8, "${{ }} inside {...} or [...]", None),
    ("add: {T: mul(A, B)}\n", 1, 10, COMMA, None),
    ("add: [mul(A, B)]\n", 1, 7, COMMA, None),
    ("add: {T: contains(A, 'b'), U: 1}\n", 1, 10, COMMA, None),
    ("add: [join(', ', A)]\n", 1, 7, COMMA, None),
    ("- filter: A == 'x #1'\n", 1, 11, "a space and # begin a comment", "\"A == 'x #1'\""),
    ("- filter: A == a #b\n", 1, 11, "a space and # begin a comment", None),
    ("- filter: add(A, #x\n", 1, 11, "a space and # begin a comment", '"add(A, #x"'),
    ("a: 1\n  b: 2\n", 2, 4, "wrong indentation", None),
    ("steps:\n  - a: 1\n - b: 2\n", 3, 2, "does not fit the ones above", None),
    ("a: 1\nb\nc: 2\n", 2, 1, "a key without a colon", None),
    ("a: 'x\nb: 1\n", 1, 4, "a quote that is not closed", None),
    ("a: [1, 2\nb: 1\n", 1, 4, "a [ that is not closed", None),
    ("a: {b: 1\nc: 1\n", 1, 4, "a { that is not closed", None),
]


@pytest.mark.parametrize(
    ("text", "line", "column", "words", "example"), CASES, ids=[case[0] for case in CASES]
)
def test_a_trap_is_an_error_with_its_place_and_a_fix(
    text: str, line: int, column: int, words: str, example: str | None
) -> None:
    problems = read(text, file="f").problems
    problem = problems[0]
    assert words in problem.message
    assert problem.severity == "error"
    assert problem.where == Mark("f", line, column)
    assert problem.example == example
    assert problem.fix is not None or problem.message.startswith("this is not YAML:")


@pytest.mark.parametrize("case", [case for case in CASES if case[4]], ids=lambda case: case[0])
def test_what_the_example_says_is_right_yaml(case: tuple[str, int, int, str, str]) -> None:
    source = read(case[4], file="f")
    assert source.problems == []
    root = source.root
    if isinstance(root, Sequence):
        root = root.items[0]
    value = next(iter(root.entries.values())).value if isinstance(root, Mapping) else root
    assert getattr(value, "text", None)
    assert getattr(value, "text", "") in case[0]


def test_the_trap_is_found_on_its_line_of_a_windows_file() -> None:
    problem = read("version: 1\r\nsteps:\r\n  - filter: @.x\r\n", file="f").problems[0]
    assert problem.where == Mark("f", 3, 13)


@pytest.mark.parametrize(
    "text",
    [
        "a: b # a comment\n",
        "a: b  #comment\n",
        "a: {b: c} # (see [1\n",
        "a: [x, z] #z\n",
        "a: x#y\n",
        "a: http://example.com/x?y=1#z\n",
        "a: Country eq ${{ params.country }}\n",
        "a: contains(A, 'b')\n",
        "a: A == 'it''s'\n",
        "a: A == 'x:y'\n",
        'a: "b #c"\n',
        "a: ['${{ x }}', {b: \"${{ y }}\"}]\n",
        "a: Lines[?Q > `1`]\n",
    ],
)
def test_what_is_meant_as_it_stands_says_nothing(text: str) -> None:
    assert read(text, file="f").problems == []


def test_a_hash_that_may_cut_a_text_warns() -> None:
    source = read("a: Item #1 and more\n", file="f")
    (problem,) = source.problems
    assert problem.severity == "warning"
    assert problem.where == Mark("f", 1, 4)
    assert source.root is not None


def test_a_quoted_template_on_a_broken_line_is_not_to_blame() -> None:
    problem = read("a: ['${{ x }}', 'y]\n", file="f").problems[0]
    assert "${{" not in problem.message
    assert "a quote that is not closed" in problem.message
