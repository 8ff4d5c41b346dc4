"""The functions that a filter may call, in one literal table for both dialects.

Source: OData 4.01 Part 2 sections 5.1.1.5 to 5.1.1.11; OData V2 URI Conventions section 4.5.
"""

from __future__ import annotations

from typing import NamedTuple

from txojobs.metadata.values import DATE, DURATION, FLAG, MOMENT, NUMBER, TEXT, TIME

ANY = ""
WHEN = f"{DATE} {MOMENT}"
CLOCK = f"{MOMENT} {TIME}"


class Function(NamedTuple):
    """What it takes and what it gives: categories, several of them with a space between; ANY for all."""

    takes: tuple[str, ...]
    gives: str
    least: int
    dialects: tuple[str, ...] = ("v2", "v4")


def _of(*takes: str, gives: str, least: int | None = None, dialects: str = "v2 v4") -> Function:
    return Function(takes, gives, len(takes) if least is None else least, tuple(dialects.split()))


FUNCTIONS: dict[str, Function] = {
    "contains": _of(TEXT, TEXT, gives=FLAG, dialects="v4"),
    "substringof": _of(TEXT, TEXT, gives=FLAG, dialects="v2"),
    "startswith": _of(TEXT, TEXT, gives=FLAG),
    "endswith": _of(TEXT, TEXT, gives=FLAG),
    "matchesPattern": _of(TEXT, TEXT, gives=FLAG, dialects="v4"),
    "length": _of(TEXT, gives=NUMBER),
    "indexof": _of(TEXT, TEXT, gives=NUMBER),
    "replace": _of(TEXT, TEXT, TEXT, gives=TEXT),
    "substring": _of(TEXT, NUMBER, NUMBER, gives=TEXT, least=2),
    "tolower": _of(TEXT, gives=TEXT),
    "toupper": _of(TEXT, gives=TEXT),
    "trim": _of(TEXT, gives=TEXT),
    "concat": _of(TEXT, TEXT, gives=TEXT),
    "year": _of(WHEN, gives=NUMBER),
    "month": _of(WHEN, gives=NUMBER),
    "day": _of(WHEN, gives=NUMBER),
    "hour": _of(CLOCK, gives=NUMBER),
    "minute": _of(CLOCK, gives=NUMBER),
    "second": _of(CLOCK, gives=NUMBER),
    "fractionalseconds": _of(CLOCK, gives=NUMBER, dialects="v4"),
    "totaloffsetminutes": _of(MOMENT, gives=NUMBER, dialects="v4"),
    "date": _of(WHEN, gives=DATE, dialects="v4"),
    "time": _of(CLOCK, gives=TIME, dialects="v4"),
    "now": _of(gives=MOMENT, dialects="v4"),
    "mindatetime": _of(gives=MOMENT, dialects="v4"),
    "maxdatetime": _of(gives=MOMENT, dialects="v4"),
    "totalseconds": _of(DURATION, gives=NUMBER, dialects="v4"),
    "round": _of(NUMBER, gives=NUMBER),
    "floor": _of(NUMBER, gives=NUMBER),
    "ceiling": _of(NUMBER, gives=NUMBER),
    "isof": _of(ANY, ANY, gives=FLAG, least=1),
    "cast": _of(ANY, ANY, gives=ANY, least=1),
    "hassubset": _of(ANY, ANY, gives=FLAG, dialects="v4"),
    "hassubsequence": _of(ANY, ANY, gives=FLAG, dialects="v4"),
    "case": _of(*(ANY,) * 20, gives=ANY, least=1, dialects="v4"),
    "geo.distance": _of(ANY, ANY, gives=NUMBER, dialects="v4"),
    "geo.intersects": _of(ANY, ANY, gives=FLAG, dialects="v4"),
    "geo.length": _of(ANY, gives=NUMBER, dialects="v4"),
}
