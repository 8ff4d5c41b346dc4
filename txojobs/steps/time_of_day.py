"""A time of day as OData V2 and V3 write it: the duration since midnight, `PT08H55M50S`.

Source: OData V2 JSON Format section 4 (Edm.Time is an XSD dayTimeDuration); [MS-ODATA] section 2.2.2 (a value of it
lies between 00:00 and 24:00).
"""

from __future__ import annotations

import re

_DURATION = re.compile(
    r"P(?:0+D)?T(?=[0-9])(?:([0-9]{1,2})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})(\.[0-9]{1,12})?S)?"
)
_DAY_S = 24 * 60 * 60


def time_since_midnight(text: str) -> str | None:
    """Return `08:55:50` for `PT08H55M50S`, with its fraction; None for what is no duration of less than a day."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.group(1, 2, 3))
    second = (hours * 60 + minutes) * 60 + seconds
    if second >= _DAY_S:
        return None
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{match[4] or ''}"
