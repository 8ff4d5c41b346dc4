"""`${{ path }}` in a text: where it stands, and what it may hold (a dotted path and nothing else)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_OPEN = re.compile(r"\$\{\{(?!.*?\}\})|\$\{(?!\{)(?:[^{}]*\})?|(?<!\$)\{\{.*?\}\}", re.DOTALL)


class Hole(NamedTuple):
    """One `${{ }}`: its path, and where it begins and ends in the text."""

    path: str
    start: int
    end: int


def holes(text: str) -> Iterator[Hole]:
    """Yield each `${{ }}` of a text, in order."""
    for found in _HOLE.finditer(text):
        yield Hole(found[1].strip(), found.start(), found.end())


def lone(text: str) -> Hole | None:
    """Return the `${{ }}` of a text that is one and nothing else."""
    found = list(holes(text))
    return found[0] if len(found) == 1 and text.strip() == text[found[0].start : found[0].end] else None


def is_path(text: str) -> bool:
    """Tell whether a text is a dotted path."""
    return _PATH.fullmatch(text) is not None


def slip(text: str) -> tuple[int, str, str] | None:
    """Return the offset, fault and remedy of the first thing that was meant to be `${{ }}`, or None."""
    found = _OPEN.search(text)
    if found is None:
        return None
    if found[0] == "${{":
        return found.start(), "${{ is not closed", "close it with }}"
    path = found[0].strip("${} \n")
    lacking = "with two braces on each side" if found[0][0] == "$" else "with the dollar sign"
    return (
        found.start(),
        f"{found[0][:30]} is not replaced by a value",
        f"write ${{{{ {path if is_path(path) else 'path'} }}}}, {lacking}",
    )


def enclosing_quote(text: str, offset: int, *, quotes: str, escape: str) -> str:
    """Return the quote character in which the place `offset` stands, or ''.

    `quotes` are the characters that begin a text; a doubled one ends it and begins another. `escape` makes the
    next character an ordinary one; '' for languages that have none.
    """
    quote = ""
    skip = False
    for letter in text[:offset]:
        if skip:
            skip = False
        elif letter == escape:
            skip = True
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in quotes:
            quote = letter
    return quote
