"""Notice that an answer says there is more where a job does not look for it.

A misspelt name, or a `paging: none` that is wrong, must never shorten a result without a sign. Looked at only when an
end was concluded rather than told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.rest.link_header import next_link

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
_DEPTH = 3


def goes_on(
    value: JsonValue, headers: Mapping[str, str], url: str, *, record: JsonValue = None
) -> str | None:
    """Return the name under which an answer says that there is more, None when it does not.

    `record` is a part of the answer that is a record itself: its fields mean something else.

    Raises:
        ApiOperationError: the header Link cannot be read.
    """
    if next_link(headers.get("Link"), url) is not None:
        return "the header Link (rel=next)"
    return next(_names(value, "", _DEPTH, record), None)


def _names(value: JsonValue, path: str, depth: int, record: JsonValue) -> Iterator[str]:
    if not isinstance(value, dict) or value is record or depth == 0:
        return
    for name, inner in value.items():
        plain = re.sub(r"[^a-z]", "", name.rpartition("@")[2].rpartition(".")[2].lower())
        here = f"{path}.{name}" if path else name
        if (_MORE.fullmatch(plain) and _says_more(inner)) or (plain in _LAST and inner is False):
            yield here
        else:
            yield from _names(inner, here, depth - 1, record)


def _says_more(value: JsonValue) -> bool:
    if isinstance(value, dict):  # {"href": "..."}
        return any(isinstance(value.get(name), str) and value[name] for name in ("href", "url", "uri"))
    return bool(value) and not isinstance(value, list)
