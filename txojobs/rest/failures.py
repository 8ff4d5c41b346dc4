"""Why one attempt failed, and whether the service may have acted: what the decision to ask again rests on.

A AttemptError never leaves this package: the last one's `error` is what the caller sees.
"""

from __future__ import annotations

import re
import socket
import ssl
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, ApiOperationError, ApiTimeoutError
from txojobs.rest.origin import shown
from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cause(Enum):
    """What kind of failure it was."""

    NOT_SENT = "not sent"  # no connection: the service cannot have acted
    LOST = "lost"  # sent, and no whole answer came back: it may have acted
    THROTTLED = "throttled"  # 429: it said that it did not act
    SERVER = "server"  # 5xx that may pass
    UNREADABLE = "unreadable"  # 2xx with a body that is no answer
    REFUSED = "refused"  # final


BREAKER_FAILURES = frozenset({Cause.NOT_SENT, Cause.LOST})
"""Failures of the transport; statuses from 500 on count as well."""


_NOTHING_DONE = frozenset({501, 505, 511})
"""The service does not know the method or the version, or a network in between wants a login first."""


def leaves_unknown(status: int) -> bool:
    """Whether a service that answers so to a change may have carried it out.

    After a 500 it may have failed at its last step, and gateways say 502, 503 and 504 also when the connection to the
    service broke after the request had gone through: none of them is sent again, so none of them is known.
    """
    return status == HTTPStatus.REQUEST_TIMEOUT or (status >= 500 and status not in _NOTHING_DONE)  # noqa: PLR2004  # RFC 9110: 5xx


