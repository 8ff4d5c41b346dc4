"""How long a service asks to be left alone.

Source: RFC 9110 sections 10.2.3 (Retry-After) and 5.6.7 (HTTP-date). A date is compared with the answer's
own Date header, so a wrong clock on either side does not matter. Where a service and a gateway before it each add
the header, it comes twice, as a list (section 5.3): whoever waits for the longest disappoints neither.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def retry_after_s(headers: Mapping[str, str], *, wall_clock_now: float) -> float | None:
    """Return the seconds of Retry-After, 0 for a date that has passed, None when absent or not valid."""
    sent_at = _timestamp(headers.get("Date", ""))
    now = wall_clock_now if sent_at is None else sent_at
    told = [_seconds(each.strip(), now) for each in _BETWEEN.split(headers.get("Retry-After", ""))]
    told += [_seconds(headers.get(name, ""), now, unit_s=0.001) for name in _IN_MILLISECONDS]
    return max((seconds for seconds in told if seconds is not None), default=None)


_BETWEEN = re.compile(r"(?:(?<=[0-9\s])|(?<=GMT)),")
"""Where one value ends and the next one begins: not behind the name of a day, where a date has its comma."""


_IN_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
"""What some services of Azure send beside it or in its place; azure-core reads them, too."""


def _seconds(text: str, now: float, *, unit_s: float = 1.0) -> float | None:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text, re.ASCII):
        return float(text) * unit_s
    moment = _timestamp(text)
    return None if moment is None else max(0.0, moment - now)


_ASCTIME = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-3][0-9] [0-9:]{8} [0-9]{4}", re.ASCII)
"""The form without a zone, which is GMT as well: recipients must accept it."""


def _timestamp(text: str) -> float | None:
    if _ASCTIME.fullmatch(text):
        text += " GMT"
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    # an HTTP-date is GMT; a date without a zone, or one outside what time stamps hold, is not one
    try:
        return moment.timestamp() if moment.tzinfo is not None else None
    except (OverflowError, OSError, ValueError):
        return None
