"""A client whose answers are kept, and which gives those that were kept before without asking again.

Each answer is found by the step that asks, the request, and how often the step had asked it before: so what is asked
a second time in a run (a count at the end, all pages once more) is asked again, and in a later process the same
questions find the same answers. Refused requests are not kept. Credentials are no part of it: they are added later.
"""

from __future__ import annotations

import json as text
import os
import threading
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from txojobs.exact_json import encode
from txojobs.rest.answers import Answer
from txojobs.rest.secret_places import SecretPlaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from txojobs.rest.client import TxoRestAPI

T = TypeVar("T")

KEY_BYTES = 16
_STAND_IN = b"\x00origin\x00"
_NEVER_KEPT = ("www-authenticate", "proxy-authenticate")


class Keeper(Protocol):
    """Where answers are kept."""

    def find(self, key: bytes) -> bytes | None:
        """Return what is kept under a key."""
        ...

    def keep(self, key: bytes, content: bytes) -> None:
        """Keep something under a key."""
        ...


class RecordedApi:
    """The client of one step. What it does not record itself it leaves to `api`.

    `origin` is an address that another process will have under another name (the demo service's port).
    """

    def __init__(self, api: TxoRestAPI, keeper: Keeper, *, step: str, origin: str | None = None) -> None:
        self._api = api
        self._keeper = keeper
        self._step = step
        self._origin = origin.encode() if origin else None
        self._lock = threading.Lock()
        self._times: dict[bytes, int] = {}
        self._places = SecretPlaces(api.settings.auth.key_name)
        """Headers that hold a secret are not kept, whatever they are called."""
        self._session = os.urandom(8).hex()
        self.found = 0
        """How many requests were answered from what was kept."""

    def __getattr__(self, name: str) -> Any:
        """Return what the client itself has."""
        return getattr(self._api, name)

    def fetch(
        self,
        method: str,
        url: str,
        *,
        parse: Callable[[Answer], T],
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        **options: Any,
    ) -> T:
        """Return what `parse` makes of the answer: see TxoRestAPI.fetch."""
        key = self._key(method, url, params, headers, json)
        kept = self._keeper.find(key)
        if kept is not None:
            with self._lock:
                self.found += 1
            return parse(_unpacked(self._moved(kept, back=True)))

        def keeping(answer: Answer) -> T:
            given = replace(answer, session=self._session)
            parsed = parse(given)
            self._keeper.keep(key, self._moved(_packed(given, self._places)))
            return parsed

        return self._api.fetch(
            method, url, parse=keeping, params=params, headers=headers, json=json, **options
        )

    def _key(self, method: str, url: str, *parts: Any) -> bytes:
        address = self._moved(url.encode("utf-8", "surrogatepass"))
        asked = b"\n".join(
            (self._step.encode(), method.encode(), address, *(encode(_plain(each)) for each in parts))
        )
        mark = blake2b(asked, digest_size=KEY_BYTES).digest()
        with self._lock:
            times = self._times[mark] = self._times.get(mark, 0) + 1
        return blake2b(mark + times.to_bytes(8, "little"), digest_size=KEY_BYTES).digest()

    def _moved(self, content: bytes, *, back: bool = False) -> bytes:
        if self._origin is None:
            return content
        return content.replace(*((_STAND_IN, self._origin) if back else (self._origin, _STAND_IN)))


def _plain(value: Any) -> Any:
    """Return what a request says as JSON values, in one order."""
    if hasattr(value, "items"):
        return [
            [str(name), _plain(each)] for name, each in sorted(value.items(), key=lambda item: str(item[0]))
        ]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _packed(answer: Answer, places: SecretPlaces) -> bytes:
    facts = {
        "status": answer.status,
        "reason": answer.reason,
        "method": answer.method,
        "url": answer.url,
        "length-known": answer.length_known,
        "session": answer.session,
        "headers": [
            [name, value]
            for name, value in answer.headers.items()
            if name.lower() not in _NEVER_KEPT and not places.is_header(name)
        ],
    }
    return text.dumps(facts).encode() + b"\n" + answer.body


def _unpacked(content: bytes) -> Answer:
    from requests.structures import CaseInsensitiveDict  # noqa: PLC0415  # loaded by the transport anyway

    head, _, body = content.partition(b"\n")
    facts = text.loads(head)
    return Answer(
        status=facts["status"],
        reason=facts["reason"],
        headers=CaseInsensitiveDict(facts["headers"]),
        body=body,
        method=facts["method"],
        url=facts["url"],
        length_known=facts["length-known"],
        session=facts["session"],
    )
