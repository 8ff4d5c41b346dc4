"""Errors and problems as text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from txojobs.cli.console import Console
from txojobs.cli.render import plural, show_error, show_problem
from txojobs.errors import HelpfulError, InvalidJobError, Mark, Problem

if TYPE_CHECKING:
    from pathlib import Path


def shown(error: BaseException, source: list[str] | None = None, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    show_error(Console(stream), error, source=lambda _: source or [])
    return raw.getvalue().decode(encoding)


def test_g5_an_error_is_problem_place_solution_example() -> None:
    error = HelpfulError("it broke", "mend it", "mend: it", where=Mark("jobs/a.yaml", 12, 7))
    error.step = "customers"
    assert shown(error) == (
        "❌ Problem: it broke\n   jobs/a.yaml:12:7 in step customers\n✅ Solution: mend it\n📝 Example: mend: it\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1"])
def test_g5_marks_become_words_where_they_cannot_be_shown(encoding: str) -> None:
    text = shown(HelpfulError("it broke: Ž ❤", "mend it"), encoding=encoding)
    assert text.startswith("Problem: it broke: \\u017d \\u2764\n")
    assert "Solution: mend it" in text


def test_several_lines_are_indented() -> None:
    assert (
        shown(HelpfulError("a\nb", "c", "d\ne"))
        == "❌ Problem: a\n   b\n✅ Solution: c\n📝 Example: d\n   e\n"
    )


def test_foreign_text_is_escaped() -> None:
    text = shown(HelpfulError("\x1b[2J\u202e\r\x07", "\x9b1m", "\u2066"))
    assert not set(text) & set("\x1b\u202e\r\x07\x9b\u2066")
    assert "\\x1b[2J\\u202e" in text


def test_a_problem_is_shown_with_its_line_and_underlined() -> None:
    problem = Problem("no option 'were'", Mark("jobs/a.yaml", 2, 5), "did you mean 'where'?", length=4)
    assert shown(InvalidJobError("x", [problem]), ["a", "    were: 1"]) == (
        "jobs/a.yaml:2:5: error: no option 'were'\n"
        "    2 |     were: 1\n"
        "      |     ^^^^\n"
        "fix: did you mean 'where'?\n\n"
    )


@pytest.mark.parametrize(
    ("column", "length", "marked"),
    [(1, 5, "start"), (5000, 6, "middle"), (9998, 3, "end"), (5000, 9000, None)],
    ids=["at the start", "in the middle", "at the end", "a long mark"],
)
def test_of_a_long_line_a_window_around_the_mark_is_shown(
    column: int, length: int, marked: str | None
) -> None:
    line = "start" + "x" * 4994 + "middle" + "y" * 4992 + "end"
    assert len(line) == 10_000
    problem = Problem("wrong", Mark("a.yaml", 1, column), length=length)
    _, above, below, *_ = shown(InvalidJobError("x", [problem]), [line]).splitlines()
    assert len(above) <= 115
    assert len(below) <= len(above)
    text = above.removeprefix("    1 | ")
    assert text.startswith("...") == (column > 50)
    assert text.endswith("...") == (column < 9950)
    first, last = below.index("^"), below.rindex("^") + 1
    assert above[first:last].startswith(marked or "middleyyy")
    assert marked is None or last - first == length


def test_a_line_of_usual_length_is_shown_whole() -> None:
    line = "x" * 100
    assert f"    1 | {line}\n" in shown(
        InvalidJobError("x", [Problem("wrong", Mark("a.yaml", 1, 60))]), [line]
    )


@pytest.mark.parametrize("where", [Mark("a.yaml", 9, 1), Mark("a.yaml", 1, 99), Mark("a.yaml", 0, 0), None])
def test_a_place_that_is_not_there_breaks_nothing(where: Mark | None) -> None:
    assert "wrong" in shown(InvalidJobError("x", [Problem("wrong", where, length=500)]), ["short"])


def test_tabs_and_control_characters_in_the_line_are_harmless() -> None:
    text = shown(InvalidJobError("x", [Problem("wrong", Mark("a.yaml", 1, 3))]), ["\t\tb\x1b"])
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[1].index("b") == lines[2].index("^")


def test_a_warning_is_no_error() -> None:
    raw = io.StringIO()
    show_problem(Console(raw), Problem("careful", None, severity="warning"), [])
    assert raw.getvalue() == "warning: careful\n\n"


@pytest.mark.parametrize(("number", "text"), [(0, "0 files"), (1, "1 file"), (1000, "1,000 files")])
def test_plural(number: int, text: str) -> None:
    assert plural(number, "file") == text


def test_a_file_is_named_from_here_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = HelpfulError("it broke", "mend it", where=Mark(str(tmp_path / "data" / "a.csv"), 2, 1))
    assert "\n   data/a.csv:2:1\n" in shown(error)
    other = HelpfulError("it broke", "mend it", where=Mark(str(tmp_path.parent / "a.csv"), 2, 1))
    assert f"\n   {tmp_path.parent / 'a.csv'}:2:1\n" in shown(other)
