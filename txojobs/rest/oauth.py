"""OAuth 2.0 client credentials: a token for each request, renewed before it expires and once when it is refused.

Guarantees: eight threads without a valid token make one token request, and so do several processes that keep
their token in a file; the identity service is asked within the deadline, with retries; a token that still lives
is used when no new one can be had.

Source: RFC 6749 section 4.4.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, ApiTimeoutError, HelpfulError
from txojobs.rest.auth import bearer
from txojobs.rest.origin import shown
from txojobs.rest.token_refusals import no_answer
from txojobs.rest.token_requests import token_source
from txojobs.rest.transport import Signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.redact import Redactor
    from txojobs.rest.gate import TrafficSnapshot
    from txojobs.rest.settings import ApiSettings, AuthSettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.token_file import TokenFile
    from txojobs.rest.tokens import Token

_log = logging.getLogger("txojobs.rest")

_LOOK_S = 0.2
_RETRY_S = 30.0
"""When a new token is asked for again while the old one still lives."""


class OAuth:
    """A credential that has its token from an identity service; shared by all threads."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        self._auth: AuthSettings = settings.auth
        self._timing = timing
        self._redactor = redactor
        self._source = token_source(settings, timing, redactor)
        self._file = _file_of(settings, timing)
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refused = ""
        self._generation = 0
        self._fell_back = not (settings.auth.secret or settings.auth.certificate)

    @property
    def is_secret(self) -> bool:
        """Return True."""
        return True

    @property
    def remedy(self) -> str:
        """What to do about a service that refuses every token."""
        if self._fell_back:
            return "the ready token `az-token` has probably expired: get a new one, or mend OAuth"
        scope = f"the scope {self._auth.scope}" if self._auth.scope else "`oauth-scope` or `token-parameters`"
        return (
            f"the service refuses tokens that were made a moment ago: check that {scope} means this service, and "
            "that the application was given access there"
        )

    def sign(self, limits: Limits) -> Signature:
        """Return the current token, or a new one.

        Raises:
            HelpfulError: the identity service gave none, and there is no other token.
            ApiTimeoutError: the deadline of the run has passed.
            RunCancelledError: the run was asked to stop.
        """
        with self._alone(limits):
            token = self._auth.fallback_token if self._fell_back else self._current(limits)
            return Signature(headers=bearer(token), generation=self._generation)

    def renew(self, refused: Signature, limits: Limits) -> bool:
        """Forget the refused token; of several threads, one does it and the others find it done."""
        with self._alone(limits):
            if self._fell_back:
                return False
            if self._token is not None and refused.generation == self._generation:
                self._refused, self._token = self._token.value, None
                _log.info("the service refused the token; asking for a new one")
            return True

    @contextlib.contextmanager
    def _alone(self, limits: Limits) -> Iterator[None]:
        """Hold the lock; waiting for a thread that asks for a token ends with this call's own limits."""
        while not self._lock.acquire(timeout=_LOOK_S):
            self._timing.pause(0.0, limits, reason="another thread asks for a token")
        try:
            yield
        finally:
            self._lock.release()

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What the identity service was asked."""
        return self._source.traffic

    def close(self) -> None:
        """Close the connections to the identity service."""
        self._source.close()

    def _current(self, limits: Limits) -> str:
        if self._token is None or self._timing.clock() >= self._token.renew_at:
            try:
                self._token = self._acquired(limits)
                self._generation += 1
            except HelpfulError as err:
                return self._instead(err)
        return self._token.value

    def _instead(self, err: HelpfulError) -> str:
        """Return the token to use when there is no new one, or raise the error."""
        now = self._timing.clock()
        if self._token is not None and now < self._token.expires_at:
            _log.warning("%s; going on with the token that is still valid", err)
            self._token = self._token.postponed(now + _RETRY_S)
            return self._token.value
        if not self._auth.fallback_token:
            raise err
        _log.warning("%s; using the token of the secrets file", err)
        self._fell_back = True
        return self._auth.fallback_token

    def _acquired(self, limits: Limits) -> Token:
        if self._file is None:
            return self._asked(limits)
        with self._file.held(limits) as usable:
            token = self._file.read() if usable else None
            if token is not None:
                self._redactor.add(token.value)
                if token.value != self._refused and self._timing.clock() < token.renew_at:
                    _log.debug("using the token kept in %s", self._file.path)
                    return token
            token = self._asked(limits)
            if usable:
                self._file.write(token)
            return token

    def _asked(self, limits: Limits) -> Token:
        _log.debug("asking %s for a token", shown(self._auth.tokens_from))
        try:
            return self._source.ask(limits)
        except ApiError as err:
            if isinstance(err, ApiTimeoutError) and err.timeout_seconds is None:
                raise  # the run's own deadline, not the identity service
            raise no_answer(err, self._auth) from err


def _file_of(settings: ApiSettings, timing: Timing) -> TokenFile | None:
    """Return where the token is kept on disk, None when it is not."""
    auth = settings.auth
    if auth.kept_in == "memory":
        return None
    from txojobs.rest.token_file import TokenFile  # noqa: PLC0415  # few keep their tokens
    from txojobs.workspace import Workspace  # noqa: PLC0415

    facts = {
        "from": auth.tokens_from,
        "client": auth.client_id,
        "scope": auth.scope,
        "parameters": repr(sorted(auth.parameters)),
    }
    return TokenFile(settings.state_dir or Workspace.find().state_dir, facts, timing)
