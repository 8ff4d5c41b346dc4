"""Put addresses together: below the base address, with encoded segments and query.

Guarantees that a relative address stays below the base path, and that a value becomes exactly one segment
or one option.

Source: RFC 3986 sections 3.3, 3.4 and 5.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_plus

from txojobs.errors import ValidationError
from txojobs.redact import shortened
from txojobs.rest.literals import encode_query, segment

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABSOLUTE = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2}")

_BEFORE_THE_PATH = re.compile(r"\s*[^:/?#]+://[^/?#]*")
_NOT_IN_AN_ADDRESS = re.compile(r"%(?![0-9A-Fa-f]{2})|[^\w%.~!$&'()*+,;=:@/?-]", re.ASCII)
_DOTS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)


def build_url(base: str, *segments: object, query_params: Mapping[str, object] | None = None) -> str:
    """Return `base/segment/...?name=value`, each segment and value percent-encoded.

    A parameter of None is left out.

    Raises:
        ValidationError: a segment is empty, `.` or `..`.
    """
    url = "/".join([base.rstrip("/"), *(segment(part) for part in segments)])
    return with_query(url, query_params or {})


def with_query(url: str, options: Mapping[str, object]) -> str:
    """Return `url` with further query options; what it has stays untouched."""
    query = encode_query(options)
    if not query:
        return url
    return _joined(url, query)


def with_option(url: str, option: str) -> str:
    """Return `url` with an encoded `name=value`, once: some links bring it along, encoded in their own way."""
    plain, query = unquote(option), url.partition("#")[0].partition("?")[2]
    brings = any(plain in (unquote(each), unquote_plus(each)) for each in query.split("&"))
    return url if brings else _joined(url, option)


def _joined(url: str, query: str) -> str:
    address, hash_mark, fragment = url.partition("#")
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{joint}{query}{hash_mark}{fragment}"


def verbatim(url: str, *, prepared: str) -> str:
    """Return `url` behind the origin of `prepared`, its path and query as they came; no fragment is sent.

    Libraries write `%c3` as `%C3` and `%7E` as `~`, which breaks a link that its service has signed. Only what no
    address may hold is encoded: spaces, `|`, letters that are not ASCII (RFC 3986 sections 2 and 3.3). A path with
    `..` in it is taken as it was prepared.
    """
    target = _BEFORE_THE_PATH.sub("", url, count=1).partition("#")[0]
    origin = _BEFORE_THE_PATH.match(prepared)
    if origin is None or _DOTS.search(target.partition("?")[0]):
        return prepared
    slash = "" if target.startswith("/") else "/"
    return origin[0] + slash + _NOT_IN_AN_ADDRESS.sub(lambda found: quote(found[0], safe=""), target)


def below(base: str, url: str) -> str:
    """Return an absolute address as it is, a relative one below `base`, with or without a leading slash.

    Raises:
        ValidationError: a relative address climbs out with `..`.
    """
    if _ABSOLUTE.match(url):
        return url
    path, mark, query = url.partition("?")
    if ".." in map(unquote, path.split("/")) or "\\" in path:
        raise ValidationError(
            f"the address {shortened(path, 100)!r} leaves the service",
            how_to_fix="write it without `..` and backslashes",
        )
    path = path.lstrip("/")
    return f"{base.rstrip('/')}/{path}{mark}{query}" if path else f"{base.rstrip('/')}{mark}{query}"
