"""Where secrets stand in requests and answers, whatever their value is and whether or not anybody knows it.

`header` and `text` hide what stands there. `in_text` and `in_headers` find what came to be a secret only during the
run (cookies, CSRF tokens, the signature in a link), so that a redactor can learn it. Learnt is only what looks made
up: a redactor that knew a cookie's "accepted" would blot out that word in every text.

Source: RFC 6265 section 4 (cookies), RFC 6749 section 5.1 (token answers), RFC 9110 section 11.6 (credentials).
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from txojobs.config.names import kebab, looks_like_secret
from txojobs.redact import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-functions-key"})
"""Headers that hold a secret though the last word of their name does not say so."""

OPTIONS = frozenset(
    {
        *("auth", "authorization", "code", "key", "sas", "sig"),
        *("jwt", "session", "session-id", "sessionid", "sid", "ticket"),
    }
)
"""Query options that hold a secret; those whose last word says so (`access_token`, `api-key`) do, too."""

LOCATIONS = frozenset({"location", "operation-location", "azure-asyncoperation", "content-location"})
"""Headers with an address that may be signed under any name: no long value in it is shown."""
_LONGEST_HARMLESS = 16
"""`api-version=2026-01-31` is none."""

_SIGNATURE = re.compile(r"(?:^|-)(?:signature|credential|assertion)$")
_SCHEMES = frozenset({"apikey", "basic", "bearer", "digest", "negotiate", "ntlm", "oauth", "token"})

# `?name=value` and `&name=value`: also in JSON, in HTML, and percent-encoded inside another address, which %26 ends
_OPTION = re.compile(
    r"(?:(?P<nested>%3[Ff]|%26)|^|[?&;]|\\u0026|&amp;)(?P<name>[\w.$~-]{1,64})(?P<equals>=|%3[Dd])"
    r"(?P<value>(?:(?!\\u0026|&amp;)(?(nested)(?!%26))[^&;#\s\"'<>\\])+)"
)
_COOKIES = {
    "cookie": re.compile(r"(?:^|;)\s*[^=;\s]+=\"?([^;\"]*)"),
    "set-cookie": re.compile(r"(?:^|,)\s*[^=;,\s]+=\"?([^;,\"]*)"),  # several are joined by commas
}
_TOKENS = ("access_token", "refresh_token", "id_token")
_MOST_TOKEN_BYTES = 64 * 1024
_LEAST_MADE_UP = 16
_LOOKED_AT = 64
_CAMEL = re.compile(r"[a-z]*(?:[A-Z][a-z]+)+[A-Z]?")


class SecretPlaces:
    """The places that every service has, and those that the configuration of one api names."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(name.lower() for name in names)

    def is_header(self, name: str) -> bool:
        """Whether the value of this header is a secret."""
        name = name.lower()
        return name in HEADERS or name in self._names or looks_like_secret(name)

    def is_option(self, name: str) -> bool:
        """Whether the value of this query option is a secret."""
        plain = kebab(unquote(name))
        return (
            plain in OPTIONS
            or unquote(name).lower() in self._names
            or looks_like_secret(plain)
            or bool(_SIGNATURE.search(plain))
        )

    def are_in(self, url: str, headers: Mapping[str, str]) -> bool:
        """Whether a request brings a credential along that its caller has written: in a header, or in its query.

        `code` and `key` are too often the name of a field.
        """
        names = (pair.partition("=")[0] for pair in url.partition("?")[2].split("&"))
        return any(map(self.is_header, headers)) or any(
            self.is_option(name) and name.lower() not in ("code", "key") for name in names
        )

    def header(self, name: str, value: str) -> str:
        """Return a header's value as it may be shown; of a credential its scheme stays."""
        if not self.is_header(name):
            return self._without(value, longest=_LONGEST_HARMLESS if name.lower() in LOCATIONS else None)
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {HIDDEN}" if space and scheme.lower() in _SCHEMES else HIDDEN

    def text(self, text: str) -> str:
        """Return a text in which no address shows the value of a secret option."""
        return self._without(text)

    def _without(self, text: str, *, longest: int | None = None) -> str:
        parts: list[str] = []
        end = 0
        for found in self._options(text, longest=longest):
            parts += (text[end : found.start("value")], HIDDEN)
            end = found.end()
        return "".join((*parts, text[end:]))

    def in_text(self, text: str) -> Iterator[str]:
        """Yield the secrets that stand in the addresses of a text, decoded."""
        yield from filter(_is_made_up, (unquote(found["value"]) for found in self._options(text)))

    def _options(self, text: str, *, longest: int | None = None) -> Iterator[re.Match[str]]:
        """Yield each secret option, and each whose value is longer than `longest`.

        The value of another one may be an address with options of its own.
        """
        found = _OPTION.search(text)
        while found is not None:
            is_long = longest is not None and len(found["value"]) > longest
            is_secret = is_long or self.is_option(found["name"])
            if is_secret:
                yield found
            found = _OPTION.search(text, found.end() if is_secret else found.start("value"))

    def in_headers(self, headers: Mapping[str, str]) -> Iterator[str]:
        """Yield the secrets that stand in headers."""
        for name, value in headers.items():
            if (pattern := _COOKIES.get(name.lower())) is not None:
                yield from filter(_is_made_up, pattern.findall(value))
            elif self.is_header(name):
                yield from filter(_is_made_up, [value])
            elif "=" in value:
                yield from self.in_text(value)


def tokens_in(body: bytes) -> list[str]:
    """Return the tokens of a token answer; of any other body none."""
    if b'"access_token"' not in body[:_MOST_TOKEN_BYTES]:
        return []
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # whoever reads the answer says what is wrong with it
        return []
    found = [answer.get(name) for name in _TOKENS] if isinstance(answer, dict) else []
    return [token for token in found if isinstance(token, str)]


def _is_made_up(value: str) -> bool:
    """Whether a machine made this value: digits, capitals and small letters mixed as no word or number does."""
    if len(value) < _LEAST_MADE_UP:
        return False
    first = value[:_LOOKED_AT]
    kinds = ["d" if char.isdigit() else "u" if char.isupper() else "l" for char in first if char.isalnum()]
    changes = sum(1 for one, next_ in itertools.pairwise(kinds) if one != next_)
    if "d" in kinds:
        return changes * 4 >= len(kinds)
    return changes * 3 >= len(kinds) and not _CAMEL.fullmatch(first)
