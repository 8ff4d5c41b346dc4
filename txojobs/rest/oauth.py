"""OAuth 2.0 client credentials through msal: a token for each request, renewed once when it is refused.

Guarantees: eight threads without a valid token make one token request; the token endpoint is asked within
the deadline, with retries, and only at the configured authority; nothing but the authority is contacted.

What is known of msal and kept away here: no time limit of its own, several requests for several threads, a
remembered 5xx (so all retries happen below it), instance discovery at a fixed host, scopes as a list.

Source: RFC 6749 section 4.4.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from txojobs.errors import ApiError, ApiOperationError, ConfigurationError, HelpfulError
from txojobs.rest.auth import Fixed, bearer
from txojobs.rest.exchange import Exchange
from txojobs.rest.origin import OriginGuard
from txojobs.rest.service_text import clean_text
from txojobs.rest.settings import ApiSettings, AuthSettings, LimiterSettings
from txojobs.rest.timing import Limits
from txojobs.rest.transport import Request, Signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.timing import Timing

_log = logging.getLogger("txojobs.rest")

_LOOK_S = 0.2

FIXES: dict[str, str] = {
    "AADSTS7000215": "the client secret is wrong: copy its value (not its id) again into the secrets file",
    "AADSTS7000222": "the client secret has expired: make a new one and put it into the secrets file",
    "AADSTS700016": "this tenant does not know the application: check `client-id` and `tenant-id`",
    "AADSTS90002": "there is no such tenant: check `tenant-id`",
    "AADSTS900023": "there is no such tenant: check `tenant-id`",
    "AADSTS500011": "this tenant does not know the service: check `oauth-scope`",
    "AADSTS70011": "the scope is not valid: `oauth-scope` must end in `/.default`",
    "AADSTS1002012": "the scope is not valid: `oauth-scope` must end in `/.default`",
    "AADSTS650052": "your organisation lacks a licence or subscription for the service",
    "AADSTS53003": "a Conditional Access policy blocks this application: ask your administrator",
    "invalid_client": "check `client-id` and the client secret",
    "invalid_scope": "check `oauth-scope`",
}


class OAuth:
    """A credential that asks msal for its token before each request; shared by all threads."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        self._auth: AuthSettings = settings.auth
        self._timing = timing
        self._redactor = redactor
        self._http = _AuthorityClient(settings, timing, redactor)
        self._lock = threading.Lock()
        self._app: Any = None
        self._generation = 0
        self._fell_back = not settings.auth.secret

    @property
    def is_secret(self) -> bool:
        """Return True."""
        return True

    def sign(self, limits: Limits) -> Signature:
        """Return the current token, from msal's memory or newly acquired.

        Raises:
            HelpfulError: the authority refused, and there is no other token.
            ApiError: the authority could not be asked.
        """
        with self._alone(limits):
            token = self._auth.fallback_token if self._fell_back else self._token(limits)
            return Signature(headers=bearer(token), generation=self._generation)

    def renew(self, refused: Signature, limits: Limits) -> bool:
        """Forget the refused token; of several threads, one does it and the others find it done."""
        with self._alone(limits):
            if self._fell_back:
                return False
            if refused.generation == self._generation:
                self._generation += 1
                self._application(limits).remove_tokens_for_client()
                _log.info("the service refused the token; asking for a new one")
            return True

    @contextlib.contextmanager
    def _alone(self, limits: Limits) -> Iterator[None]:
        """Hold the lock; waiting for a thread that asks the authority ends with this call's own limits."""
        while not self._lock.acquire(timeout=_LOOK_S):
            self._timing.pause(0.0, limits, reason="another thread asks for a token")
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connections to the authority."""
        self._http.close()

    def _token(self, limits: Limits) -> str:
        try:
            return self._acquired(limits)
        except (ApiError, HelpfulError) as err:
            if not self._auth.fallback_token:
                raise
            _log.warning(
                "no token from %s (%s); using the one of the secrets file", self._auth.authority, err
            )
            self._fell_back = True
            return self._auth.fallback_token

    def _acquired(self, limits: Limits) -> str:
        with self._http.within(limits):
            answer = self._application(limits).acquire_token_for_client([self._auth.scope])
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise self._refused(answer)
        self._redactor.add(token)
        return token

    def _application(self, limits: Limits) -> Any:
        if self._app is None:
            import msal  # noqa: PLC0415  # heavy: only a run with OAuth pays for it

            with self._http.within(limits):
                try:
                    self._app = msal.ConfidentialClientApplication(
                        self._auth.client_id,
                        client_credential=self._auth.secret,
                        authority=self._auth.authority,
                        instance_discovery=False,
                        http_client=self._http,
                    )
                except ValueError as err:
                    raise ConfigurationError(
                        f"the authority {self._auth.authority} cannot be used: {clean_text(str(err))}",
                        how_to_fix="check `tenant-id`; an `authority` is https and ends in the tenant",
                    ) from err
        return self._app

    def _refused(self, answer: Mapping[str, Any]) -> HelpfulError:
        said = clean_text(str(answer.get("error_description") or answer.get("error") or "no reason given"))
        code = re.search(r"AADSTS\d+", said)
        fix = FIXES.get(code[0] if code else "") or FIXES.get(
            str(answer.get("error")), "check OAuth in the configuration"
        )
        return HelpfulError(
            self._redactor.clean(f"Failed to acquire authentication token: {said}"),
            f"{fix}; or add a ready token as `az-token` to the secrets file",
            '"oauth-scope": "https://api.example.com/.default"' if "scope" in fix else None,
        )


class _AuthorityAnswer:
    """An answer in the shape that msal reads."""

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.text = answer.body.decode("utf-8", errors="replace")
        self.headers = dict(answer.headers)

    def raise_for_status(self) -> None:
        """Raise for an answer that is an error."""
        if self.status_code >= 400:  # noqa: PLR2004  # RFC 9110: errors
            raise ApiOperationError(
                f"the authority answered with {self.status_code}", status=self.status_code
            )


class _AuthorityClient:
    """The `http_client` of msal: the authority alone, with our deadlines and retries."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        own = replace(
            settings,
            base_url=settings.auth.authority,
            auth=AuthSettings(),
            limiter=LimiterSettings(),
            trusted_origins=(),
        )
        guard = OriginGuard(settings.auth.authority)
        self._exchange = Exchange(own, guard, timing, redactor=redactor, credential=Fixed(Signature()))
        self._limits = Limits()

    def within(self, limits: Limits) -> _AuthorityClient:
        """Use these limits from now on; the caller holds the lock of its credential."""
        self._limits = limits
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._limits = Limits()

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> _AuthorityAnswer:
        """Ask for a document of the authority."""
        return self._run("GET", url + (f"?{urlencode(params)}" if params else ""), headers, None)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> _AuthorityAnswer:
        """Ask for a token."""
        body = data if isinstance(data, str) else urlencode(data or {})
        form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._run("POST", url + (f"?{urlencode(params)}" if params else ""), form, body.encode())

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def _run(self, method: str, url: str, headers: Any, body: bytes | None) -> _AuthorityAnswer:
        sent = {"Accept": "application/json", **(headers or {})}
        request = Request(method, url, sent, body, repeatable=True)  # a second token does no harm
        return self._exchange.run(request, parse=_AuthorityAnswer, limits=self._limits, accept=_told)


def _told(status: int) -> bool:
    """Whether msal shall read an answer: a token or the reason why there is none."""
    return status in range(200, 300) or status in (400, 401, 403, 404)
