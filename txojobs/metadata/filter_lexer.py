"""The words of an OData filter or order: names, literals, operators, and `${{ }}`, with where each stands.

Both dialects are read, so that what belongs to the other one can be told: `datetime'...'` is V2, a bare date V4.

Source: OData ABNF Construction Rules 4.01; OData V2 Overview section 6, URI Conventions section 4.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.metadata.faults import Fault, Unjudged
from txojobs.metadata.operators import MEANT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Token(NamedTuple):
    """One word. `kind` is a name of a group in the pattern below."""

    kind: str
    text: str
    offset: int

    @property
    def end(self) -> int:
        """The place behind it."""
        return self.offset + len(self.text)


class Refusal(Exception):  # noqa: N818  # it carries the fault that is told
    """The text cannot be read on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TOKENS = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<hole>\$\{{\{{.*?\}}\}})
  | (?P<typed>{_NAME}\$\{{\{{.*?\}}\}})
  | (?P<text>'(?:[^']|'')*')
  | (?P<prefixed>{_NAME}'(?:[^']|'')*')
  | (?P<guid>[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}(?!\w))
  | (?P<moment>[0-9]{{4,}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}(?:Z|[-+][0-9]{{2}}:[0-9]{{2}})?(?![\w:.]))
  | (?P<date>[0-9]{{4,}}-[0-9]{{2}}-[0-9]{{2}}(?!\w))
  | (?P<time>{_CLOCK}(?![\w:]))
  | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?[lLmMdDfF]?(?!\w))
  | (?P<name>{_NAME})
  | (?P<special>[$@]\w+)
  | (?P<sign>[-(),/:=])
    """,
    re.VERBOSE | re.DOTALL,
)

_FOREIGN = re.compile(r"==|!=|<>|<=|>=|&&|\|\||[<>&|!*+]")


def tokens(text: str) -> Iterator[Token]:
    """Yield each word without the spaces between.

    Raises:
        Refusal: something stands there that no filter holds.
        Unjudged: a JSON literal (4.01) begins.
    """
    offset = 0
    while offset < len(text):
        found = _TOKENS.match(text, offset)
        if found is None:
            raise _refusal(text, offset)
        if found.lastgroup == "sign" and found[0] == "=" and text[offset + 1 : offset + 2] == "=":
            raise _refusal(text, offset)
        if found.lastgroup != "space":
            yield Token(str(found.lastgroup), found[0], offset)
        offset = found.end()


def _refusal(text: str, offset: int) -> Exception:
    letter = text[offset]
    foreign = _FOREIGN.match(text, offset)
    if foreign is not None:
        word = foreign[0]
        return Refusal(Fault(offset, len(word), f"{word} is no operator of OData", f"write {MEANT[word]}"))
    if letter == "'":
        return Refusal(
            Fault(
                offset,
                len(text) - offset,
                "a text begins here and does not end",
                "end it with ', and write a ' inside of it twice",
            )
        )
    if letter == '"':
        end = text.find('"', offset + 1)
        length = end + 1 - offset if end > 0 else 1
        inside = text[offset + 1 : end].replace("'", "''") if end > 0 else "..."
        return Refusal(Fault(offset, length, "texts stand in single quotes", f"write '{inside}'"))
    if letter in "[{":
        raise Unjudged
    if letter == "%":
        return Refusal(
            Fault(offset, 3, "the filter is percent-encoded", "write it plainly; it is encoded for you")
        )
    if letter.isdigit():
        word = re.split(r"[\s(),]", text[offset:], maxsplit=1)[0]
        return Refusal(Fault(offset, len(word), f"{word} is neither a number nor a date", None))
    return Refusal(Fault(offset, 1, f"{letter!r} has no place in a filter", None))
