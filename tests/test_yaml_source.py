"""YAML is read as nodes that know where they stand; nothing is guessed, and no text can harm the reader."""

from __future__ import annotations

import time
import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from txojobs.errors import Mark, Problem
from txojobs.yaml_limits import MAX_BYTES
from txojobs.yaml_slips import split_lines
from txojobs.yaml_source import Mapping, Node, Scalar, Sequence, read

if TYPE_CHECKING:
    from collections.abc import Iterator


def node(text: str) -> Node:
    """Return the root of a text without any problem."""
    source = read(text, file="f")
    assert source.problems == []
    assert source.root is not None
    return source.root


def at(text: str, *path: str | int) -> Node:
    found = node(text)
    for step in path:
        if isinstance(step, int):
            assert isinstance(found, Sequence)
            found = found.items[step]
        else:
            assert isinstance(found, Mapping)
            found = found.entries[step].value
    return found


def scalar(text: str, *path: str | int) -> Scalar:
    found = at(text, *path)
    assert isinstance(found, Scalar)
    return found


def only_problem(text: str) -> Problem:
    problems = read(text, file="f").problems
    assert len(problems) == 1, problems
    return problems[0]


# -- scalars ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.10", Decimal("1.10")),
        ("12345678901234567890", 12345678901234567890),
        ("-0.30", Decimal("-0.30")),
        ("1e3", Decimal("1E+3")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("0", 0),
        ("+7", 7),
        ("2026-01-15", "2026-01-15"),
        ("2026-01-15T14:30:00Z", "2026-01-15T14:30:00Z"),
        ("e5", "e5"),
        ("1e99999", "1e99999"),
        (".", "."),
        ("-", "-x"),
        ("true", True),
        ("False", False),
        ("yes please", "yes please"),
        ("~", None),
        ("null", None),
        ("", None),
        ("nULL", "nULL"),
        ("tRUE", "tRUE"),
    ],
)
def test_a_plain_scalar_is_read_exactly(text: str, value: object) -> None:
    text = "-x" if text == "-" else text
    found = scalar(f"a: {text}\n", "a").value
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)


@pytest.mark.parametrize(
    "text", ["012", "00123", "NO", "on", "1_000", "0x1F", "0o17", "1:30", ".inf", "012.5"]
)
def test_what_other_tools_read_as_a_number_or_switch_stays_text(text: str) -> None:
    assert scalar(f"x-home: {{a: {text}}}\n", "x-home", "a").value == text
    found = read(f"{text}: 1\n", file="f")
    assert found.problems == []
    assert isinstance(found.root, Mapping)
    assert text in found.root.entries


@pytest.mark.parametrize("text", ['"012"', "'NO'", '"1.10"', '"true"', '"null"', "''"])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert scalar(f"a: {text}\n", "a").value == text[1:-1]


def test_an_integer_of_five_thousand_digits_does_no_harm() -> None:
    assert scalar("a: " + "9" * 5000, "a").value == "9" * 5000


# -- marks ------------------------------------------------------------------------------------------------------


def test_every_key_and_value_has_its_mark() -> None:
    root = node("a: 1\nlist:\n  - x\n  - {k: 'v', deep: [1, two]}\n")
    assert isinstance(root, Mapping)
    assert root.where == Mark("f", 1, 1)
    assert root.entries["list"].key.where == Mark("f", 2, 1)
    text = "a: 1\nlist:\n  - x\n  - {k: 'v', deep: [1, two]}\n"
    assert scalar(text, "list", 0).where == Mark("f", 3, 5)
    assert at(text, "list", 1).where == Mark("f", 4, 5)
    assert scalar(text, "list", 1, "k").where == Mark("f", 4, 9)
    assert scalar(text, "list", 1, "deep", 1).where == Mark("f", 4, 24)


def test_a_mark_counts_characters_not_bytes() -> None:
    assert scalar("{ü😀: 'é', b: x}\n", "b").where == Mark("f", 1, 14)


