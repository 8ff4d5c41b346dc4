"""Pass over what a service writes badly in a cookie, before the library's jar sees it.

The jar takes a `Max-Age` without a value for a bug of its own: it shows a traceback and forgets every cookie of the
answer. One that is no number makes it forget the cookie. Neither says anything, so both are left out.

Source: RFC 6265 section 5.2.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

_NO_AGE = re.compile(r";\s*max-age\s*(?:=(?!\s*-?[0-9]+\s*(?:;|$))[^;]*)?(?=;|$)", re.IGNORECASE | re.ASCII)


def mend_cookies(head: Message) -> None:
    """Leave out each Max-Age of the head of an answer that is no number of seconds."""
    cookies = head.get_all("Set-Cookie", [])
    if not any(map(_NO_AGE.search, cookies)):
        return
    del head["Set-Cookie"]
    for cookie in cookies:
        head["Set-Cookie"] = _NO_AGE.sub("", cookie)
