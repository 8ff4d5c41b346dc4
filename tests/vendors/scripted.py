"""What the scripted services of vendors share: a request taken apart, quotas, pages, answers over a real socket."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.rest.fault_server import FaultServer, answer, hang_up

if TYPE_CHECKING:
    from tests.rest.fault_server import Connection

Record = dict[str, Any]


@dataclass
class Asked:
    """One request: `path` is decoded, `options` are the query's, `wishes` what Prefer says."""

    method: str
    path: str
    options: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def wishes(self) -> dict[str, str]:
        found = re.findall(r'([\w.-]+)(?:=("[^"]*"|[^,;]*))?', self.headers.get("prefer", ""))
        return {name: value.strip('"') for name, value in found}

    @property
    def page_size(self) -> int | None:
        size = self.wishes.get("odata.maxpagesize")
        return None if size is None else int(size)


@dataclass
class Reply:
    status: int = 200
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False
    """Whether the connection ends before the answer: what was asked is done all the same."""


class RefusedError(Exception):
    """A request that the service does not carry out."""

    def __init__(self, status: int, value: Any, **headers: str) -> None:
        self.reply = Reply(status, value, headers)


@dataclass
class ScriptedService:
    """A service of one vendor. `quota` requests are answered, then `refused` of them are not, and so on."""

    quota: int | None = None
    refused: int = 1
    asked: list[Asked] = field(default_factory=list)
    _since: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def serve(self) -> FaultServer:
        return FaultServer([self._step])

    def _step(self, connection: Connection) -> bool:
        request = connection.request
        parts = urlsplit(request.target)
        options = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        asked = Asked(request.method, unquote(parts.path), options, request.headers, request.body)
        with self._lock:
            self.asked.append(asked)
            try:
                self._spend()
                reply = self.reply_to(asked, connection.base)
            except RefusedError as refusal:
                reply = refusal.reply
        if reply.is_lost:
            return hang_up(connection)
        body = b"" if reply.value is None else json.dumps(reply.value, ensure_ascii=False).encode()
        headers = {"content_type": "application/json; charset=utf-8", **reply.headers}
        return answer(reply.status, body, **headers)(connection)

    def _spend(self) -> None:
        if self.quota is None:
            return
        self._since += 1
        if self._since > self.quota:
            if self._since == self.quota + self.refused:
                self._since = 0
            raise self.over_quota()

    def over_quota(self) -> RefusedError:
        """Return how this vendor says that too much was asked."""
        raise NotImplementedError

    def reply_to(self, asked: Asked, base: str) -> Reply:
        """Return the answer to one request; `base` is the address of the server."""
        raise NotImplementedError


def at_version(asked: Asked, etag: str, *, missing: RefusedError | None, stale: RefusedError) -> None:
    """Refuse a change that names no version where one is wanted, or another one than the record has by now."""
    named = asked.headers.get("if-match")
    if named is None and missing is not None:
        raise missing
    if named not in (None, "*", etag):
        raise stale


def ordered(records: list[Record], order_by: str | None, key: str) -> list[Record]:
    """Return the records in the order that was asked for, then by key."""
    found = sorted(records, key=lambda record: record[key])
    for each in reversed((order_by or "").split(",")):
        name, _, direction = each.strip().partition(" ")
        if name:
            found.sort(key=lambda record: record[name], reverse=direction == "desc")
    return found


def selected(record: Record, select: str | None) -> Record:
    """Return the selected fields; what stands before an @ goes with its field."""
    if not select:
        return record
    names = select.split(",")
    return {
        name: value for name, value in record.items() if name.split("@")[0] in names or name.startswith("@")
    }
