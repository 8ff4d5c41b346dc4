"""The address of a long operation: which values in its query are secrets, and how it may be shown.

What is shown keeps the query, so that one can go on from there, but for the values of signatures and credentials.
A value is known by its name; under a name that says nothing, a long one is taken for a secret unless it is an
identity, a version or a moment.

Source: AWS Signature Version 4 (query parameters) and CloudFront's signed URLs, Google Cloud Storage's signed URLs,
Azure Storage's shared access signatures, RFC 3986 section 3.4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from txojobs.config.names import kebab
from txojobs.redact import HIDDEN, escape_foreign, shortened
from txojobs.rest.origin import shown
from txojobs.rest.secret_places import SecretPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = SecretPlaces("s", "awsaccesskeyid", "googleaccessid", "key-pair-id", "policy", "tempauth")
_SIGNED = re.compile(r"x-(?:amz|goog|ms)-")
"""What every option of a signed address of a cloud begins with."""
_SAS = frozenset(
    {
        *("sv", "ss", "srt", "sp", "st", "se", "sr", "sip", "spr", "si"),
        *("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"),
    }
)
"""The options of a shared access signature beside `sig`; without that one they may mean anything."""

_LONGEST_HARMLESS = 16
_LONGEST_IDENTITY = 128
_IDENTITY = re.compile(r"(?:^|-)(?:id|uuid|guid|number|version|job|operation|task)$")
"""How the name of an option ends that tells which operation it is."""
_PLAIN = re.compile(r"[\w.~:-]+", re.ASCII)
_TELLING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9.-]+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE | re.ASCII,
)
"""A GUID, a number or version, a moment: what it is, its form tells."""
_LONGEST_SHOWN = 2000


def secrets_in(url: str) -> Iterator[str]:
    """Yield the values in the query of an address that nobody else must see, decoded."""
    for name, value in _options(url):
        plain = unquote_plus(value)
        if _PLACES.is_option(name) or (_is_long_and_odd(name, plain) and not _SIGNED.match(kebab(name))):
            yield plain


def resumable(url: str) -> str:
    """Return an address with its query, fit for a message or a report: secrets in it are `***`."""
    if not _query(url):
        return shown(url)
    names = {unquote_plus(name).lower() for name, _ in _options(url)}
    also = _SAS if names & {"sig", "signature"} else frozenset[str]()
    query = "&".join(_shown_option(option, also) for option in _query(url).split("&"))
    query = _PLACES.text(f"?{query}")  # a value may be an address with options of its own
    return shortened(shown(url) + escape_foreign(query), _LONGEST_SHOWN)


def _options(url: str) -> Iterator[tuple[str, str]]:
    """Yield the options of a query as they are written."""
    for option in _query(url).split("&"):
        name, _, value = option.partition("=")
        yield name, value


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _shown_option(option: str, also: frozenset[str]) -> str:
    name, _, value = option.partition("=")
    plain = unquote_plus(name).lower()
    hidden = _PLACES.is_option(name) or plain in also or _SIGNED.match(kebab(plain))
    if value and (hidden or _is_long_and_odd(name, unquote_plus(value))):
        return f"{name}={HIDDEN}"
    if not value and len(name) > _LONGEST_HARMLESS:
        return HIDDEN  # a query that is one word: who knows what it is
    return option


def _is_long_and_odd(name: str, value: str) -> bool:
    if len(value) <= _LONGEST_HARMLESS or _TELLING.fullmatch(value):
        return False
    names_it = _IDENTITY.search(kebab(unquote_plus(name))) and len(value) <= _LONGEST_IDENTITY
    return not (names_it and _PLAIN.fullmatch(value))
