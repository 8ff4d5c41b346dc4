"""Read the header `Link`: which address has which relation to the answer.

Takes what services send: several links in one field or in several, parameters in any order and case, with and without
quotes, commas and semicolons inside quotes, relative addresses. What cannot be read is an error, not an absent link.

Source: RFC 8288 sections 3 (syntax), 3.2 (context), 3.3 (relation types) and appendix B.2 (parsing).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import ApiOperationError
from txojobs.rest.origin import resolved
from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET = re.compile(r"[\s,]*<([^<>]*)>")
_PARAMETER = re.compile(r"""\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?)?""")
_END = re.compile(r"\s*(,|$)")
_ESCAPED = re.compile(r"\\(.)")


class Link(NamedTuple):
    """One link: its target as it was sent, its relations in lower case, its context where it names one."""

    target: str
    relations: frozenset[str]
    anchor: str | None


def links(text: str) -> Iterator[Link]:
    """Yield each link of a header.

    Raises:
        ApiOperationError: it is no list of links.
    """
    position = 0
    while text[position:].strip(" \t,"):
        found = _TARGET.match(text, position)
        if found is None:
            raise _unreadable(text)
        target, parameters, position = found[1].strip(), dict[str, str](), found.end()
        while text[position:].lstrip()[:1] == ";":
            pair = _PARAMETER.match(text, position)
            if pair is None:  # pragma: no cover  # it takes a lone semicolon
                raise _unreadable(text)
            position = pair.end()
            if pair[1]:  # a parameter that comes again is to be ignored
                parameters.setdefault(pair[1].lower(), _plain(pair[2] or ""))
        end = _END.match(text, position)
        if end is None:
            raise _unreadable(text)
        position = end.end()
        relations = frozenset(parameters.get("rel", "").lower().split())
        yield Link(target, relations, parameters.get("anchor"))


def next_link(header: str | None, base: str) -> str | None:
    """Return the address of the next page that a header names, resolved against `base`; None when it names none.

    Raises:
        ApiOperationError: the header cannot be read, or it names two next pages.
    """
    targets = {
        resolved(base, link.target)
        for link in links(header or "")
        if "next" in link.relations and (link.anchor is None or resolved(base, link.anchor) == base)
    }
    if len(targets) > 1:
        raise ApiOperationError(
            f"the header Link names {len(targets)} different next pages",
            how_to_fix="report it to the provider of the service: it is not clear where the list goes on",
        )
    return next(iter(targets), None)


def _plain(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value[:1] == '"' else value


def _unreadable(text: str) -> ApiOperationError:
    return ApiOperationError(
        f"the header Link is no list of links: {clean_text(text, limit=120)}",
        how_to_fix="report it to the provider of the service, or page in another way that it offers",
    )
