"""A token and how long it is used: until shortly before it expires, whatever its lifetime.

It is renewed 300 seconds before its end, and at most a tenth of its lifetime: one of 60 seconds serves 54.
(msal asks for a new one each time when less than 300 seconds are left.)

Source: RFC 6749 sections 5.1 and 7.1, RFC 6750.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from txojobs.errors import HelpfulError
from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.redact import Redactor

MARGIN_S = 300.0
MARGIN_SHARE = 0.1
_SECRETS = ("access_token", "refresh_token", "id_token")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; moments are on the monotonic clock, and infinite where no lifetime was told."""

    value: str = field(repr=False)
    lifetime_s: float
    renew_at: float
    expires_at: float

    @classmethod
    def of(cls, value: str, *, lifetime_s: float, left_s: float, now: float) -> Token:
        """Return the token that lives for another `left_s` seconds from `now` on."""
        margin_s = min(MARGIN_S, MARGIN_SHARE * lifetime_s)
        return cls(value, lifetime_s, now + left_s - margin_s, now + left_s)

    def postponed(self, until: float) -> Token:
        """Return the same token, to be renewed no sooner than `until`."""
        return replace(self, renew_at=max(self.renew_at, until))


def token_in(answer: Mapping[str, Any], *, asked_at: float, redactor: Redactor) -> Token | None:
    """Return the token of a token endpoint's answer, None when it has none; the redactor learns every one in it.

    `asked_at` is the moment before the request left: a lifetime counts from somewhere after it.

    Raises:
        HelpfulError: the token is of a kind that is not sent as a bearer.
    """
    for name in _SECRETS:
        if isinstance(secret := answer.get(name), str):
            redactor.add(secret)
    value = answer.get("access_token")
    if not isinstance(value, str) or not value:
        return None
    kind = answer.get("token_type")
    if isinstance(kind, str) and kind.lower() != "bearer":
        raise HelpfulError(
            "Failed to acquire authentication token: the identity service gave one of type "
            f"{clean_text(kind, limit=40)!r}, which is not sent as a bearer token",
            "let it issue bearer tokens for this application",
        )
    lifetime_s = _seconds(answer.get("expires_in"))
    return Token.of(value, lifetime_s=lifetime_s, left_s=lifetime_s, now=asked_at)


def _seconds(told: Any) -> float:
    """Return a lifetime, infinite when none is told; some services write it as text."""
    try:
        seconds = math.inf if told is None or isinstance(told, bool) else float(told)
    except (TypeError, ValueError, OverflowError):
        return math.inf
    return max(seconds, 0.0) if math.isfinite(seconds) else math.inf
