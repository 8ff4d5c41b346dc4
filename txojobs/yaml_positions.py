"""Where a character of a YAML text stands in its source: on folded lines, in blocks, between quotes, behind escapes.

Source and text are walked side by side. What they do not share, as where ruamel takes a character for a line break
that is none, has no position: a mark that points at the wrong place is worse than one at the start.

Source: YAML 1.2.2, sections 5.7 (escapes), 6.5 (line folding), 7.3 (quotes) and 8.1 (blocks).
"""

from __future__ import annotations

import re

_SPACE = r"(?P<space>[ \t\n]+)"
_ESCAPES = {
    '"': r"|(?P<joined>\\\n[ \t]*)|(?P<escape>\\(?:x..|u.{4}|U.{8}|.))",
    "'": "|(?P<escape>'')",
}


def position_in(source: str, text: str, offset: int, *, plain: bool) -> int | None:
    """Return the index in `source` of a character of `text`, or of the end; None where it cannot be told.

    `source` reaches from the first character of the node (a quote, the `>` of a block) to its end, its lines ended
    by LF.
    """
    style = "" if plain else source[:1]
    start = source.find("\n") + 1 if style in ("|", ">") else 1 if style in ("'", '"') else 0
    wanted = min(offset, len(text.rstrip()))
    index, end = 0, start
    for token in re.compile(f"{_SPACE}{_ESCAPES.get(style, '')}|.", re.DOTALL).finditer(source, start):
        if token["space"]:
            count = _spaces(text, index)
            if index <= wanted < index + count:
                return token.start() + min(wanted - index, len(token[0]) - 1)
            index += count
        elif token.lastgroup != "joined":
            if index == wanted:
                return token.start() if index < len(text.rstrip()) else end
            if token.lastgroup != "escape" and text[index] != token[0]:
                return None
            index, end = index + 1, token.end()
    return end if index >= wanted else None


def _spaces(text: str, index: int) -> int:
    """Return how many spaces and line breaks `text` has from `index` on; of a folded line, one is left."""
    return len(text) - index - len(text[index:].lstrip(" \t\n"))
