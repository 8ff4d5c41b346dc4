"""List what a run will use: each value with the place it comes from, secrets as `***`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from txojobs.config.defaults import applied_defaults, values_of_profiles
from txojobs.config.json_text import WrittenFloat
from txojobs.config.names import looks_like_secret
from txojobs.config.origins import DEFAULT
from txojobs.redact import HIDDEN, escape_foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.config.mapping import Config


def effective(config: Config) -> list[tuple[str, str, str]]:
    """Return (dotted path, value as shown, source) of every value, sorted by path; injected ones come last.

    Lists are one value, written as JSON. What a profile says and defaults that some service uses are included.
    """
    rows = []
    for path, value in _leaves(dict.items(config), ""):
        hidden = value == HIDDEN or (isinstance(value, str) and looks_like_secret(path.rsplit(".", 1)[-1]))
        rows.append((path, HIDDEN if hidden else shown(value), config.origin(path)))
    rows += [
        (path, shown(value), f"profile {name}") for path, (value, name) in values_of_profiles(config).items()
    ]
    there = {path for path, _, _ in rows}
    rows += [
        (path, shown(value), DEFAULT) for path, value in applied_defaults(config).items() if path not in there
    ]
    return sorted(rows, key=lambda row: (row[0].startswith("_"), row[0]))


def shown(value: Any) -> str:
    """Return a value on one line: text and numbers as they are written, everything else as JSON."""
    if isinstance(value, WrittenFloat):
        return value.text
    return escape_foreign(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _leaves(members: Any, above: str) -> Iterator[tuple[str, Any]]:
    for key, value in members:
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict) and value:
            yield from _leaves(dict.items(value), path)
        elif path != "$schema":
            yield path, value
