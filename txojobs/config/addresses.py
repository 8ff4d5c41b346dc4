"""Addresses that have the form of one and still lead nowhere: found before a run sends anything there.

The schema knows the form; what a port may be and of what a host's name is made says RFC 3986, section 3.2, and
RFC 1035, section 2.3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.config.explain import Breach
from txojobs.config.places import dotted
from txojobs.config.rules import services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.config.places import JsonPath

_OF_A_SERVICE = ("api-base-url", "base-url", "authority")
_OF_ITS_CREDENTIAL = ("authority", "token-url", "oidc-issuer")
_LONGEST_LABEL = 63
_STRANGE = frozenset("\"<>^`{|}*'%")
"""What no name of a host holds."""


def address_breaches(value: Any) -> Iterator[Breach]:
    """Yield each address of a main file at which no service can be; none is shown."""
    if not isinstance(value, dict):
        return
    for where, address in _addresses(value):
        fault = _fault(address) if isinstance(address, str) else None
        if fault is not None:
            why, fix = fault
            yield Breach(where, f"{dotted(where)} can be no address: {why}", fix, at_key=False)


def _addresses(value: dict[str, Any]) -> Iterator[tuple[JsonPath, Any]]:
    for path, part in services(value):
        yield from (((*path, key), part.get(key)) for key in _OF_A_SERVICE)
        auth, trusted = part.get("auth"), part.get("trusted-origins")
        if isinstance(auth, dict):
            yield from (((*path, "auth", key), auth.get(key)) for key in _OF_ITS_CREDENTIAL)
        if isinstance(trusted, list):
            yield from (((*path, "trusted-origins", number), each) for number, each in enumerate(trusted))
    environments = value.get("environments")
    for env, settings in environments.items() if isinstance(environments, dict) else ():
        if isinstance(settings, dict):
            yield ("environments", env, "api-endpoint"), settings.get("api-endpoint")


def _fault(address: str) -> tuple[str, str] | None:
    """Return why an http(s) address leads nowhere, and what to do; None when it may lead somewhere."""
    from ipaddress import IPv6Address  # noqa: PLC0415 - only a configuration has addresses
    from urllib.parse import urlsplit  # noqa: PLC0415

    if not address.lower().startswith(("http://", "https://")):
        return None  # demo:, or the schema says so
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        if {"[", "]"} & set(parts.netloc):  # urlsplit looks inside from Python 3.11 on
            IPv6Address(host)
    except ValueError:
        return "its host is in brackets and no IPv6 address", "write it like https://[2001:db8::1]:8443/path"
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        return "its port is no number from 1 to 65535", "correct the port, or leave it out with its colon"
    if ":" in host:
        return None
    labels = host.removesuffix(".").split(".")
    if not all(0 < len(label) <= _LONGEST_LABEL for label in labels) or _STRANGE & set(host):
        return "its host is no name of one", "write the host as the service's documentation does"
    return None