def test_a_value_behind_an_alias_keeps_the_line_where_it_is_written() -> None:
    text = "a: &name  text\nb: *name\n"
    assert scalar(text, "b").where == scalar(text, "a").where == Mark("f", 1, 11)
    assert scalar(text, "b").length == len("text")


def test_a_key_with_an_anchor_has_the_mark_of_the_key() -> None:
    root = node("&k name: 1\nother: *k\n")
    assert isinstance(root, Mapping)
    assert root.entries["name"].key.where == Mark("f", 1, 4)


def test_merge_keys_work_and_keep_the_line_where_they_are_written() -> None:
    text = "base: &base\n  page: 1\n  size: 2\nstep:\n  <<: *base\n  size: 3\n"
    step = at(text, "step")
    assert isinstance(step, Mapping)
    assert {key: getattr(entry.value, "value", None) for key, entry in step.entries.items()} == {
        "size": 3,
        "page": 1,
    }
    assert step.entries["page"].key.where == Mark("f", 2, 3)
    assert step.entries["size"].key.where == Mark("f", 6, 3)


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = "a: &a {k: 1}\nb: &b {k: 2, m: 3}\nc:\n  <<: [*a, *b]\n"
    assert scalar(text, "c", "k").value == 1
    assert scalar(text, "c", "m").value == 3


def test_a_merge_of_something_else_is_an_error() -> None:
    assert only_problem("a:\n  <<: 5\n").where == Mark("f", 2, 7)


def test_a_quoted_merge_key_is_a_key() -> None:
    assert scalar("a: {'<<': 5}\n", "a", "<<").value == 5


def test_an_anchor_may_be_set_again() -> None:
    assert scalar("a: &x 1\nb: &x 2\nc: *x\n", "c").value == 2


def test_a_missing_value_is_shown_at_its_key() -> None:
    assert scalar("a: 1\nfetch:\n", "fetch").where == Mark("f", 2, 1)
    assert scalar("a:\n  fetch:\n\n\nb: 1\n", "a", "fetch").where == Mark("f", 2, 3)


@pytest.mark.parametrize(
    ("text", "offset", "line", "column"),
    [
        ("a: b == c\n", 5, 1, 9),
        ("a: 'b == c'\n", 5, 1, 10),
        ('a: "b == c"\n', 5, 1, 10),
        ('a: "b\\t== c"\n', 5, 1, 11),
        ('a: "\\U0001f600\\x41\\u0042 c"\n', 4, 1, 26),
        ('a: "b \\\n   c"\n', 2, 2, 4),
        ('a: "b\n  c d"\n', 4, 2, 5),
        ("a: '\u00fc''s ''c'\n", 4, 1, 10),
        ("a: 'b\n\n  c'\n", 2, 3, 3),
        ("a: |\n  b ==\n  c\n", 5, 3, 3),
        ("a: |\r\n  b ==\r\n    c\r\n", 7, 3, 5),
        ("a: |\n\n  b\n\n  c\n", 1, 3, 3),
        ("a: |\n\n  b\n\n  c\n", 3, 4, 1),
        ("a: >\n  b\n  c\n", 2, 3, 3),
        ("a: >-  # why\n\n  b &&\n    c\n\n  d\n", 8, 4, 5),
        ("a: >-  # why\n\n  b &&\n    c\n\n  d\n", 11, 6, 3),
        ("a: |2\n    b\n  c\n", 4, 3, 3),
        ("a: >\n  b\n  c\n", 99, 3, 4),
        ("a: |\n\x85b\n", 1, 1, 4),  # ruamel breaks the line there, YAML 1.2 does not
        ("a: b\n  c\n", 2, 2, 3),
        ("a: &x\n  b\n  c\n", 2, 1, 4),  # the anchor stands between: only the start is certain
    ],
)
def test_a_place_inside_a_text_has_its_mark(text: str, offset: int, line: int, column: int) -> None:
    assert scalar(text, "a").mark_at(offset) == Mark("f", line, column)


