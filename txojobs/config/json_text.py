"""Read JSON strictly (RFC 8259) and say in plain words what keeps a text from being JSON.

Refused beyond the standard: numbers larger than any binary float, depth over 50, more than 1 MiB. No digit is lost:
whole numbers are int, all others a float that knows how it was written.
No message repeats a value, which may be a secret without its quotes.
Duplicate keys are noticed here and placed by whoever reports them.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.config.names import shown_name
from txojobs.config.places import mark_at
from txojobs.errors import Mark, Problem
from txojobs.redact import HIDDEN, escape_foreign

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
_MAX_DIGITS = 400
_LONGEST_SHOWN = len("-Infinity")

_STRING = r'"(?:[^"\\]|\\.)*"'
_BRACKETS = rf"(?s){_STRING}|([\[{{])|([\]}}])"
_SMART = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u2036"
_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00", "UTF-16 or binary"))


class JsonText(NamedTuple):
    """What was read. `value` means something only when no problem is an error."""

    text: str
    value: Any
    problems: list[Problem]
    has_duplicates: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether the text is JSON."""
        return all(problem.severity != "error" for problem in self.problems)


class WrittenFloat(float):
    """A float, as scripts expect one, that keeps the number as it was written, for jobs: `text`.

    A binary float holds 17 digits at most and forgets zeros at the end.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Make it of the text of a JSON number."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __reduce__(self) -> tuple[type[WrittenFloat], tuple[str]]:
        return WrittenFloat, (self.text,)


class _RefusedError(ValueError):
    """A number that JSON or a binary float does not know."""


def read_json(data: bytes, file: str) -> JsonText:
    """Read one JSON document; what is wrong with it stands in `problems`, marked with `file`."""
    text, problems = _decode(data, file)
    if text is None:
        return JsonText("", None, problems)
    too_deep = _too_deep(text)
    if too_deep is not None:
        problem = Problem(
            f"the file nests more than {MAX_DEPTH} levels deep",
            mark_at(text, too_deep, file),
            "look for brackets that are not closed",
        )
        return JsonText(text, None, [problem])
    repeated: list[str] = []
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, repeated),
            parse_constant=_refuse,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as err:
        return JsonText(text, None, [_explain(text, err, file)])
    except _RefusedError as err:
        return JsonText(text, None, [_bad_number(text, str(err), file)])
    return JsonText(text, value, problems, bool(repeated))


def _decode(data: bytes, file: str) -> tuple[str | None, list[Problem]]:
    start = Mark(file, 1, 1)
    if len(data) > MAX_BYTES:
        return None, [
            Problem(
                f"the file is larger than {MAX_BYTES:,} bytes",
                start,
                "a configuration holds settings; put records elsewhere",
            )
        ]
    for bom, name in _BOMS:
        if data.startswith(bom):
            return None, [Problem(f"the file is saved as {name}", start, "save it as UTF-8")]
    problems = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        problems.append(
            Problem(
                "the file begins with a byte order mark (BOM), which other readers of JSON refuse",
                start,
                "save it as UTF-8 without BOM",
                severity="warning",
            )
        )
    try:
        return data.decode("utf-8"), problems
    except UnicodeDecodeError as err:
        before = data[: err.start].decode("utf-8")
        where = mark_at(before, len(before), file)
        return None, [Problem("the file is not saved as UTF-8", where, "save it as UTF-8")]


def _too_deep(text: str) -> int | None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return None
    depth = 0
    for found in re.finditer(_BRACKETS, text):
        depth += 1 if found[1] else -1 if found[2] else 0
        if depth > MAX_DEPTH:
            return found.start()
    return None


def _object(pairs: list[tuple[str, Any]], repeated: list[str]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated.append("")
    return value


def _refuse(text: str) -> float:
    raise _RefusedError(text)


def _float(text: str) -> WrittenFloat:
    value = WrittenFloat(text)
    if math.isinf(value):
        raise _RefusedError(text)
    return value


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _RefusedError(text)
    return int(text)


def _bad_number(text: str, number: str, file: str) -> Problem:
    outside_strings = re.compile(rf"{_STRING}|({re.escape(number)})", re.DOTALL)
    offset = next((found.start(1) for found in outside_strings.finditer(text) if found[1]), 0)
    shown = number if len(number) <= _LONGEST_SHOWN else "this"
    return Problem(
        f"{shown} is not a number that JSON can hold",
        mark_at(text, offset, file),
        "write a smaller number, or a text in quotes",
        length=len(number),
    )


def _explain(text: str, err: json.JSONDecodeError, file: str) -> Problem:
    """Return the slip behind an error of json, placed where the hand has to go."""
    at = err.pos
    rest = text[at:]
    before = text[:at].rstrip()
    if not text.strip():
        return Problem("the file is empty", Mark(file, 1, 1), "write at least {}", example="{}")
    slip = _by_kind(err, rest) or _by_letter(rest, before, err)
    if slip is None:
        where = mark_at(text, at, file)
        shown = escape_foreign(rest[:1])
        return Problem(
            f"this is not JSON: {shown!r} cannot stand here" if shown else "this is not JSON",
            where,
            "check commas, quotes and brackets just before it",
        )
    offset, message, fix = slip
    return Problem(message, mark_at(text, at if offset is None else offset, file), fix)


_Slip = tuple["int | None", str, "str | None"]


def _by_kind(err: json.JSONDecodeError, rest: str) -> _Slip | None:
    if err.msg.startswith("Invalid \\"):
        return None, "a backslash inside a text begins an escape", "write each backslash twice: C:\\\\data"
    if err.msg.startswith("Unterminated string"):
        return None, "this text has no closing quote", 'write " at its end'
    if err.msg.startswith("Invalid control character"):
        kind = (
            "a line break" if rest[:1] in "\r\n" else "a tab" if rest[:1] == "\t" else "a control character"
        )
        return None, f"{kind} stands inside a text", 'close the text with " on its line, or write \\n or \\t'
    if err.msg.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma, not behind it
        return None, f"there is a comma before the closing {rest[1:].lstrip()[:1]}", "remove the comma"
    return None


def _by_letter(rest: str, before: str, err: json.JSONDecodeError) -> _Slip | None:  # noqa: C901 - a table
    letter = rest[:1]
    if rest.startswith(("//", "/*", "#")):
        return None, "JSON has no comments", 'remove it, or write it as a member: "description": "..."'
    if letter in ("}", "]") and before.endswith(","):
        return len(before) - 1, f"there is a comma before the closing {letter}", "remove the comma"
    if letter == "'":
        return None, "this text stands in single quotes", 'JSON knows double quotes only: "..."'
    if letter and letter in _SMART:
        return None, "these are typographic quotes", 'write straight double quotes: "..."'
    if not letter:
        return None, "the file ends too early", "close each { with } and each [ with ]"
    if err.msg.startswith("Extra data"):
        return None, "something follows after the end of the document", "remove it; the file is one object"
    word = re.match(r"[A-Za-z_$][\w$-]*", rest)
    if err.msg.startswith("Expecting property name"):
        if word and (key := shown_name(word[0])) != HIDDEN:
            return None, f"the key {key} has no quotes", f'write "{key}"'
        if word:
            return None, "a key here has no quotes", 'write "key": value'
        return None, "a key is missing here", 'write "key": value'
    if err.msg.startswith("Expecting ':'"):
        return len(before), "a colon is missing after this key", 'write "key": value'
    if err.msg.startswith("Expecting ','"):
        if letter.isdigit() and before.endswith("0"):
            return (
                len(before) - 1,
                "a number cannot begin with 0",
                "remove the zero, or write a text in quotes",
            )
        return (
            len(before),
            "a comma is missing here, or a quote before it",
            "write a comma between two members",
        )
    return _no_value(letter, word)


def _no_value(letter: str, word: re.Match[str] | None) -> _Slip | None:
    if word:
        plain = {
            "true": "true",
            "false": "false",
            "null": "null",
            "none": "null",
            "yes": "true",
            "no": "false",
        }
        meant = plain.get(word[0].lower())
        if meant is None:
            return None, "a text here has no quotes", 'write it in quotes: "..."'
        return None, f"{word[0]} is no JSON value", f"write {meant}"
    if letter == ",":
        return None, "a value is missing before this comma", "remove the comma, or write the value"
    if letter in ".+":
        return None, f"a number cannot begin with {letter}", "write 0.5 for .5 and 5 for +5"
    if letter in "}]":
        return None, f"a value is missing before this {letter}", "write the value"
    return None
