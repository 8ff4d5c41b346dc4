"""Durations as jobs write them: `90`, `30s`, `10m`, `2h`, `1d`."""

from __future__ import annotations

import re
from decimal import Decimal

from txojobs.errors import ValidationError
from txojobs.records import number_text
from txojobs.steps.kinds import Kind, plain_value

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", None: "1"}


def seconds_in(text: str) -> Decimal | None:
    """Return a duration in seconds, None when the text is none."""
    found = _DURATION.fullmatch(text)
    return None if found is None else Decimal(found[1]) * Decimal(_UNITS[found[2]])


class Duration(Kind):
    """A length of time, like `10m`, or a bare number of something else that is counted."""

    __slots__ = ()

    name = "duration"

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        """Return the value as text."""
        del before
        return number_text(plain_value(value))

    def vet(self) -> None:
        """Refuse what is none."""
        if seconds_in(self.text) is None:
            raise ValidationError(f"{self.text[:40]!r} is no duration", how_to_fix="write 90s, 10m, 2h or 1d")
