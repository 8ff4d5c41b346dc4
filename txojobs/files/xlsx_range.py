"""A part of a sheet, as people name it: `B3`, `B3:F` or `B3:F200`."""

from __future__ import annotations

import re
from typing import NamedTuple

from txojobs.errors import ValidationError

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""Of a sheet."""
_CELLS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})(?::([A-Z]{1,3})([1-9][0-9]{0,6})?)?")


class Part(NamedTuple):
    """Rows and columns of a sheet, which count from 1; None where it goes as far as there is something."""

    min_row: int = 1
    min_col: int = 1
    max_row: int | None = None
    max_col: int | None = None

    @classmethod
    def of(cls, cells: str | None) -> Part:
        """Return the part that a text names; None is the whole sheet.

        Raises:
            ValidationError: it names none, or one that ends before it begins.
        """
        if cells is None:
            return cls()
        found = _CELLS.fullmatch(cells.upper().replace("$", ""))
        if found is not None:
            first_column, first_row, until_column, until_row = found.groups()
            part = cls(
                int(first_row),
                _number(first_column),
                int(until_row) if until_row else None,
                _number(until_column) if until_column else None,
            )
            last_row, last_column = part.max_row or part.min_row, part.max_col or part.min_col
            if part.min_row <= last_row <= MAX_ROWS and part.min_col <= last_column <= MAX_COLUMNS:
                return part
        raise ValidationError(
            f"{cells!r} is no part of a sheet",
            how_to_fix="name the first and the last cell; without a last row all rows count",
            example="range: B3:F200",
        )


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
