"""Check secrets, in their file and in variables: names that nobody asks for, values that are none.

No message holds a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from txojobs.config.explain import Breach, home_of
from txojobs.config.names import KEBAB, RESERVED, SECRET_NAMES, injected_name, kebab, nearly
from txojobs.config.schema import load_schema
from txojobs.redact import SHORTEST, escape_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PLACEHOLDER = re.compile(r"(?i)[.…*_-]{3,}|…|x{3,}|<[^<>]*>|\$?\{+[^{}]*\}+|change[-_ ]?me|your[-_ ]secret")
"""What stands in an example, or is left when a template was not filled in; nobody's secret."""


def secret_breaches(value: Any, apis: Collection[str] = ()) -> Iterator[Breach]:
    """Yield what is wrong in a secrets file."""
    if not isinstance(value, dict):
        yield Breach(
            (), "a secrets file is one object of texts", example='{"client-secret": "<the secret itself>"}'
        )
        return
    for key, member in value.items():
        yield from secret_name_breaches(key, apis)
        if not isinstance(member, str):
            yield Breach((key,), f"the secret {escape_foreign(key)!r} must be a text", "write it in quotes")
        elif not member.strip():
            yield Breach(
                (key,), f"the secret {escape_foreign(key)!r} is empty", "write its value, or remove it"
            )
        elif is_placeholder(key, member):
            yield _placeholder(key)
        elif member != member.strip():
            yield _warning(
                key, "begins or ends with a space or line break", "remove it if it is not part of it"
            )
        elif len(member) < SHORTEST:
            yield _warning(key, "is too short to be hidden in logs", f"use {SHORTEST} characters or more")


def variable_breaches(key: str, value: str, apis: Collection[str] = ()) -> Iterator[Breach]:
    """Yield what is wrong with a variable that holds the secret `key`."""
    yield from secret_name_breaches(key, apis)
    if is_placeholder(key, value):
        yield _placeholder(key)


def secret_name_breaches(key: str, apis: Collection[str] = ()) -> Iterator[Breach]:
    """Yield what is wrong with the name of a secret."""
    shown = escape_foreign(key)
    known = [*SECRET_NAMES, *(f"{api}-{name}" for api in apis for name in SECRET_NAMES)]
    if key in known:
        return
    if key in RESERVED:
        fix = "a fixed token is called 'az-token'" if key == "token" else "give it another name"
        yield Breach((key,), f"{key!r} is set by txojobs itself, as {injected_name(key)}", fix)
    elif not KEBAB.fullmatch(key):
        yield Breach((key,), f"the key {shown!r} is not in kebab-case", f"did you mean {kebab(key)!r}?")
    elif (meant := _misspelt(key, known)) and not key.endswith(tuple(f"-{name}" for name in SECRET_NAMES)):
        yield Breach((key,), f"{shown!r} is nearly {meant!r}", f"did you mean {meant!r}?")
    elif home := home_of(key, load_schema()):
        message = f"{key!r} is no secret, and is not looked at here"
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
        f"the secret {escape_foreign(key)!r} is a placeholder, not a secret",
        "write the secret itself in its place",
    )


def _warning(key: str, message: str, fix: str) -> Breach:
    return Breach((key,), f"the secret {escape_foreign(key)!r} {message}", fix, severity="warning")
