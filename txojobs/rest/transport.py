"""Send one request once: one complete answer, or one AttemptError that says what is known.

Guarantees: the address is checked as it will be dialled, nothing is redirected, TLS is verified, the whole
exchange ends by its deadline, the body is whole or the attempt failed, cookies stay with their session.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests
import urllib3
from requests.cookies import extract_cookies_to_jar

from txojobs._version import __version__
from txojobs.errors import ApiOperationError, ApiTimeoutError, ValidationError
from txojobs.rest import csrf
from txojobs.rest.answers import Answer
from txojobs.rest.body import BodyError, BodyRefusedError, read_body
from txojobs.rest.failures import AttemptError, Cause, note_lost_answer, transport_failure
from txojobs.rest.origin import shown
from txojobs.rest.secret_places import SecretPlaces
from txojobs.rest.sessions import SessionPool
from txojobs.rest.urls import verbatim, with_option
from txojobs.rest.wire_log import WireLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.origin import Origin, OriginGuard
    from txojobs.rest.sessions import Channel
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Limits, Timing
    from txojobs.rest.wire_log import Attempt

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 section 9.2.1: they ask and change nothing."""

_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f\u0100-\U0010ffff]")
"""Control characters but the tab, and what Latin-1 lacks: RFC 9110 section 5.5."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token: RFC 9110 section 5.6.2."""

_LENGTHS = ("Content-Length", "Transfer-Encoding", "Content-Encoding")
"""Headers that tell whether a body is whole."""

_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
_BODY = (BodyError, BodyRefusedError)

