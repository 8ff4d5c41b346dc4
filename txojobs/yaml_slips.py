"""The mistakes that people make in YAML, recognised and explained: what to quote, and where.

Expressions, templates and country codes look like YAML to YAML. Nothing here changes a value.
"""

from __future__ import annotations

import re

from txojobs.errors import Mark, Problem

QUOTE = "put the whole text in quotes"
_SWITCH = r"(?i)(y|n|yes|no|on|off)"
_NUMBER_LIKE = (
    r"[-+]?(0[0-9_]+(\.[0-9_]*)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*_[0-9_]*|[0-9][0-9_]*(:[0-5]?[0-9])+|"
    r"\.(inf|Inf|INF)|\.(nan|NaN|NAN))"
)


def split_lines(text: str) -> list[str]:
    """Return the lines as YAML 1.2 counts them: other separators of Unicode break no line. Never empty."""
    return re.split(r"\r\n|\n|\r", text)


def ambiguous_scalar(text: str, where: Mark) -> Problem | None:
    """Return a warning when tools of YAML 1.1 read a plain scalar differently from us.

    For places that take a value of any type, where another tool would take a country for `false`. Names of fields and
    expressions need no warning: `No` is the commonest field of some services, and nobody reads a name as a value.
    """
    if re.fullmatch(_SWITCH, text):
        other = "true" if text.lower() in ("y", "yes", "on") else "false"
    elif re.fullmatch(_NUMBER_LIKE, text):
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
    """Return a problem when ` #` seems to have cut a plain scalar: `rest` is what follows it on its line.

    A word behind a comparison is a text that lacks its quotes as often as a field, and then # is a part of it.
    """
    comment = re.match(r"\s+(#.*)", rest)
    if comment is None:
        return None
    if _unbalanced(text):
        return Problem(
            f"the text ends before {comment[1][:20]!r}: in YAML a space and # begin a comment",
            where,
            QUOTE,
            example=f'"{text}{rest}"' if '"' not in text + rest else None,
            length=length,
        )
    if re.match(r" #[^\s#!]", rest):
        return Problem(
            f"the text ends before {comment[1][:20]!r}: in YAML a space and # begin a comment",
            where,
            f"{QUOTE} if # belongs to it; write '# ' if it is a comment",
            severity="error" if re.search(r"[=!<>]=?\s*[^\W\d]\w*$", text) else "warning",
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
        QUOTE,
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


def quoted(line: str, start: int) -> str | None:
    """Return a line with its text from `start` on in quotes that suit it, or None when both kinds occur in it."""
    text = line[start:].strip()
    if not text:
        return None
    head = line[:start].strip()
    quote = '"' if '"' not in text and "\\" not in text else "'" if "'" not in text else ""
    return f"{head} {quote}{text}{quote}".strip() if quote else None
