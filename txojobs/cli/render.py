"""Errors and problems as text: the one place where facts become sentences."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs.cli.excerpt import excerpt
from txojobs.cli.finding import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from txojobs.cli.console import Console
    from txojobs.errors import Mark, Problem

_MARKS = {"Problem": "❌ ", "Solution": "✅ ", "Example": "📝 "}


def clean(text: str) -> str:
    """Return foreign text so that a terminal shows it and obeys nothing in it; line breaks stay."""
    from txojobs.redact import escape_foreign  # noqa: PLC0415  # a good file has nothing to say

    return "\n".join(escape_foreign(line) for line in str(text).split("\n"))


def show_error(console: Console, error: BaseException, *, source: Callable[[str], Sequence[str]]) -> None:
    """Show an error as Problem, Solution, Example, with where it arose; problems one by one.

    `source` gives the lines of a file that a mark names, or nothing.
    """
    problems: Iterable[Problem] = getattr(error, "problems", ())
    if problems:
        for problem in problems:
            show_problem(console, problem, source(problem.where.file) if problem.where else ())
        return
    facts: Any = error
    show_fact(console, "Problem", str(error) or type(error).__name__, "red")
    where, step = getattr(facts, "where", None), getattr(facts, "step", None)
    if where is not None and where.line:
        place = f"{_from_here(where)}{f' in step {step}' if step else ''}"
        console.line("   " + console.styled(clean(place), "dim"))
    for title, fact, colour in (("Solution", "how_to_fix", "green"), ("Example", "example", "blue")):
        text = getattr(facts, fact, None)
        if text:
            show_fact(console, title, text, colour)


def _from_here(where: Mark) -> Mark:
    """Return a mark with its file as a person would type it: from the current folder on, where it lies below."""
    path = Path(where.file)
    with contextlib.suppress(ValueError, OSError):
        if path.is_absolute():
            return where._replace(file=path.relative_to(Path.cwd()).as_posix())
    return where


def show_fact(console: Console, title: str, text: str, colour: str) -> None:
    """Show one of the three facts of a HelpfulError."""
    mark = _MARKS[title] if console.marks else ""
    lines = clean(text).split("\n")
    write = console.line if title == "Example" else console.text
    write(f"{mark}{console.styled(title + ':', colour)} {lines[0]}")
    for line in lines[1:]:
        write(f"   {line}")


def show_problem(console: Console, problem: Problem, lines: Sequence[str]) -> None:
    """Show one problem with the place underlined in its line, and the fix.

    Of a configuration no line is shown, sound or broken: any of its texts may be a secret (P5).
    """
    where, severity = problem.where, problem.severity
    colour = "red" if severity == "error" else "yellow"
    prefix = f"{where}: " if where is not None else ""
    console.text(f"{clean(prefix)}{console.styled(severity, colour)}: {clean(problem.message)}")
    if where is not None and where.file.endswith(EXTENSIONS) and 0 < where.line <= len(lines):
        number = f"{where.line:>5}"
        text = lines[where.line - 1].rstrip("\n")
        shown = excerpt(text.replace("\t", " "), column=where.column, length=problem.length)
        console.line(console.styled(f"{number} | ", "dim") + clean(shown.text))
        console.line(
            console.styled("      | ", "dim") + " " * shown.start + console.styled("^" * shown.length, colour)
        )
    if problem.fix:
        console.text(f"fix: {clean(problem.fix)}")
    if problem.example:
        console.line(f"     {clean(problem.example)}")
    console.line()


def plural(number: int, noun: str) -> str:
    """Return "1 error", "2 errors", "1,000 files"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
