"""Where a credential may go: the configured origin, and no other.

Guarantees that a request leaves only for an origin (scheme, host, port) that the configuration names. The
decision is made on the address as it will be dialled, after `requests` has prepared it, because libraries
disagree about odd spellings. Plain http carries a credential on loopback only.

Source: RFC 6454 section 4, RFC 9110 section 4.2.3, FAULTS B1, B2 and B4.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from txojobs.errors import ConfigurationError, ForeignOriginError
from txojobs.redact import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEFAULT_PORTS = {"http": 80, "https": 443}
_METADATA_V6 = ipaddress.ip_network("fd00:ec2::/32")


class Origin(NamedTuple):
    """Scheme, host (lower case) and port."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by name or by address."""
        if self.host == "localhost":
            return True
        address = _address(self.host)
        return address is not None and address.is_loopback


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute, prepared address.

    Raises:
        ForeignOriginError: it is no http(s) address, carries a user name, or two parsers read it differently.
    """
    from requests.exceptions import InvalidURL  # noqa: PLC0415  # heavy, and only what sends needs it
    from requests.models import PreparedRequest  # noqa: PLC0415
    from urllib3.util import parse_url  # noqa: PLC0415

    if any(char == "\\" or char < " " for char in url.partition("?")[0]):
        raise _refused(url, "it holds a backslash or a control character")
    prepared = PreparedRequest()
    try:
        prepared.prepare_url(url, None)
        dialled = parse_url(prepared.url or "")
        parts = urlsplit(prepared.url or "")
        host, port, user = parts.hostname or "", parts.port, parts.username
    except (ValueError, InvalidURL):
        raise _refused(url, "it is no valid address") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        raise _refused(url, "only http and https addresses are followed")
    if user is not None or dialled.auth is not None:
        raise _refused(url, "it carries a user name")
    if (dialled.host or "").strip("[]").lower() != host.lower() or dialled.port != port:
        raise _refused(url, "its host can be read in two ways")
    return Origin(scheme, host.lower(), port or _DEFAULT_PORTS[scheme])


def resolved(base: str, link: str) -> str:
    """Return the address that a service's link means (RFC 3986 section 5.2); where it leads is not judged here.

    Raises:
        ForeignOriginError: it is no address at all.
    """
    try:
        return urljoin(base, link)
    except ValueError:
        raise _refused(link, "it is no valid address") from None


def _refused(url: str, why: str) -> ForeignOriginError:
    return ForeignOriginError(
        f"the address {shown(url)} is refused: {why}; nothing was sent there",
        how_to_fix="check the address in the configuration, or ask the provider of the service",
    )


def shown(url: str) -> str:
    """Return an address fit for a message: without query, fragment and user name, printable, shortened."""
    text = url.split("?", 1)[0].split("#", 1)[0].strip()
    scheme, slashes, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    text = scheme + slashes + authority.rpartition("@")[2] + slash + path
    return shortened("".join(char if char.isprintable() else ascii(char)[1:-1] for char in text), 200)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that `host` spells, in any spelling that a resolver takes for one."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def is_link_local(host: str) -> bool:
    """Whether `host` is an address that only metadata services of clouds answer on."""
    address = _address(host)
    if address is None:
        return False
    return address.is_link_local or (address.version == 6 and address in _METADATA_V6)  # noqa: PLR2004


class OriginGuard:
    """The origins that one api may talk to. Frozen after it is made; shared by all threads."""

    def __init__(self, base_url: str, trusted: Iterable[str] = ()) -> None:
        self.base = origin_of(base_url)
        self._allowed = {self.base, *(origin_of(origin) for origin in trusted)}
        for origin in self._allowed:
            if is_link_local(origin.host):
                raise ConfigurationError(
                    f"{origin} is a link-local address, on which only metadata services answer",
                    how_to_fix="name the public address of the service as `base-url`",
                )

    def check(self, url: str, *, credential: bool) -> Origin:
        """Return the origin of `url` when a request may go there.

        Raises:
            ForeignOriginError: it may not; nothing was sent.
        """
        origin = origin_of(url)
        if origin not in self._allowed:
            raise ForeignOriginError(
                f"the service points to {origin}, but this api is {self.base}; nothing was sent there",
                url=shown(url),
                how_to_fix="if both belong to the same service, add the other to `trusted-origins`",
                example=f'"trusted-origins": ["{origin}"]',
            )
        if credential and origin.scheme == "http" and not origin.is_loopback:
            raise ForeignOriginError(
                f"{origin} is plain http: a credential sent there could be read by anyone; nothing was sent",
                url=shown(url),
                how_to_fix="use the https address of the service",
            )
        return origin
