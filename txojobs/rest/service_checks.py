"""Look at a service with the credential of an api: token, base address, `$metadata`; each is asked for once.

What a line says is in the words of the service: whoever shows it takes the secrets out.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.checkup import Check, failed, skipped
from txojobs.errors import ApiError, TxoBaseError
from txojobs.rest.auth import credential_for
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.content import unreadable
from txojobs.rest.metadata_document import read_metadata
from txojobs.rest.origin import shown
from txojobs.rest.settings import RetrySettings
from txojobs.rest.timing import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Timing

NAMES = ("token", "base URL", "$metadata")
_PAGE = (b"<!doctype html", b"<html")
_LOGIN = "the address leads to a login page or a proxy: check `base-url` and the credential"


class ServiceChecks:
    """What one api answers to its own credential. Iterate once.

    `has_root` is off for a service of which jobs read collections by `url` alone: its root need not answer, and
    nothing describes it.
    """

    def __init__(
        self, settings: ApiSettings, *, timing: Timing, redactor: Redactor, has_root: bool = True
    ) -> None:
        self._has_root = has_root
        self._settings = replace(settings, retry=RetrySettings(max_retries=0))
        self._timing = timing
        self._redactor = redactor

    def __iter__(self) -> Iterator[Check]:
        """Yield a line each for the credential, the base address and its `$metadata`."""
        token = self._token()
        yield token
        if token.state == "failed":
            yield from (skipped(name, "there is no token") for name in NAMES[1:])
            return
        client = TxoRestAPI(self._settings, redactor=self._redactor, timing=self._timing)
        try:
            yield from self._asked(client)
        finally:
            client.close()

    def _token(self) -> Check:
        auth = self._settings.auth
        if auth.type == "none":
            return Check("token", "ok", "none: the configuration names no credential")
        if auth.type == "bearer":
            return _ready_token(auth.secret, now=self._timing.wall_clock())
        if auth.type != "oauth2":
            what = "a password" if auth.type == "basic" else "an API key"
            return Check("token", "ok", f"{what} is configured; the service decides about it")
        return self._new_token()

    def _new_token(self) -> Check:
        """Ask for a token anew: one that was kept would hide that the secret is wrong by now."""
        auth = self._settings.auth
        alone = replace(auth, kept_in="memory", fallback_token="")
        if not (auth.secret or auth.certificate):
            return _ready_token(auth.fallback_token, now=self._timing.wall_clock())
        credential = credential_for(replace(self._settings, auth=alone), self._timing, self._redactor)
        begun = self._timing.clock()
        try:
            credential.sign(Limits())
        except TxoBaseError as err:
            check = failed("token", err)
            if auth.fallback_token:
                return check._replace(state="warning", told=f"{check.told}; `az-token` is used instead")
            return check
        finally:
            credential.close()
        took_s = self._timing.clock() - begun
        return Check("token", "ok", f"{shown(auth.tokens_from)} gave a new one, after {took_s:.3f} s")

    def _asked(self, client: TxoRestAPI) -> Iterator[Check]:
        base = self._base(client)
        if not self._has_root:
            if base.state == "failed" and base.told.endswith(_NOTHING):
                base = base._replace(state="ok", fix=None, told=base.told + _BELOW)
            yield base
            yield skipped("$metadata", "the jobs read this service by `url`, which needs none")
            return
        gone = base.state == "failed" and base.told.endswith(_NOTHING)
        if base.state == "failed" and not gone:
            yield base
            yield skipped("$metadata", "base URL failed")
            return
        described = self._metadata(client)
        if gone and described.state == "ok":  # the root of a service need not answer, its description must
            told = (
                f"{shown(self._settings.base_url)} itself answers with 404, and $metadata below it is there"
            )
            base = Check("base URL", "ok", told)
        yield base
        yield described

    def _base(self, client: TxoRestAPI) -> Check:
        try:
            answer = client.fetch("GET", "", parse=_no_page)
        except ApiError as err:
            if err.status != HTTPStatus.NOT_FOUND:
                return failed("base URL", err)
            return Check(
                "base URL",
                "failed",
                f"{shown(self._settings.base_url)} answers with 404{_NOTHING}",
                f"check `{self._settings.base_url_key}`: the path of an OData service ends before the name of an "
                "entity set. A service without an entry page answers like this, too",
            )
        except TxoBaseError as err:
            return failed("base URL", err)
        return Check("base URL", "ok", f"{shown(answer.url)} answers with {answer.status}")

    def _metadata(self, client: TxoRestAPI) -> Check:
        try:
            document = read_metadata(client)
        except TxoBaseError as err:
            fix = (
                f"check that `{self._settings.base_url_key}` is the root of an OData service; jobs that fetch by "
                "`url` need no $metadata"
            )
            return failed("$metadata", err, state="warning")._replace(fix=fix)
        return Check("$metadata", "ok", f"{len(document):,} bytes")


_NOTHING = ": there is nothing"
_BELOW = " at the root itself; the jobs ask below it"


def _no_page(answer: Answer) -> Answer:
    """Return an answer as it is; what a browser would show is none of a service."""
    if answer.media_type == "text/html" or answer.body[:200].lstrip().lower().startswith(_PAGE):
        raise unreadable(answer, "a web page came where data was expected", _LOGIN)
    return answer


def _ready_token(token: str, *, now: float) -> Check:
    """Return how long a token of the secrets file lives, where it says so itself (RFC 7519 section 4.1.4)."""
    fix = "get a new token and put it into the secrets file, or configure OAuth, which renews it by itself"
    expires = _expiry(token)
    if expires is None:
        return Check("token", "ok", "a ready token is configured; it does not tell how long it lives")
    minutes = (expires - now) / 60
    if minutes <= 0:
        return Check(
            "token", "failed", f"the token of the configuration expired {-minutes:,.0f} minutes ago", fix
        )
    return Check("token", "ok", f"a ready token is configured; it lives for {minutes:,.0f} more minutes")


def _expiry(token: str) -> float | None:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  # header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
