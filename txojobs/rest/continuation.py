"""Notice that an answer says there is more where a job does not look for it.

A misspelt name, or a `paging: none` that is wrong, must never shorten a result without a sign. Looked at only when an
end was concluded rather than told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.rest.link_header import next_link
from txojobs.rest.pages import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.records import JsonValue

_MORE = re.compile(
    "next(link|page|ur[il]|href|cursor|token|pagetoken|pageurl|pagelink|pagecursor|recordsurl|marker|offset|start|batch)?"
    "|has(more|next|nextpage|moreitems|moreresults)|moreitemsincollection|moreresults|continue|continuationtoken"
)
"""Names, without case and punctuation, under which services say that there is more."""
_LAST = frozenset(("islast", "islastpage", "lastpagereached"))
"""Names under which they say that there is not."""
_TOTAL = re.compile("total(count|results|records|items|elements|hits|size|rows|numberof[a-z]+)|numfound")
"""Names under which they say how many records there are."""
_PAGES = re.compile("totalpages|numpages|pagecount|numberofpages|totalpagecount")
"""Names under which they say how many pages there are."""
_PAGING = frozenset(
    ("startat", "offset", "start", "skip", "limit", "page", "pagesize", "perpage", "maxresults")
)
"""Beside one of these, a `total` is that of all records; elsewhere it may be a sum of money."""
_DEPTH = 3


class SoFar(NamedTuple):
    """What was read: how many records, and in how many pages."""

    records: int
    pages: int


def goes_on(
    value: JsonValue,
    headers: Mapping[str, str],
    url: str,
    *,
    record: JsonValue = None,
    so_far: SoFar | None = None,
) -> str | None:
    """Return the name under which an answer says that there is more, None when it does not.

    `record` is a part of the answer that is a record itself: its fields mean something else. With `so_far` a number
    of records or pages that is larger than that says so, too.

    Raises:
        ApiOperationError: the header Link cannot be read.
    """
    if next_link(headers.get("Link"), url) is not None:
        return "the header Link (rel=next)"
    return next(_names(value, "", _DEPTH, record, so_far), None)


def _names(value: JsonValue, path: str, depth: int, record: JsonValue, so_far: SoFar | None) -> Iterator[str]:
    if not isinstance(value, dict) or value is record or depth == 0:
        return
    beside = {_plain(name) for name in value} & _PAGING
    for name, inner in value.items():
        plain = _plain(name)
        here = f"{path}.{name}" if path else name
        if (_MORE.fullmatch(plain) and _says_more(inner)) or (plain in _LAST and inner is False):
            yield here
        elif so_far is not None and _is_larger(plain, inner, so_far, is_total=bool(beside)):
            yield f"{here} ({inner})"
        else:
            yield from _names(inner, here, depth - 1, record, so_far)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.rpartition("@")[2].rpartition(".")[2].lower())


def _is_larger(plain: str, value: JsonValue, so_far: SoFar, *, is_total: bool) -> bool:
    """Tell whether a number says that there are more records or pages than came."""
    number = counted(value)
    if number is None or isinstance(value, bool):
        return False
    if _PAGES.fullmatch(plain):
        return number > so_far.pages
    return number > so_far.records and (
        _TOTAL.fullmatch(plain) is not None or (is_total and plain == "total")
    )


def _says_more(value: JsonValue) -> bool:
    if isinstance(value, dict):  # {"href": "..."}
        return any(isinstance(value.get(name), str) and value[name] for name in ("href", "url", "uri"))
    return bool(value) and not isinstance(value, list)
