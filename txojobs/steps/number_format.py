"""Number formats of spreadsheets, checked before a workbook is written that Excel would have to repair.

Source: ECMA-376 Part 1, section 18.8.31 (numFmts). No library checks one: openpyxl and XlsxWriter write what they
get.
"""

from __future__ import annotations

import re

from txojobs.errors import Mark, ValidationError
from txojobs.steps.fitting import as_text
from txojobs.steps.kinds import NOWHERE, Kind

_PLAIN = re.compile(r"[-#0-9?.,%/@ ]*")
"""Each character is a part; the whole pattern takes a millisecond to compile."""
_PART = r"""
    "[^"]*"                                      # a text
  | \\. | _. | \*.                               # one character: as it is, as wide as it, filling the cell
  | \[(?:black|blue|cyan|green|magenta|red|white|yellow|color\s?[0-9]{1,2})\]
  | \[(?:[<>]=?|=|<>)-?[0-9]+(?:\.[0-9]+)?\]     # a condition
  | \[(?:h+|m+|s+)\]                             # hours and so on that were gone
  | \[\$[^\]]*\] | \[dbnum[1-4]\]                # a currency, a language
  | general | am/pm | a/p
  | e[-+]
  | [0-9#?.,%/@]
  | [ymdhsbge]
  | [-$+():!^&'~{}<>=\ ]
  | [^\x00-\x7f]                                 # another sign of money, or a letter
    """
_MOST_SECTIONS = 4


class _BadFormatError(ValidationError):
    """`offset` is where in the text it is wrong."""

    def __init__(self, message: str, fix: str, offset: int) -> None:
        super().__init__(message, how_to_fix=fix)
        self.offset = offset
        self.length = 1


class NumberFormat(Kind):
    """How a spreadsheet shows the numbers or dates of a column."""

    __slots__ = ()

    name = "number format"

    def __init__(self, text: str, where: Mark = NOWHERE) -> None:
        super().__init__(text, where)
        if _PLAIN.fullmatch(text):
            return
        part = re.compile(_PART, re.VERBOSE | re.IGNORECASE)
        offset, sections = 0, 1
        while offset < len(text):
            if text[offset] == ";":
                sections += 1
                offset += 1
                continue
            found = part.match(text, offset)
            if found is None:
                raise _refusal(text, offset)
            offset = found.end()
        if sections > _MOST_SECTIONS:
            message = f"{text[:40]!r} is no number format: it has {sections} parts"
            raise _BadFormatError(
                message, "write at most four, for numbers above, below and of 0, and for texts", 0
            )

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return the value as text."""
        return as_text(value, before)


def _refusal(text: str, offset: int) -> _BadFormatError:
    if text[offset] == "[":
        end = text.find("]", offset)
        what = f"{text[offset : end + 1]} is none of its brackets" if end > 0 else "a [ that is not closed"
        fix = 'put a bracket that is shown into double quotes: "["; known are [Red], [>100], [h] and [$€-407]'
    elif text[offset] == '"':
        what, fix = 'a " that is not closed', 'end the text with another "'
    else:
        what = f"{text[offset]!r} has no meaning there"
        fix = "put what is a text into double quotes: '0.00 \"kr\"'; usual formats are 0.00, #,##0 and yyyy-mm-dd"
    return _BadFormatError(f"{text[:40]!r} is no number format: {what}", fix, offset)
