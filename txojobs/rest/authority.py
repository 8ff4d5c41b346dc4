"""Ask an identity service: one origin, our deadlines and retries, and answers that are JSON objects.

It also is the `http_client` of msal, so all retries happen below msal, which remembers a 5xx. Nothing but the
configured origin is contacted, whatever the service's own documents name. Secrets in a form are known to the
redactor before the form leaves.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from txojobs.errors import ApiOperationError
from txojobs.rest.answers import failure_of
from txojobs.rest.auth import Fixed
from txojobs.rest.exchange import Exchange
from txojobs.rest.failures import AttemptError, Cause
from txojobs.rest.origin import OriginGuard, shown
from txojobs.rest.service_text import read_service_error
from txojobs.rest.settings import MICROSOFT_AUTHORITY, AuthSettings, LimiterSettings
from txojobs.rest.timing import Limits
from txojobs.rest.transport import Request, Signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.gate import TrafficSnapshot
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Timing

_REFUSALS = (400, 401, 403, 404)
"""RFC 6749 section 5.2: 400 and 401 say why there is no token; some services say it with 403 or 404."""
_ADDRESS_KEYS = (("token_url", "token-url"), ("issuer", "oidc-issuer"), ("authority", "authority"))


def _address_key(auth: AuthSettings) -> str:
    """Return the key that holds the address of tokens; an empty text where `tenant-id` alone says it."""
    if auth.authority.startswith(f"{MICROSOFT_AUTHORITY}/"):
        return ""  # nobody has written the host, so that nobody has misspelt it
    return next(key for name, key in _ADDRESS_KEYS if getattr(auth, name))


@dataclass(frozen=True, slots=True)
class AuthorityAnswer:
    """An answer that is a JSON object, in the shape that msal reads."""

    status_code: int
    text: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    content: dict[str, Any] = field(repr=False)

    def raise_for_status(self) -> None:
        """Do nothing: what is no success and no refusal never becomes an answer here."""


class AuthorityClient:
    """Asks the origin that tokens of an api come from; the caller lets one thread in at a time."""

    def __init__(self, settings: ApiSettings, timing: Timing, redactor: Redactor) -> None:
        auth = settings.auth
        own = replace(
            settings,
            base_url=auth.tokens_from,
            base_url_key=_address_key(auth),
            auth=AuthSettings(),
            limiter=LimiterSettings(),
        )
        self._redactor = redactor
        guard = OriginGuard(own.base_url)
        self._exchange = Exchange(own, guard, timing, redactor=redactor, credential=Fixed(Signature()))
        self._limits = Limits()

    @contextlib.contextmanager
    def within(self, limits: Limits) -> Iterator[None]:
        """Ask within these limits."""
        self._limits = limits
        try:
            yield
        finally:
            self._limits = Limits()

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> AuthorityAnswer:
        """Ask for a document.

        Raises:
            ApiError: there was no answer that is a JSON object.
        """
        return self._run("GET", _with(url, params), headers or {}, None)

    def post(
        self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> AuthorityAnswer:
        """Send a form; raises as `get`."""
        form = dict(data or {})
        assertion = form.get("client_assertion")
        if assertion:
            self._redactor.add(assertion if isinstance(assertion, str) else bytes(assertion).decode("ascii"))
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._run("POST", _with(url, params), sent, urlencode(form).encode("ascii"))

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked so far."""
        return self._exchange.traffic

    def close(self) -> None:
        """Close all connections."""
        self._exchange.close()

    def _run(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> AuthorityAnswer:
        sent = {"Accept": "application/json", **headers}
        request = Request(method, url, sent, body, repeatable=True)  # a second token does no harm
        return self._exchange.run(request, parse=self._parsed, limits=self._limits, accept=_is_read)

    def _parsed(self, answer: Answer) -> AuthorityAnswer:
        text = answer.body.decode("utf-8", errors="replace")
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            return AuthorityAnswer(answer.status, text, dict(answer.headers), content)
        if answer.status in _REFUSALS:
            raise failure_of(answer, redactor=self._redactor)
        told = read_service_error(answer.body, answer.headers).message or "an empty answer"
        raise AttemptError(
            ApiOperationError(
                self._redactor.clean(f"{answer.method} {shown(answer.url)} did not answer with JSON: {told}"),
                status=answer.status,
                method=answer.method,
                url=answer.url,
                how_to_fix="check that the address is the one of the identity service, and that no proxy or "
                "login page answers in its place",
            ),
            Cause.UNREADABLE,
        )


def _with(url: str, params: Any) -> str:
    return f"{url}?{urlencode(params)}" if params else url


def _is_read(status: int) -> bool:
    """Whether an answer is read: a token, or the reason why there is none."""
    return status in range(200, 300) or status in _REFUSALS
