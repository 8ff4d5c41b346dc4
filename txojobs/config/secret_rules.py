"""Check secrets, in their file and in variables: names that nobody asks for, values that are none.

No message holds a value, nor a key that may be one.

Source: RFC 9110 section 5.5 (what a header can carry), RFC 7617 section 2 (no control characters in a password).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from txojobs.config.explain import Breach, home_of
from txojobs.config.names import KEBAB, RESERVED, SECRET_NAMES, injected_name, kebab, nearly, shown_name
from txojobs.config.rules import services
from txojobs.config.schema import load_schema
from txojobs.redact import HIDDEN, SHORTEST, escape_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PLACEHOLDER = re.compile(r"(?i)[.…*_-]{3,}|…|x{3,}|<[^<>]*>|\$?\{+[^{}]*\}+|change[-_ ]?me|your[-_ ]secret")
"""What stands in an example, or is left when a template was not filled in; nobody's secret."""


_IN_HEADERS = ("az-token", "api-key")
_OF_ONE_LINE = (*_IN_HEADERS, "password", "client-secret")


def keys_in_query(config: Any) -> frozenset[str]:
    """Return the names of the api keys that a main configuration sends in the query, where any letter may stand."""
    return frozenset(
        "api-key" if path[0] == "global" else f"{path[1]}-api-key"
        for path, part in (services(config) if isinstance(config, dict) else ())
        if path[0] != "script-behavior" and isinstance(part.get("auth"), dict)
        if part["auth"].get("in") == "query"
    )


def secret_breaches(
    value: Any, apis: Collection[str] = (), in_query: Collection[str] = ()
) -> Iterator[Breach]:
    """Yield what is wrong in a secrets file; `in_query` is what `keys_in_query` says of its configuration."""
    if not isinstance(value, dict):
        yield Breach(
            (), "a secrets file is one object of texts", example='{"client-secret": "<the secret itself>"}'
        )
        return
    for key, member in value.items():
        if member in SECRET_NAMES:
            yield Breach((key,), f"the name {member!r} stands where its value belongs", "swap the two")
            continue
        yield from secret_name_breaches(key, apis)
        if not isinstance(member, str):
            yield Breach((key,), f"{_named(key)} must be a text", "write it in quotes")
        elif not member.strip():
            yield Breach((key,), f"{_named(key)} is empty", "write its value, or remove it")
        elif is_placeholder(key, member):
            yield _placeholder(key)
        elif (unfit := _unsendable(key, member.strip(), in_query)) is not None:
            yield Breach((key,), f"{_named(key)} holds {unfit}", _COPY)
        elif member != member.strip():
            yield _warning(
                key, "begins or ends with a space or line break", "remove it if it is not part of it"
            )
        elif len(member) < SHORTEST:
            yield _warning(key, "is too short to be hidden in logs", f"use {SHORTEST} characters or more")


_COPY = "copy it again, as one line: often a line break, a space or a typographic quote comes along"


def _unsendable(key: str, value: str, in_query: Collection[str]) -> str | None:
    """Return what a secret holds that no request can carry, and where; None when it can be sent."""
    kind = next((name for name in _OF_ONE_LINE if key == name or key.endswith(f"-{name}")), None)
    if kind is None:
        return None
    for number, letter in enumerate(value, 1):
        place = f" as character {number}"
        if letter in "\r\n":
            return f"a line break{place}"
        if unicodedata.category(letter) in ("Cc", "Cs"):
            return f"a control character{place}"
        if kind in _IN_HEADERS and key not in in_query and not letter.isascii():
            return f"a letter that no HTTP header can carry{place}"
    return None


def variable_breaches(
    key: str, value: str, apis: Collection[str] = (), in_query: Collection[str] = ()
) -> Iterator[Breach]:
    """Yield what is wrong with a variable that holds the secret `key`."""
    yield from secret_name_breaches(key, apis)
    if is_placeholder(key, value):
        yield _placeholder(key)
    elif (unfit := _unsendable(key, value.strip(), in_query)) is not None:
        yield Breach((key,), f"{_named(key)} holds {unfit}", _COPY)


def secret_name_breaches(key: str, apis: Collection[str] = ()) -> Iterator[Breach]:
    """Yield what is wrong with the name of a secret."""
    shown = escape_foreign(shown_name(key))
    known = [*SECRET_NAMES, *(f"{api}-{name}" for api in apis for name in SECRET_NAMES)]
    if key in known:
        return
    if key in RESERVED:
        fix = "a fixed token is called 'az-token'" if key == "token" else "give it another name"
        yield Breach((key,), f"{key!r} is set by txojobs itself, as {injected_name(key)}", fix)
    elif not KEBAB.fullmatch(key):
        spelled = kebab(shown) if shown != HIDDEN else ""
        fix = f"did you mean {spelled!r}?" if spelled else "use small letters, digits and '-'"
        yield Breach((key,), f"the key {shown!r} is not in kebab-case", fix)
    elif (meant := _misspelt(key, known)) and not key.endswith(tuple(f"-{name}" for name in SECRET_NAMES)):
        yield Breach((key,), f"{shown!r} is nearly {meant!r}", f"did you mean {meant!r}?")
    elif home := home_of(key, load_schema()):
        message = f"{shown!r} is no secret, and is not looked at here"
        yield Breach((key,), message, f"write it into {home!r} of the configuration", severity="warning")


def is_placeholder(key: str, value: str) -> bool:
    """Whether a secret holds the text of an example in place of its value."""
    text = value.strip()
    return bool(_PLACEHOLDER.fullmatch(text)) or text.lower() == f"your-{key}"


def _misspelt(key: str, known: Collection[str]) -> str | None:
    """Return the known name that was typed with a slip; a secret of one's own may have a name that is near."""
    meant = nearly(key, known, cutoff=0.85)
    if meant is None or sorted(meant) == sorted(key):
        return meant
    return nearly(key, known, cutoff=0.88)


def _placeholder(key: str) -> Breach:
    return Breach(
        (key,),
        f"{_named(key)} is a placeholder, not a secret",
        "write the secret itself in its place",
    )


def _warning(key: str, message: str, fix: str) -> Breach:
    return Breach((key,), f"{_named(key)} {message}", fix, severity="warning")


def _named(key: str) -> str:
    return f"the secret {escape_foreign(shown_name(key))!r}"
