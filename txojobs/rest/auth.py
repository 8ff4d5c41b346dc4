"""The credentials that an api may ask for, and how each signs a request.

A credential adds headers or a query option to one request and is asked before each; it never sees a
response. Every secret, and every form in which it travels, is given to the redactor before its first use.

Source: RFC 6750, RFC 7617.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from txojobs.errors import HelpfulError
from txojobs.rest.transport import Signature

if TYPE_CHECKING:
    from txojobs.redact import Redactor
    from txojobs.rest.gate import TrafficSnapshot
    from txojobs.rest.settings import ApiSettings, AuthSettings
    from txojobs.rest.timing import Limits, Timing


REMEDIES: dict[str, str] = {
    "none": "the service wants to know who asks: add `auth` to the configuration, and its secret",
    "bearer": "the ready token has expired or is not for this service: get a new one and put it into {home}",
    "api-key": "the key is wrong, was withdrawn, or travels under another `name`: put the right one into {home}",
    "basic": "the user name or password is wrong: check `username` and {home}",
}
"""What a person does about a 401, by the kind of credential; `{home}` is where its secret is."""


class Credential(Protocol):
    """What signs requests; shared by all threads of a client."""

    @property
    def is_secret(self) -> bool:
        """Whether its signature must not be seen by others."""
        ...

    @property
    def remedy(self) -> str:
        """What a person does when the service refuses it for good."""
        ...

    def sign(self, limits: Limits) -> Signature:
        """Return what to add to a request that leaves now."""
        ...

    def renew(self, refused: Signature, limits: Limits) -> bool:
        """Get a newer credential after a 401; False when there is no other one."""
        ...

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked for the credential itself, for each origin."""
        ...

    def close(self) -> None:
        """Close what it holds open."""
        ...


class Fixed:
    """A credential that never changes: none, a token, a key or a password."""

    def __init__(self, signature: Signature, remedy: str = "") -> None:
        self._signature = signature
        self._remedy = remedy

    @property
    def is_secret(self) -> bool:
        """Whether there is one."""
        return bool(self._signature)

    @property
    def remedy(self) -> str:
        """What a person does when the service refuses it."""
        return self._remedy

    def sign(self, limits: Limits) -> Signature:  # noqa: ARG002  # nothing to wait for
        """Return the signature."""
        return self._signature

    def renew(self, refused: Signature, limits: Limits) -> bool:  # noqa: ARG002  # there is no other one
        """Return False."""
        return False

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """Return nothing."""
        return ()

    def close(self) -> None:
        """Do nothing."""


def credential_for(settings: ApiSettings, timing: Timing, redactor: Redactor) -> Credential:
    """Return the credential that the settings describe; asks nobody yet."""
    auth = settings.auth
    for secret in (auth.secret, auth.fallback_token, auth.passphrase):
        _learn(redactor, secret)
    if auth.type == "oauth2":
        from txojobs.rest.oauth import OAuth  # noqa: PLC0415  # only OAuth needs it

        return OAuth(settings, timing, redactor)
    return Fixed(_signature(auth, redactor), REMEDIES[auth.type].format(home=auth.secret_home))


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {_sendable(token, 'token')}"}


def _signature(auth: AuthSettings, redactor: Redactor) -> Signature:
    if auth.type == "bearer":
        return Signature(headers=bearer(auth.secret))
    if auth.type == "basic":
        pair = base64.b64encode(f"{auth.username}:{auth.secret}".encode()).decode()
        redactor.add(pair)
        return Signature(headers={"Authorization": f"Basic {pair}"})
    if auth.type == "api-key" and auth.key_in == "query":
        return Signature(query=f"{quote(auth.key_name, safe='')}={quote(auth.secret, safe='')}")
    if auth.type == "api-key":
        return Signature(headers={auth.key_name: _sendable(auth.secret, auth.key_name)})
    return Signature()


def _learn(redactor: Redactor, secret: str) -> None:
    if secret:
        redactor.add(secret)
        redactor.add(quote(secret, safe=""))


def _sendable(secret: str, name: str) -> str:
    """Return a secret that a header can carry; the message names the secret, never its value."""
    if not secret.isascii() or not secret.isprintable():
        raise HelpfulError(
            f"the secret for {name} holds a character that a header cannot carry",
            "copy it again: often a line break or a typographic quote came along",
        )
    return secret
