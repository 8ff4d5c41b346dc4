"""What XlsxWriter needs around it: a file that fails once, a sheet that takes text as text, checked names."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from xlsxwriter.worksheet import Worksheet

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_UNSTORABLE = re.compile("[\0-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_MAX_NAME = 31


class Target:
    """The file that the workbook is zipped into.

    When the system refuses a write, XlsxWriter leaves a zip file behind that tries again when it is
    collected. Once `broken` is set such late writes end here, at positions as they would be: the first error
    stays the only one.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self.broken = False

    def write(self, data: bytes) -> int:
        """Write, or let the data go."""
        self._at += len(data) if self.broken else self._file.write(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; where the end is, a broken file does not know."""
        if not self.broken:
            self._at = self._file.seek(offset, whence)
        elif whence == os.SEEK_SET:
            self._at = offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        if not self.broken:
            self._file.flush()

    def close(self) -> None:
        """Close the file; a broken one in silence."""
        try:
            self._file.close()
        except OSError:
            if not self.broken:
                raise


class PlainSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A worksheet that keeps two kinds of text which XlsxWriter would change.

    In constant memory it takes any text `<r>...</r>` for XML of its own and writes it unescaped. And of two
    escapes that share an underscore, `_x005F_x000D_`, it protects the first only, so that a carriage return
    would be read. Data may hold both.
    """

    @staticmethod
    def _escape_control_characters(data: object) -> object:
        return _LIKE_ESCAPE.sub("_x005F_", data) if isinstance(data, str) else data

    def _xml_rich_inline_string(self, string: str, attributes: list[tuple[str, Any]]) -> None:
        self._xml_inline_string(string, False, attributes)  # noqa: FBT003  # XlsxWriter's own signature


def check_sheet_name(name: str, *, taken: Iterable[str]) -> None:
    """Make sure that Excel opens a workbook with a sheet of this name.

    Raises:
        ValidationError: with the rule that the name breaks.
    """
    problem = _problem(name, taken)
    if problem:
        raise ValidationError(
            f"a sheet cannot be named {name!r}: {problem}",
            how_to_fix="choose a name of 1 to 31 characters without [ ] : * ? / \\",
            example="Open orders",
        )


def _problem(name: str, taken: Iterable[str]) -> str | None:
    folded = name.casefold()
    same = next((other for other in taken if other.casefold() == folded), None)
    odd = _FORBIDDEN.search(name)
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    rules = (
        (not name.strip(), "it is empty"),
        (units > _MAX_NAME, f"it is longer than {_MAX_NAME} characters"),
        (odd is not None, f"{odd and odd[0]} is not allowed in it"),
        (_UNSTORABLE.search(name) is not None, "it holds a character that Excel cannot store"),
        (name[:1] == "'" or name[-1:] == "'", "it begins or ends with an apostrophe"),
        (folded == "history", "Excel keeps this name for itself"),
        (same is not None, f"the workbook already has a sheet {same!r}"),
    )
    return next((reason for broken, reason in rules if broken), None)