# -- line ends, byte order mark, tabs ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_count_alike(end: str) -> None:
    text = f"a: 1{end}b:{end}  - x{end}"
    assert scalar(text, "b", 0).where == Mark("f", 3, 5)


def test_a_byte_order_mark_is_no_character_of_the_text() -> None:
    assert scalar("\ufeffa: x\n", "a").where == Mark("f", 1, 4)


@pytest.mark.parametrize("separator", ["\x85", "\u2028", "\u2029"])
def test_other_separators_break_no_line(separator: str) -> None:
    assert scalar(f"a: 'x{separator}y'\nb: z\n", "b").where == Mark("f", 2, 4)


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a: 1\n\t\tb: 2\n", "\ta: 1\n"])
def test_a_tab_in_the_indentation_is_named(text: str) -> None:
    problem = only_problem(text)
    assert problem.message == "YAML is indented with spaces, never with tabs"
    assert problem.where is not None
    assert problem.where.line == (1 if text.startswith("\t") else 2)


# -- what is not allowed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands here for the second time"),
        ("a: {b: 1, 'b': 2}\n", 1, 11, "'b' stands here for the second time"),
        ("1: x\n'1': y\n", 2, 1, "'1' stands here for the second time"),
        ("a: !secret x\n", 1, 4, "!secret is a YAML tag"),
        ('a: !secret "x"\n', 1, 4, "!secret is a YAML tag"),
        ("a: !secret\n  b: 1\n", 1, 4, "!secret is a YAML tag"),
        ("a: &n !t x\n", 1, 7, "!t is a YAML tag"),
        ("a: !t &n x\n", 1, 4, "!t is a YAML tag"),
        ("!t a: x\n", 1, 1, "!t is a YAML tag"),
        ("a: !!python/object:os.system {}\n", 1, 4, "!!python/object:os.system is a YAML tag"),
        ("a: [1, !x 2]\n", 1, 8, "!x is a YAML tag"),
        ("a: !e!x 2\n", 1, 4, "must be quoted"),
        ("%YAML 1.1\n---\na: NO\n", 1, 1, "directives are not allowed"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", 1, 1, "directives are not allowed"),
        ("a: 1\n---\nb: 2\n", 2, 1, "only one YAML document"),
        ("[a]: 1\n", 1, 1, "a key must be a text"),
        ("a: {{ x }}\n", 1, 5, "a key must be a text"),
        ("", 1, 1, "the file is empty"),
        ("# only this\n", 1, 1, "the file is empty"),
        ("a: \x07\n", 1, 4, "U+0007 is not allowed"),
        ("a: 1\nb: \ud800\n", 2, 4, "U+D800 is not allowed"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', 2, 5, "an escape names no character"),
        ("&a [*a]\n", 1, 1, "an alias stands inside the value that it repeats"),
        ("a: &a\n  b: *a\n", 1, 4, "an alias stands inside the value that it repeats"),
        ("a: &a\n  <<: *a\n", 1, 4, "an alias stands inside the value that it repeats"),
    ],
)
def test_what_is_not_allowed_is_shown_where_it_stands(text: str, line: int, column: int, words: str) -> None:
    problem = only_problem(text)
    assert words in problem.message
    assert problem.where == Mark("f", line, column)
    assert problem.severity == "error"


def test_all_problems_are_told_at_once() -> None:
    problems = read("a: !x 1\nb: f(c #d)\nb: 2\n? [c]\n: 1\n", file="f").problems
    assert [problem.where and problem.where.line for problem in problems] == [1, 2, 3, 4]


def test_a_problem_behind_an_alias_is_told_once() -> None:
    assert only_problem("a: &a {k: 1, k: 2}\nb: *a\nc: [*a, *a]\n").where == Mark("f", 1, 14)


# -- limits -----------------------------------------------------------------------------------------------------

