"""The names in a service document, asked for only to say what a wrong one was meant to be.

Source: OData JSON Format 4.01 section 5 (service document), OData V2 JSON Format section 6.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from txojobs.errors import ApiError
from txojobs.rest.content import read_json
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from txojobs.errors import EntityNotFoundError
    from txojobs.rest.client import TxoRestAPI

_log = logging.getLogger("txojobs.rest")

_LONGEST_LIST = 12


def offered(value: Any) -> tuple[str, ...]:
    """Return the names that a service document lists, in its order; none when it is no service document."""
    if not isinstance(value, dict):
        return ()
    inner = value.get("d")
    if isinstance(inner, dict) and isinstance(inner.get("EntitySets"), list):  # V2
        return tuple(name for name in inner["EntitySets"] if isinstance(name, str))
    resources = value.get("value")
    if not isinstance(resources, list):
        return ()
    names = [
        entry.get("url") or entry.get("name")
        for entry in resources
        if isinstance(entry, dict) and entry.get("kind", "EntitySet") in ("EntitySet", "Singleton")
    ]
    return tuple(name for name in names if isinstance(name, str))


def say_what_there_is(
    err: EntityNotFoundError, client: TxoRestAPI, entity: str, *, deadline: float | None
) -> None:
    """Add to a 404 what the service has instead, when the first name of `entity` is none of them.

    Asks the service once more. When that fails, too, the error stays as it is.
    """
    if "://" in entity:
        return
    name = unquote(re.split(r"[(?/]", entity, maxsplit=1)[0])
    try:
        known = client.fetch("GET", "", parse=lambda answer: offered(read_json(answer)), deadline=deadline)
    except ApiError as told:
        _log.debug("the service does not say which entity sets it has: %s", told)
        return
    if not known or name in known:
        return
    near = nearest(name, known)
    if near is None and name != unquote(entity):
        return  # a path or a key, whose fault may lie behind its first name
    listed = ", ".join(known[:_LONGEST_LIST]) + (", ..." if len(known) > _LONGEST_LIST else "")
    err.how_to_fix = f"{near} The service has {listed}" if near else f"the service has {listed}"