_DEFAULT_HEADERS = {
    "User-Agent": f"txojobs/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Accept-Language": "en-US",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, without the credential."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeatable: bool = False
    """Whether it does not matter how often it is carried out, although its method may change something."""

    idempotent: bool = False
    """Whether the caller declares that it may be sent twice; it still matters whether it was carried out."""

    conditional: bool = False
    """Whether it changes something at most once, because it names the version that it is for."""

    @property
    def changes_nothing(self) -> bool:
        """Whether it does not matter if it was carried out when its answer is lost."""
        return self.repeatable or self.method in SAFE_METHODS

    @property
    def is_safe(self) -> bool:
        """Whether it may be sent twice."""
        return self.conditional or self.idempotent or self.changes_nothing


@dataclass(frozen=True, slots=True)
class Signature:
    """What a credential adds to one request; `generation` tells which token it was."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    generation: int = 0

    def __bool__(self) -> bool:
        return bool(self.headers or self.query)


class Transport:
    """The way to the origins of one api; safe to share between threads."""

    def __init__(
        self, settings: ApiSettings, guard: OriginGuard, timing: Timing, *, redactor: Redactor
    ) -> None:
        self._settings = settings
        self._redactor = redactor
        self._guard = guard
        self._timing = timing
        self._places = SecretPlaces(settings.auth.key_name)
        self._wire = WireLog(redactor, self._places, timing.clock)
        self._pool = SessionPool(ca_bundle=settings.ca_bundle, clock=timing.clock)

    def origin(self, request: Request, *, credential: bool) -> Origin:
        """Return where a request goes, or raise ForeignOriginError; one that its caller wrote counts, too."""
        credential = credential or self._places.are_in(request.url, request.headers)
        return self._guard.check(request.url, credential=credential)

    def send(
        self,
        request: Request,
        signature: Signature,
        limits: Limits,
        *,
        again: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Send a request once; a change that is refused for lack of a CSRF token once more, with a new one.

        `again` is called before each further request.

        Raises:
            AttemptError: no complete answer came.
            ForeignOriginError: the address is not one of this api; nothing was sent.
            RunCancelledError: the run was asked to stop.
            ValidationError: a header or the address cannot be sent.
        """
        prepared = _prepare(request, signature)
        origin = self._guard.check(prepared.url or "", credential=bool(signature))
        with self._pool.lend(origin) as channel:
            answer = self._once(channel, request, prepared, limits)
            if request.method in SAFE_METHODS or origin != self._guard.base or not csrf.is_wanted(answer):
                return answer
            root = Request("GET", f"{self._settings.base_url.rstrip('/')}/", {csrf.HEADER: "Fetch"})
            again()
            token = csrf.token_of(self._once(channel, root, _prepare(root, signature), limits))
            if not token:
                return answer
            self._redactor.add(token)
            channel.csrf_token = token
            again()
            return self._once(channel, request, _prepare(request, signature), limits)

    def _once(
        self, channel: Channel, request: Request, prepared: requests.PreparedRequest, limits: Limits
    ) -> Answer:
        timeout_s = self._time_left(request, limits)
        if not request.is_safe:
            channel.freshen()
        if channel.csrf_token and request.method not in SAFE_METHODS:
            prepared.headers[csrf.HEADER] = channel.csrf_token
        channel.watch.begin(deadline=self._timing.clock() + timeout_s, cancels=limits.cancels)
        prepared.prepare_cookies(channel.cookies)
        attempt = self._wire.leaves(prepared)
        try:
            return self._exchange(channel, request, prepared, timeout_s, attempt)
        except _BODY as err:
            channel.drop()  # whoever cut a body is about to hang up: the next attempt dials anew
            raise attempt.failed(_body_failure(request, err, channel.watch.status)) from None
        except _BROKEN as err:
            failure = transport_failure(
                err,
                method=request.method,
                url=request.url,
                url_key=self._settings.base_url_key,
                sent=channel.watch.sent,
                changes_nothing=request.changes_nothing,
                timeout_s=timeout_s,
                expired=channel.watch.expired,
                status=channel.watch.status,
                proxy=channel.proxy,
            )
            raise attempt.failed(failure) from err

    def _time_left(self, request: Request, limits: Limits) -> float:
        """Return how many seconds a request that leaves now may take."""
        limits.raise_if_cancelled()
        timeout_s = self._settings.timeouts.request_s
        if limits.deadline is not None:
            timeout_s = min(timeout_s, limits.deadline - self._timing.clock())
        if timeout_s <= 0:
            raise ApiTimeoutError(
                f"{request.method} {shown(request.url)} was not sent: the deadline has passed",
                method=request.method,
                url=request.url,
                how_to_fix="allow more time with `timeout`",
            )
        return timeout_s

    def _exchange(
        self,
        channel: Channel,
        request: Request,
        prepared: requests.PreparedRequest,
        timeout_s: float,
        attempt: Attempt,
    ) -> Answer:
        connect_s = min(timeout_s, self._settings.timeouts.connect_s)
        response = channel.adapter.send(
            prepared,
            stream=True,
            timeout=(connect_s, timeout_s),
            verify=channel.verify,
            proxies=channel.proxies,
        )
        channel.watch.status = response.status_code
        attempt.is_answered()
        try:
            extract_cookies_to_jar(channel.cookies, prepared, response.raw)  # type: ignore[no-untyped-call]  # no types
            has_body = request.method != "HEAD" and response.status_code not in _BODILESS
            body = read_body(response.raw, max_bytes=self._settings.max_body_bytes) if has_body else b""
            response.raw.release_conn()
        except BaseException as err:
            response.raw.close()  # a connection with half an answer in it must not be used again
            if response.status_code < HTTPStatus.BAD_REQUEST or not isinstance(err, (*_BROKEN, *_BODY)):
                raise
            body = b""  # a refusal counts, also when the words for it are lost
        answer = Answer(
            status=response.status_code,
            reason=response.reason or "",
            headers=response.headers,
            body=body,
            method=request.method,
            url=request.url,
            length_known=any(name in response.headers for name in _LENGTHS),
            peer=channel.watch.peer,
        )
        return attempt.ended(answer, wire_bytes=response.raw.tell(), watch=channel.watch)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _prepare(request: Request, signature: Signature) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    url = with_option(request.url, signature.query) if signature.query else request.url
    headers = {**_DEFAULT_HEADERS, **request.headers, **signature.headers}
    _check_headers(headers)
    try:
        prepared.prepare_method(request.method)
        prepared.prepare_url(url, None)
        prepared.url = verbatim(url, prepared=prepared.url or "")
        prepared.prepare_headers(headers)
        prepared.prepare_body(request.body, None)
    except (requests.exceptions.RequestException, UnicodeError):
        raise ValidationError(f"{shown(request.url)} is no address that can be asked") from None
    return prepared


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what would end a header, or start another one; the error names it and does not show its value."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValidationError(
                f"{name[:40]!a} is no name of a header",
                how_to_fix="use letters, digits and -",
            )
        if _UNSENDABLE.search(value) or value[:1].isspace():
            raise ValidationError(
                f"the header {name} holds a line break or another character that a header cannot carry",
                how_to_fix="use plain letters, digits and signs, and look for a line break at the end",
            )


def _body_failure(request: Request, err: BodyError | BodyRefusedError, status: int | None) -> AttemptError:
    final = isinstance(err, BodyRefusedError)
    error = ApiOperationError(
        f"{request.method} {shown(request.url)}: {err}",
        method=request.method,
        url=request.url,
        how_to_fix="ask for less at a time: a smaller `page-size` or fewer fields in `select`"
        if final
        else "check the network and any proxy on the way, then run again",
    )
    if not request.changes_nothing:
        note_lost_answer(error, status)
    return AttemptError(error, Cause.REFUSED if final else Cause.LOST)
