"""What the YAML parser gives up on, in words for whoever wrote the file: where it began, and what to quote."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from txojobs.errors import Mark, Problem
from txojobs.yaml_slips import QUOTE, quoted, split_lines


class _Fault(NamedTuple):
    """What the parser says, and the line at which it stopped; `column` counts from 0."""

    problem: str
    context: str
    line: str
    column: int
    where: Mark


def explain_syntax_error(err: Any, text: str, file: str) -> Problem:
    """Return the problem for a MarkedYAMLError of ruamel.yaml, in words for whoever wrote the file."""
    marks = [mark for mark in (err.problem_mark, err.context_mark) if mark is not None]
    problem, context = str(err.problem or err.context or ""), str(err.context or "")
    faults = [_fault(problem, context, text, mark, file) for mark in marks]
    if not faults:
        words = _plain_words(problem)
        return Problem(f"this is not YAML: {words}", Mark(file, 1, 1), _CLOSING.get(words, _LOOK))
    for each in faults:
        if found := _template_in_flow(each):
            return found
    fault = faults[-1] if len(faults) > 1 and _began_elsewhere(problem, context, err) else faults[0]
    for explain in (_sign, _bad_start, _tab, _colon, _alias, _block, _comma_in_flow, _more):
        if found := explain(fault):
            return found
    words = _plain_words(problem)
    return Problem(f"this is not YAML: {words}", fault.where, _CLOSING.get(words, _LOOK))


def _fault(problem: str, context: str, text: str, mark: Any, file: str) -> _Fault:
    lines = split_lines(text)
    number = min(mark.line, len(lines) - 1)
    column = min(mark.column, len(lines[number])) if mark.line == number else 0
    return _Fault(problem, context, lines[number], column, Mark(file, number + 1, column + 1))


def _began_elsewhere(problem: str, context: str, err: Any) -> bool:
    """Tell whether the mistake stands where the parser began, not where it gave up."""
    if "expected ',' or" in problem:
        return bool(err.context_mark.line != err.problem_mark.line)
    return "could not find expected ':'" in problem or any(
        words in context for words in ("a quoted scalar", "an alias", "an anchor", "a block scalar")
    )


def _template_in_flow(fault: _Fault) -> Problem | None:
    starts = (found.start() for found in re.finditer(r"\$\{\{", fault.line))
    start = next((place for place in starts if not _is_quoted(fault.line[:place])), None)
    if start is None or not (re.search(r"[\[{]", fault.line[:start]) or "flow" in fault.context):
        return None
    return Problem(
        "${{ }} inside {...} or [...] must be quoted",
        fault.where._replace(column=start + 1),
        'put it in double quotes: "${{ ... }}", or write one item per line'
        if not _open_quote(fault.line[:start])
        else 'put the whole text in double quotes, and none around ${{ }}: "Country eq ${{ ... }}"',
        length=3,
    )


def _sign(fault: _Fault) -> Problem | None:
    """Return a problem for an exclamation mark that was meant as `not`: YAML takes it for a tag."""
    begin = _value_start(fault.line)
    if fault.line[begin : begin + 1] != "!" or fault.column <= begin:
        return None
    where = fault.where._replace(column=begin + 1)
    return _must_quote(fault._replace(column=begin, where=where), "!")


def _bad_start(fault: _Fault) -> Problem | None:
    if "cannot start any token" in fault.problem:
        letter = fault.line[fault.column : fault.column + 1]
        return _tab(fault._replace(problem="found a tab")) if letter == "\t" else _must_quote(fault, letter)
    if "undefined tag handle" in fault.problem:
        return _must_quote(fault, "!")
    if "sequence entries are not allowed" in fault.problem:
        return _must_quote(fault, "a dash and a space", "; a list begins on the next line")
    return None


def _must_quote(fault: _Fault, letter: str, more: str = "") -> Problem:
    return Problem(
        f"a text that begins with {letter} must be quoted",
        fault.where,
        QUOTE + more,
        example=quoted(fault.line, fault.column),
    )


def _tab(fault: _Fault) -> Problem | None:
    if "tab" not in fault.problem and not re.match(r" *\t", fault.line):
        return None
    return Problem("YAML is indented with spaces, never with tabs", fault.where, "replace the tab by spaces")


_HEAD = r"\s*(?:- +)*(?:[^\s:'\"]+:\s+)?"
"""What stands before a value on its line: dashes and a key."""


def _value_start(line: str) -> int:
    found = re.match(_HEAD, line)
    return found.end() if found else 0


def _colon(fault: _Fault) -> Problem | None:
    if "mapping values are not allowed" not in fault.problem:
        return None
    begin = _value_start(fault.line)
    inside = ": " in fault.line[begin:]
    if inside or fault.line.rstrip().endswith(":"):
        return Problem(
            "a colon and a space end a key in YAML, also inside an unquoted text",
            fault.where,
            f"{QUOTE}, or correct the indentation",
            example=quoted(fault.line, begin) if inside else None,
        )
    return Problem("this key stands at the wrong indentation", fault.where, "align it with the keys above")


def _alias(fault: _Fault) -> Problem | None:
    if "undefined alias" in fault.problem:
        return Problem(
            "a text that begins with * must be quoted, or the alias names no anchor",
            fault.where,
            QUOTE,
            example=quoted(fault.line, fault.column),
        )
    if "alias" in fault.context or "anchor" in fault.context:
        return _must_quote(fault, fault.line[fault.column : fault.column + 1])
    return None


def _block(fault: _Fault) -> Problem | None:
    """Return a problem for `>` and `|` that were meant as signs of an expression."""
    if "a block scalar" not in fault.context:
        return None
    if text := _after_quote(fault):
        return text
    return _must_quote(fault, fault.line[fault.column : fault.column + 1])


def _comma_in_flow(fault: _Fault) -> Problem | None:
    call = re.search(r"[\[{,][^'\"]*?([A-Za-z_]\w*\([^()]*,)", fault.line)
    if call is None or not ("flow" in fault.context or "quoted" in fault.context):
        return None
    return Problem(
        "the text ends at the comma: inside {...} and [...] a comma begins the next item",
        fault.where._replace(column=call.start(1) + 1),
        QUOTE,
        length=len(call[1]),
    )


def _after_quote(fault: _Fault) -> Problem | None:
    begin = _value_start(fault.line)
    if fault.line[begin : begin + 1] not in ("'", '"') or fault.column <= begin:
        return None
    return Problem(
        "text follows after the closing quote",
        fault.where,
        "an expression that begins with a quote needs quotes around the whole",
        example=quoted(fault.line, begin),
    )


def _more(fault: _Fault) -> Problem | None:
    if "but found another document" in fault.problem:
        return Problem(
            "only one YAML document may stand in a file", fault.where, "delete from the second --- on"
        )
    if "expected <block end>" not in fault.problem:
        return None
    begin = _value_start(fault.line)
    if fault.line[begin : begin + 1] in ("[", "{") and fault.column > begin:
        return Problem(
            "text follows after the closing bracket",
            fault.where,
            "an expression that begins with [ or { needs quotes around the whole",
            example=quoted(fault.line, begin),
        )
    return _after_quote(fault) or Problem(
        "this line does not fit the ones above", fault.where, "check its indentation and the '- ' before it"
    )


def _is_quoted(text: str) -> bool:
    """Tell whether `text` ends inside quotes; YAML knows those only that begin a value."""
    quote = _open_quote(text)
    return bool(quote) and text[: text.rindex(quote)].rstrip().endswith(("[", "{", ",", ":", "-"))


def _open_quote(text: str) -> str:
    quote = ""
    for letter in text:
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
    return quote


_LOOK = "check this line and the one above it: indentation, quotes, brackets, colons"
_CLOSING = {
    "a [ that is not closed, or a missing comma": "close it with ], and put commas between its parts",
    "a { that is not closed, or a missing comma": "close it with }, and put commas between its parts",
    "a quote that is not closed": "close it with the same quote",
    "a key without a colon, or a line that is indented wrongly": "write `key: value`, or mend its indentation",
}


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
    return " ".join(problem.split())
