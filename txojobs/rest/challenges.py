"""Read what a service demands in WWW-Authenticate: why a token was refused, and what a better one would need.

Foreign text: every part of it is escaped and shortened. A claims challenge (Conditional Access, continuous
access evaluation) is base64 of JSON and shown decoded.

Source: RFC 9110 section 11.6.1, RFC 6750 section 3, Microsoft identity platform: claims challenges.
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple

from txojobs.rest.service_text import clean_text

_MAX_READ = 8192
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # a grammar's word (RFC 9110 section 5.6.2), no secret
_PART = re.compile(
    rf'\s*(?P<name>{_TOKEN})[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>{_TOKEN}))(?=[ \t,]|$)'
    rf"|\s*(?P<scheme>{_TOKEN})(?:[ \t]+(?P<token68>[A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|$)|(?=[ \t,]|$))"
)

REMEDIES: dict[str, str] = {
    "insufficient_scope": "give the application the permission that the service names, or ask for it in "
    "`oauth-scope`",
    "insufficient_claims": "a Conditional Access policy wants more than an application by itself can show: ask "
    "your administrator which policy it is, and for an exception or a place of the network that it allows",
    "insufficient_user_authentication": "the service wants a person to sign in: an application by itself cannot",
}
"""What a person does, by the `error` of the challenge; for others the kind of credential decides."""


class Challenge(NamedTuple):
    """A challenge for a bearer token; empty where the service said nothing."""

    error: str = ""
    description: str = ""
    scope: str = ""
    claims: str = ""

    @property
    def message(self) -> str:
        """What the service said, on one line; empty when it gave no reason."""
        parts = [": ".join(part for part in (self.error, self.description) if part)]
        parts += [f"it wants the scope {self.scope}"] if self.scope else []
        parts += [f"it wants the claims {self.claims}"] if self.claims else []
        return "; ".join(part for part in parts if part)


def bearer_challenge(header: str) -> Challenge:
    """Return the first Bearer challenge of a WWW-Authenticate header that gives a reason."""
    found: Challenge = Challenge()
    for scheme, members in _challenges(header[:_MAX_READ]):
        if scheme == "bearer":
            challenge = Challenge(
                clean_text(members.get("error", ""), limit=80),
                clean_text(members.get("error_description", "")),
                clean_text(members.get("scope", ""), limit=200),
                _claims(members.get("claims", "")),
            )
            if challenge.error:
                return challenge
            found = found if any(found) else challenge
    return found


def _challenges(header: str) -> list[tuple[str, dict[str, str]]]:
    """Return each scheme, in lower case, with its parameters; reading ends where the grammar does."""
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while part := _PART.match(header, at):
        at = part.end()
        if part["scheme"]:
            found.append((part["scheme"].lower(), {}))
        elif found:
            value = part["bare"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
            found[-1][1].setdefault(part["name"].lower(), value)
        while at < len(header) and header[at] in ", \t":
            at += 1
    return found


def _claims(text: str) -> str:
    """Return the claims that are demanded as JSON text, as they came when they are no base64 of text."""
    if not text:
        return ""
    try:
        plain = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
        return clean_text(plain.decode("utf-8"))
    except ValueError:
        return clean_text(text)
