r"""Find words in a text that writes some letters otherwise: `%2B`, `&#43;`, `&#x2b;`, `&plus;`, `\u002b`, `\/`.

Each library escapes other letters (Java's URLEncoder the `~`, OWASP's encoder all but letters and digits), so the
escapes are undone, in whatever mixture, instead of spelling each word in every way. Only ASCII: what stands for
several bytes is left as it is.

Source: RFC 3986 section 2.1, HTML section 13.5 (named character references), RFC 8259 section 7.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ESCAPE = re.compile(
    r"%(?P<percent>[0-7][0-9A-Fa-f])|&(?P<html>#[0-9]{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z]{2,8};)"
    r"|\\{1,8}(?:u00(?P<four>[0-7][0-9A-Fa-f])|x(?P<two>[0-7][0-9A-Fa-f])|(?P<plain>[^\w\s]))"
)
_ROUNDS = 3
"""An address inside an address is escaped twice."""


def find_escaped(words: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of `text` in which one of `words` stands with at least one letter escaped."""
    begins: Sequence[int] = range(len(text) + 1)  # where in `text` each letter of `plain` begins
    plain = text
    for _ in range(_ROUNDS):
        undone = _ESCAPE.sub(_letter, plain)
        if undone == plain:
            return
        known = [word for word in words if word in undone]
        begins = [begins[place] for place in _places(plain)]
        plain = undone
        for word in known:
            start = plain.find(word)
            while start >= 0:
                yield begins[start], begins[start + len(word)]
                start = plain.find(word, start + 1)


def _letter(found: re.Match[str]) -> str:
    code = found["percent"] or found["four"] or found["two"]
    if code:
        return chr(int(code, 16))
    if found["plain"]:
        return found["plain"]
    letter = html.unescape(found[0])
    return letter if len(letter) == 1 else found[0]


def _places(text: str) -> Iterator[int]:
    """Yield where in `text` each letter of what it means begins, and its end."""
    end = 0
    for found in _ESCAPE.finditer(text):
        yield from range(end, found.start())
        end = found.end()
        letter = _letter(found)
        yield from (found.start(),) if len(letter) == 1 else range(found.start(), end)
    yield from range(end, len(text) + 1)