LOL = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
BOMBS = {
    "laughs": LOL,
    "merged laughs": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n}\n  <<: [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
    "5000 brackets": "[" * 5000,
    "5000 brackets closed": "a: " + "[" * 5000 + "]" * 5000,
    "a MiB of dashes": "- " * (MAX_BYTES // 2),
    "a MiB of items": "- a\n" * (MAX_BYTES // 4),
    "a MiB of tag": "a: !" + "t" * (MAX_BYTES - 10) + " x",
    "a MiB of braces": "{a: " * (MAX_BYTES // 4),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_problem_soon_and_in_little_memory(name: str) -> None:
    read("a: 1", file="f")  # the parser is imported by now
    begun = time.process_time()
    problem = only_problem(BOMBS[name])
    assert time.process_time() - begun < 20  # half a second here; a broken limit takes minutes
    assert problem.severity == "error"
    assert len(problem.message) < 100
    assert problem.where is not None


def test_the_laughs_take_little_memory() -> None:
    read("a: 1", file="f")
    tracemalloc.start()
    try:
        read(LOL, file="f")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_file_may_hold_a_mebibyte_and_no_byte_more() -> None:
    text = "a: 1\n#" + "é" * ((MAX_BYTES - 6) // 2)
    assert len(text.encode()) == MAX_BYTES
    assert read(text, file="f").problems == []
    assert only_problem(text + "x").message == "the file is larger than 1,048,576 bytes"


def test_fifty_levels_and_no_more() -> None:
    assert read("[" * 50 + "]" * 50, file="f").problems == []
    problem = only_problem("[" * 51 + "]" * 51)
    assert problem.message == "the YAML nests deeper than 50 levels"
    assert problem.where == Mark("f", 1, 51)


def test_ten_thousand_values_and_no_more() -> None:
    assert read("[" + "a," * 9999 + "]", file="f").problems == []
    assert "10,000" in only_problem("[" + "a," * 10_000 + "]").message


def test_aliases_count_each_time_they_are_used() -> None:
    text = "a: &a [" + "x," * 4000 + "]\nb: *a\n"
    assert read(text, file="f").problems == []
    assert "aliases counted each time" in only_problem(text + "c: *a\n").message


# -- any text ---------------------------------------------------------------------------------------------------

PIECES = (
    *(
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        '"',
        "'",
        "|",
        "|-",
    ),
    *(
        ">",
        "#",
        " #",
        "!",
        "!t ",
        "<<: ",
        "? ",
        "---",
        "...",
        "\t",
        "\r\n",
        "\r",
        "\x85",
        "\u2028",
        "é",
        "😀",
    ),
    *(
        "\ufeff",
        "`",
        "@",
        "%",
        "${{ x }}",
        "{{ y }}",
        "1.10",
        "012",
        "NO",
        "\\",
        "\\u12",
        "\\xZZ",
        "\\U99999999",
    ),
    *("0", "e5", "1_0", "~", "null", "\ud800", "\x00", "\xa0"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60)


def marks_in(found: Node) -> Iterator[Mark]:
    yield found.where
    if isinstance(found, Sequence):
        for item in found.items:
            yield from marks_in(item)
    elif isinstance(found, Mapping):
        for entry in found.entries.values():
            yield entry.key.where
            yield from marks_in(entry.value)
    else:
        yield from (found.mark_at(offset) for offset in range(len(found.text) + 1))


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(text=texts)
def test_no_text_raises_and_every_mark_is_inside_the_file(text: str) -> None:
    source = read(text, file="f")
    lines = split_lines(text.removeprefix("\ufeff"))
    assert source.root is not None or source.problems
    marks = [problem.where for problem in source.problems if problem.where]
    assert len(marks) == len(source.problems)
    for mark in [*marks, *(marks_in(source.root) if source.root else ())]:
        assert 1 <= mark.line <= len(lines)
        assert 1 <= mark.column <= len(lines[mark.line - 1]) + 1


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40))
def test_any_text_in_single_quotes_arrives(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    source = read(f"a: {quoted}\n", file="f")
    if source.problems:  # U+FFFE and the like are no characters of YAML
        assert "not allowed in YAML" in source.problems[0].message
        return
    assert isinstance(source.root, Mapping)
    assert getattr(source.root.entries["a"].value, "value", None) == text
