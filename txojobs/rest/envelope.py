"""What stands around the records of a page must stand there once: of two links or lists, a reader takes the last.

Looks at the bytes before and behind the list, which costs nothing on a large page; at all of a page without records.
A second list beside one that has records is not looked for, it would cost a tenth of reading the page.

Source: RFC 8259 section 4 (names within an object should be unique; what else happens is unpredictable).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from txojobs.rest.content import unreadable
from txojobs.rest.failures import Cause

if TYPE_CHECKING:
    from txojobs.rest.answers import Answer

_NAMES = (
    *("value", "d", "results", "__next", "__count"),
    *("@odata.nextLink", "@nextLink", "odata.nextLink", "@odata.count", "@count", "odata.count"),
)
_MEMBER = re.compile(rb'"(' + "|".join(map(re.escape, _NAMES)).encode() + rb')"\s*:')
_LONGEST = 65_536
"""Bytes of what may stand on either side of a list."""


def refuse_twice(answer: Answer, *, has_records: bool) -> None:
    """Raise AttemptError when the envelope of a page has a list, a link or a count twice."""
    names = _around(answer.body) if has_records else _of(answer.body)
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise unreadable(
            answer,
            f"the answer has {twice!r} twice, and only one of them can be read",
            "report it to the provider of the service: records would be lost",
            cause=Cause.REFUSED,
        )


def _around(body: bytes) -> list[str]:
    start, end = body.find(b"["), body.rfind(b"]")
    sides = (body[: min(start, _LONGEST)], body[max(end, len(body) - _LONGEST) :])
    return [name.decode() for side in sides for name in _MEMBER.findall(side)]


def _of(body: bytes) -> list[str]:
    if len(_MEMBER.findall(body)) < 2:  # noqa: PLR2004  # twice
        return []
    pairs = json.loads(body.decode("utf-8-sig"), object_pairs_hook=list, parse_int=str, parse_float=str)
    inner = [each for name, value in pairs if name == "d" and isinstance(value, list) for each in value]
    return [
        name
        for part in (pairs, inner)
        for name in (each[0] for each in part if isinstance(each, tuple))
        if name in _NAMES
    ]
