"""The proxies that the environment names: which one leads to an origin, and that their passwords are secrets.

Guarantees that this machine itself is never asked through a proxy: plain http may carry a credential there, and
must not take it elsewhere. HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as `requests` reads them.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from requests.utils import get_environ_proxies, select_proxy

from txojobs.errors import ConfigurationError
from txojobs.rest.origin import shown

if TYPE_CHECKING:
    from txojobs.redact import Redactor
    from txojobs.rest.origin import Origin

_PASSWORD = re.compile(r"^(?:[a-z0-9+.-]+://)?([^/@:]*):([^/]*)@", re.IGNORECASE)
_FIX = "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY in the environment, or name this host in NO_PROXY"
_EXAMPLE = "HTTPS_PROXY=http://proxy.example.com:3128"


def proxies_for(origin: Origin) -> tuple[dict[str, str], str]:
    """Return the proxies to ask an origin through, and the one that counts as a message may show it, empty for none.

    Raises:
        ConfigurationError: what the environment names is no proxy that can be used.
    """
    if origin.is_loopback:
        return {}, ""
    named = get_environ_proxies(f"{origin}/", no_proxy=None)
    proxies = {scheme: url if "://" in url else f"http://{url}" for scheme, url in named.items() if url}
    chosen = select_proxy(f"{origin}/", proxies)
    if not chosen:
        return {}, ""
    try:
        parts = urlsplit(chosen)
        usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(r"https?|socks[45][ah]?", parts.scheme.lower()):
        raise ConfigurationError(
            f"the environment names a proxy for {origin} that is no address of one: {_place(chosen)}",
            how_to_fix=_FIX,
            example=_EXAMPLE,
        )
    if parts.scheme.lower().startswith("socks") and importlib.util.find_spec("socks") is None:
        raise ConfigurationError(
            f"the environment names a SOCKS proxy for {origin}, for which the package PySocks is missing",
            how_to_fix="install PySocks into the Python that runs txojobs, or use an http proxy",
            example="pip install PySocks",
        )
    return proxies, _place(chosen)


def learn_passwords(redactor: Redactor) -> None:
    """Give the passwords of the environment's proxies to a redactor."""
    for proxy in getproxies().values():
        found = _PASSWORD.match(str(proxy))
        if found:
            redactor.add(unquote(found[2]), user=unquote(found[1]))


def _place(proxy: str) -> str:
    """Return a proxy without user name and password, however it is written."""
    return shown(re.sub(r"^([a-z0-9+.-]+://)?.*@", r"\1", proxy, flags=re.IGNORECASE))
