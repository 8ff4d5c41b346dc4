"""Break lines where words end: a word, a path or a number is never broken, however narrow the terminal.

For prose and for lines of facts. Commands, code and JSON are written whole, so that they can be copied: a terminal
breaks those itself, and gives them back in one piece.
"""

from __future__ import annotations

import re
import unicodedata

_COLUMN = re.compile(r"\s*\S+(?: {1,2}\S+)*")
_PIECE = re.compile(r"\s*\S+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HANGING = 4


def width_of(text: str) -> int:
    """Return the columns that a text takes on a terminal: colours none, wide letters two."""
    text = _COLOUR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(letter) else 1 + _is_wide(letter) for letter in text)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text for a terminal of this width; those that go on stand further in than the first.

    Spaces inside of a line stay, so that columns do, and what stands between columns keeps together where it can.
    What is wider than the terminal stands alone, unbroken.
    """
    if width_of(text) <= width:
        return [text]
    indent = len(text) - len(text.lstrip(" "))
    further = " " * min(indent + _HANGING, width // 3)
    lines = [""]
    for column in _COLUMN.findall(text):
        fits_alone = width_of(further + column.lstrip()) <= width
        for piece in [column] if fits_alone else _PIECE.findall(column):
            if lines[-1].strip() and width_of(lines[-1] + piece) > width:
                lines.append(further + piece.lstrip())
            else:
                lines[-1] += piece
    return lines
