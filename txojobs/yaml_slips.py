"""The mistakes that people make in YAML, recognised and explained: what to quote, and where.

Expressions, templates and country codes look like YAML to YAML. Nothing here changes a value.
"""

from __future__ import annotations

import re
from typing import Any

from txojobs.errors import Mark, Problem

_QUOTE = "put the whole text in quotes"
_SWITCH = re.compile(r"(?i)(y|n|yes|no|on|off)")
_NUMBER_LIKE = re.compile(
    r"[-+]?(0[0-9_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*|[0-9][0-9_]*(:[0-5]?[0-9])+|"
    r"\.(inf|Inf|INF)|\.(nan|NaN|NAN))"
)


def ambiguous_scalar(text: str, where: Mark) -> Problem | None:
    """Return a warning when tools of YAML 1.1 read a plain scalar differently from us."""
    if _SWITCH.fullmatch(text):
        other = "true" if text.lower() in ("y", "yes", "on") else "false"
    elif _NUMBER_LIKE.fullmatch(text):
        other = "a number"
    else:
        return None
    return Problem(
        f"{text} is read as text by txojobs, as {other} by YAML 1.1 tools",
        where,
        f'quote it: "{text}"',
        severity="warning",
        length=len(text),
    )


def cut_by_comment(text: str, rest: str, where: Mark, length: int) -> Problem | None:
    """Return a problem when ` #` seems to have cut a plain scalar: `rest` is what follows it on its line."""
    comment = re.match(r"\s+(#.*)", rest)
    if comment is None:
        return None
    if _unbalanced(text):
        return Problem(
            f"the text ends before {comment[1][:20]!r}: in YAML a space and # begin a comment",
            where,
            _QUOTE,
            example=f'"{text}{rest}"' if '"' not in text + rest else None,
            length=length,
        )
    if re.match(r" #[^\s#!]", rest):
        return Problem(
            f"the text ends before {comment[1][:20]!r}: in YAML a space and # begin a comment",
            where,
            f"{_QUOTE} if # belongs to it; write '# ' if it is a comment",
            severity="warning",
            length=length,
        )
    return None


def cut_by_comma(text: str, rest: str, where: Mark, length: int) -> Problem | None:
    """Return a problem when a comma inside {...} or [...] seems to have cut a plain scalar."""
    if not rest.lstrip().startswith(",") or not _unbalanced(text):
        return None
    return Problem(
        "the text ends at the comma: inside {...} and [...] a comma begins the next item",
        where,
        _QUOTE,
        length=length,
    )


def _unbalanced(text: str) -> bool:
    """Tell whether quotes, backticks or brackets are left open."""
    closing = {")": "(", "]": "[", "}": "{"}
    stack: list[str] = []
    quote = ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"`":
            quote = letter
        elif letter in "([{":
            stack.append(letter)
        elif letter in closing and (not stack or stack.pop() != closing[letter]):
            return True
    return bool(quote or stack)


def explain_syntax_error(err: Any, text: str, file: str) -> Problem:
    """Return the problem for a MarkedYAMLError of ruamel.yaml, in words for whoever wrote the file."""
    mark = err.problem_mark or err.context_mark
    lines = text.splitlines()
    number = min(mark.line, max(len(lines) - 1, 0)) if mark is not None else 0
    column = mark.column if mark is not None and mark.line == number else 0
    where = Mark(file, number + 1, column + 1)
    line = lines[number] if lines else ""
    problem = str(err.problem or err.context or "")
    for explain in (_template_in_flow, _bad_start, _tab, _colon, _alias, _more):
        found = explain(problem, line, column, where)
        if found is not None:
            return found
    return Problem(f"this is not YAML: {_plain_words(problem)}", where)


def _template_in_flow(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    del problem, column
    start = line.find("${{")
    if start < 0 or not re.search(r"[\[{]", line[:start]):
        return None
    return Problem(
        "${{ }} inside {...} or [...] must be quoted",
        where._replace(column=start + 1),
        'put it in double quotes: "${{ ... }}", or write one item per line',
        length=3,
    )


def _bad_start(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    if "cannot start any token" not in problem:
        return None
    letter = line[column : column + 1]
    if letter == "\t":
        return _tab("found a tab", line, column, where)
    return Problem(
        f"a text that begins with {letter} must be quoted", where, _QUOTE, example=_quoted(line, column)
    )


def _tab(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    del column
    if "tab" not in problem and not re.match(r" *\t", line):
        return None
    return Problem("YAML is indented with spaces, never with tabs", where, "replace the tab by spaces")


def _colon(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    del column
    if "mapping values are not allowed" not in problem:
        return None
    start = re.match(r"\s*(?:- )*\s*(?:[^\s:]+:\s+)?", line)
    begin = start.end() if start else 0
    if ": " in line[begin:] or line.rstrip().endswith(":"):
        return Problem(
            "a colon and a space end a key in YAML, also inside an unquoted text",
            where,
            f"{_QUOTE}, or correct the indentation",
            example=_quoted(line, begin) if ": " in line[begin:] else None,
        )
    return Problem("this key stands at the wrong indentation", where, "align it with the keys above")


def _alias(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    if "undefined alias" in problem:
        return Problem(
            "a text that begins with * must be quoted, or the alias names no anchor",
            where,
            _QUOTE,
            example=_quoted(line, column),
        )
    if "alias" in problem or "anchor" in problem:
        return Problem(
            f"a text that begins with {line[column : column + 1]} must be quoted",
            where,
            _QUOTE,
            example=_quoted(line, column),
        )
    return None


def _more(problem: str, line: str, column: int, where: Mark) -> Problem | None:
    if "another document" in problem or "but found another" in problem:
        return Problem("only one YAML document may stand in a file", where, "delete from the second --- on")
    quoted = re.match(r"\s*(?:- )*\s*(?:[^\s:]+:\s+)?(['\"])", line)
    if "expected <block end>" in problem and quoted and column > quoted.start(1):
        begin = quoted.start(1)
        return Problem(
            "text follows after the closing quote",
            where,
            "an expression that begins with a quote needs quotes around the whole",
            example=_quoted(line, begin),
        )
    if "expected <block end>" in problem:
        return Problem(
            "this line does not fit the ones above", where, "check its indentation and the '- ' before it"
        )
    return None


def _quoted(line: str, start: int) -> str | None:
    """Return the text from `start` on in quotes that suit it, or None when both kinds occur in it."""
    text = line[start:].strip()
    if not text:
        return None
    head = line[:start].strip()
    quote = '"' if '"' not in text and "\\" not in text else "'" if "'" not in text else ""
    return f"{head} {quote}{text}{quote}".strip() if quote else None


def _plain_words(problem: str) -> str:
    words = {
        "could not find expected ':'": "a key without a colon, or a line that is indented wrongly",
        "expected ',' or ']', but got": "a [ that is not closed, or a missing comma",
        "expected ',' or '}', but got": "a { that is not closed, or a missing comma",
        "found unexpected end of stream": "a quote that is not closed",
    }
    for known, plain in words.items():
        if known in problem:
            return plain
    return problem