class AttemptError(Exception):
    """One attempt's failure: the error to show, its cause, and how long the service asked to wait."""

    def __init__(
        self, error: ApiError, cause: Cause, *, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.cause = cause
        self.retry_after = retry_after
        self.status = status

    @property
    def may_have_acted(self) -> bool:
        """Whether the service may have carried the request out, or a part of it."""
        return self.cause in (Cause.LOST, Cause.UNREADABLE) or (
            self.status is not None and leaves_unknown(self.status)
        )

    @property
    def hurts_the_breaker(self) -> bool:
        """Whether it says that the service is down, rather than that it refused something."""
        return self.cause in BREAKER_FAILURES or (self.status or 0) >= 500  # noqa: PLR2004  # RFC 9110: 5xx


_SLOW = (
    "allow more time with `rest-timeout-seconds` in script-behavior.api-timeouts, or ask for less with a "
    "smaller `page-size`"
)
PROXY_LOGIN = (
    "the proxy wants a user name and a password: write them into HTTPS_PROXY and HTTP_PROXY, with signs such as "
    "@ and : percent-encoded"
)
_PROXY_POLICY = (
    "ask whoever runs the proxy to let this host through, or name it in NO_PROXY when it needs no proxy"
)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}) ?([^'\")]*)")
_NETWORK = "check the network, and whether a VPN or proxy is needed"
_UNREACHABLE = "check the network and whether the service is up, then run again"


def transport_failure(
    err: BaseException,
    *,
    method: str,
    url: str,
    url_key: str,
    sent: bool,
    changes_nothing: bool,
    timeout_s: float,
    expired: bool,
    status: int | None = None,
    proxy: str = "",
) -> AttemptError:
    """Return what an exception of requests, urllib3 or the socket means; `status` is what was already answered.

    `url_key` is the key of the configuration that holds the address; empty when none does.
    """
    chain = list(_chain(err))
    what = f"{method} {shown(url)}" + (f" through the proxy {proxy}" if proxy else "")
    facts = {"method": method, "url": url}
    unsent = None if sent else _unsent(chain, what, facts, url_key)
    if unsent is not None:
        return unsent
    if expired or any(isinstance(link, TimeoutError) or "Timeout" in type(link).__name__ for link in chain):
        limit = f"within {timeout_s:.0f} s" if sent and timeout_s >= 1 else "in time"
        told, fix = (f"no complete answer {limit}", _SLOW) if sent else _not_connected(chain, limit, url_key)
        error: ApiError = ApiTimeoutError(f"{what}: {told}", timeout_s, how_to_fix=fix, **facts)
    else:
        error = ApiOperationError(
            f"{what}: {_broken(sent)} ({_root(chain)})",
            how_to_fix=_UNREACHABLE,
            method=method,
            url=url,
        )
    if sent and not changes_nothing:
        note_lost_answer(error, status)
    return AttemptError(error, Cause.LOST if sent else Cause.NOT_SENT)


def _not_connected(chain: list[BaseException], limit: str, url_key: str) -> tuple[str, str]:
    """Return what is known of a connection that was not made in time, and what may help."""
    if not any("handshake" in str(link) for link in chain):
        return f"no connection {limit}", _UNREACHABLE
    port = f"port of `{url_key}`" if url_key else "port"
    return (
        f"no connection {limit}; the port was reached, and gave no secure connection (TLS)",
        f"check that this {port} speaks TLS: an address without it begins with http://",
    )


def _unsent(
    chain: list[BaseException], what: str, facts: dict[str, str], url_key: str
) -> AttemptError | None:
    """Return the failure when an exception says why nothing was sent, None when it does not."""
    refused = next(filter(None, (_TUNNEL.search(str(link)) for link in chain)), None)
    if refused is not None:
        return _refused_by_proxy(what, int(refused[1]), clean_text(refused[2], limit=120), facts)
    for kind, problem, fix, cause in _BEFORE_SENDING:
        # urllib3 1.26 has a class of its own for a host name that the certificate does not name
        link = next((x for x in chain if isinstance(x, kind) or type(x).__name__ == kind.__name__), None)
        if link is not None:
            why = getattr(link, "verify_message", "")
            told = f"{what}: {problem}" + (f" ({why})" if why else "")
            advice = _NETWORK if "{url_key}" in fix and not url_key else fix.format(url_key=url_key)
            advice = _CERTIFICATE_FIXES.get(getattr(link, "verify_code", 0), advice)
            if any(getattr(each, "library", "") in _OF_THE_BUNDLE for each in chain):
                told, advice = f"{what}: {_BAD_BUNDLE}", _BUNDLE_FIX
            return AttemptError(ApiOperationError(told, how_to_fix=advice, **facts), cause)  # type: ignore[arg-type]  # the facts of ApiError
    return None


def _refused_by_proxy(what: str, status: int, reason: str, facts: dict[str, str]) -> AttemptError:
    """Return the failure of a proxy that does not connect us (RFC 9110 section 9.3.6): the service saw nothing."""
    error = ApiOperationError(
        f"{what}: the proxy refused to connect ({status} {reason})",
        how_to_fix=PROXY_LOGIN if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else _PROXY_POLICY,
        example="HTTPS_PROXY=http://user:password@proxy.example.com:3128",
        **facts,  # type: ignore[arg-type]  # the facts of ApiError
    )
    passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return AttemptError(error, Cause.NOT_SENT if passing else Cause.REFUSED)


def note_lost_answer(error: ApiError, status: int | None) -> None:
    """Put into an error what a lost answer means for a change; `status` is what was answered before it was lost."""
    error.outcome_unknown = True
    error.status = status
    error.what_went_wrong += (
        "; it is not known whether the service carried it out"
        if status is None
        else f"; the service said {status}, so it was carried out, but that is not verified"
    )


_OTHER_NAME = (
    "check the host name in the address: the certificate is for another one, which `txojobs doctor` shows"
)
_CERTIFICATE_FIXES: dict[int, str] = {
    9: "the certificate is not valid yet: check this machine's clock, then ask the provider of the service",
    10: "ask the provider of the service to renew its certificate, and check this machine's clock",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}
"""By the result of verification (OpenSSL, X509_STORE_CTX_get_error(3)) where no other authority would help."""
_OF_THE_BUNDLE = frozenset({"X509", "PEM", "ASN1"})
"""What part of OpenSSL refuses a file of certificates; what is wrong with a connection, `SSL` says."""
_BAD_BUNDLE = "the file of trusted certificates holds none that can be read"
_BUNDLE_FIX = (
    "`ca-bundle` (or REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE) must name certificates in PEM form"
)

_BEFORE_SENDING: tuple[tuple[type[BaseException], str, str, Cause], ...] = (
    (
        ssl.SSLCertVerificationError,
        "the service's certificate is not trusted",
        "a company's own certificate authority is named as `ca-bundle` or in REQUESTS_CA_BUNDLE",
        Cause.REFUSED,
    ),
    (
        ssl.SSLEOFError,
        "the connection closed while it was being secured",
        "check the network, a proxy or firewall between here and the service",
        Cause.NOT_SENT,
    ),
    (
        ssl.SSLError,
        "no secure connection could be made (TLS)",
        "check that the address and port are those of an https service with TLS 1.2 or newer",
        Cause.REFUSED,
    ),
    (
        socket.gaierror,
        "the host name is not known",
        "check the spelling of `{url_key}` (or of the proxy), the network, and whether a VPN or proxy is needed",
        Cause.NOT_SENT,
    ),
    (
        ConnectionRefusedError,
        "nothing listens there: the connection was refused",
        "check host and port of `{url_key}` (or of the proxy), and whether the service is running",
        Cause.NOT_SENT,
    ),
)


def _broken(sent: bool) -> str:  # noqa: FBT001  # the one fact it words
    return "the connection broke before the answer was complete" if sent else "no connection could be made"


def _chain(err: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and everything it was made of, the outermost first."""
    todo, seen = [err], set()
    while todo:
        link = todo.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        todo += [getattr(link, "reason", None), link.__cause__, link.__context__]
        todo += [part for part in link.args if isinstance(part, BaseException)]


def _root(chain: list[BaseException]) -> str:
    """Return the innermost cause in words, without addresses of objects or queries."""
    last = chain[-1]
    text = getattr(last, "strerror", None) or (
        str(last.args[0]) if last.args and isinstance(last.args[0], str) else ""
    )
    return clean_text((text or type(last).__name__).split("?", 1)[0], limit=120)
