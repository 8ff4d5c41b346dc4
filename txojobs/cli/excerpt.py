"""The line that a problem stands on, as much of it as a person reads: a window around the mark.

A file of one line, minified JSON for one, may hold a megabyte of it.
"""

from __future__ import annotations

from typing import NamedTuple

COLUMNS = 100
"""The characters of a line that are shown at most."""
_BEFORE = 40
_CUT = "..."


class Excerpt(NamedTuple):
    """What is shown of a line, and where the mark below it begins (from 0) and how long it is."""

    text: str
    start: int
    length: int


def excerpt(line: str, *, column: int, length: int) -> Excerpt:
    """Return the part of a line around the `length` characters from `column` (from 1) on."""
    length = max(1, min(length, len(line) - column + 1))
    if len(line) <= COLUMNS:
        return Excerpt(line, column - 1, length)
    first = max(0, min(column - 1 - _BEFORE, len(line) - COLUMNS))
    last = first + COLUMNS
    before, after = _CUT if first else "", _CUT if last < len(line) else ""
    start = column - 1 - first
    return Excerpt(
        f"{before}{line[first:last]}{after}", len(before) + start, max(1, min(length, COLUMNS - start))
    )
