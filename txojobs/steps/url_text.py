"""The address of a REST collection, and what a `${{ }}` in it becomes: one percent-encoded segment of its path.

Source: RFC 3986 sections 2.3 and 3.3.
"""

from __future__ import annotations

import re

from txojobs.errors import ValidationError
from txojobs.records import number_text
from txojobs.steps.kinds import NOWHERE, Kind, plain_value

_FAULTS = (
    (r"^$", "the address is empty", "name the collection, as in /v1/customers"),
    (
        r"[{}]",
        "the address holds a brace, which is no part of one",
        "write ${{ params.name }} where a value belongs",
    ),
    (r"#", "the address holds a #, and what stands behind it is never sent", "leave it out, or write %23"),
    (r"\\", "the address holds a backslash", "write / instead"),
    (r"\s|[\x00-\x1f\x7f]", "the address holds a space", "write %20, or put the value into query"),
    (r"(^|/)\.\.(/|$|\?)", "the address leads out of the service with ..", "write it without .."),
)


class UrlText(Kind):
    """An address below that of the service, or an absolute one of the same origin."""

    __slots__ = ()

    name = "address"

    def __init__(self, text: str, where: object = NOWHERE) -> None:
        super().__init__(text, where)  # type: ignore[arg-type]  # a Mark
        for pattern, fault, fix in _FAULTS:
            if re.search(pattern, text):
                raise ValidationError(fault, how_to_fix=fix)

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return the value as one segment; behind a question mark none may stand."""
        from txojobs.rest.literals import segment  # noqa: PLC0415

        if "?" in before:
            raise ValidationError(
                "${{ }} cannot stand behind the ? of an address",
                how_to_fix="write the parameter into query, as in query: {status: ${{ params.status }}}",
            )
        if value is None or isinstance(value, list | tuple | dict):
            kind = "null" if value is None else "a list" if isinstance(value, list | tuple) else "a mapping"
            raise ValidationError(
                f"{kind} cannot be a part of an address", how_to_fix="use a text or a number"
            )
        return segment(number_text(plain_value(value)))
