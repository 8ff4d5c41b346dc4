"""A service whose records come and go between two pages; it orders, filters by key, counts, pages in three ways."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.rest.fault_server import FaultServer, answer

if TYPE_CHECKING:
    from tests.rest.fault_server import Connection

Change = tuple[str, int]
"""insert, delete or move, and where: a place in the table, modulo its length."""


@dataclass
class MovingService:
    """`paging` is skip (positions), token (positions that look like a token) or key.

    `changes[k]` happen after answer k. `refuses` lists what it answers with 400: gt, orderby or count.
    """

    keys: list[int]
    changes: list[list[Change]]
    page_size: int = 2
    paging: str = "skip"
    refuses: frozenset[str] = frozenset()
    alive_throughout: set[int] = field(default_factory=set)
    ever: set[int] = field(default_factory=set)
    counts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alive_throughout = set(self.keys)
        self.ever = set(self.keys)

    def serve(self) -> FaultServer:
        return FaultServer([self._step])

    def _step(self, connection: Connection) -> bool:
        target = connection.request.target
        self.asked.append(target)
        reply = self._page({name: values[0] for name, values in parse_qs(urlsplit(target).query).items()})
        again = (
            answer(400)(connection)
            if reply is None
            else answer(200, json.dumps(reply).encode(), content_type="application/json")(connection)
        )
        for kind, place in self.changes.pop(0) if self.changes else []:
            self._change(kind, place)
        return again

    def _page(self, query: dict[str, str]) -> dict[str, Any] | None:
        behind = re.fullmatch(r"(?:\(Kind eq 'a'\) and )?\(?No gt (-?\d+)\)?", query.get("$filter", ""))
        if (behind and "gt" in self.refuses) or ("$orderby" in query and "orderby" in self.refuses):
            return None
        if "$count" in query and "count" in self.refuses:
            return None
        rows = sorted(self.keys)
        if behind:
            rows = [key for key in rows if key > int(behind[1])]
        if "key" in query:
            start = next((index for index, key in enumerate(rows) if key > int(query["key"])), len(rows))
        else:
            start = int(query.get("$skip") or query.get("$skiptoken") or 0)
        shown = [] if query.get("$top") == "0" else rows[start : start + self.page_size]
        page: dict[str, Any] = {"value": [{"No": key, "Kind": "a"} for key in shown]}
        if "$count" in query:
            page["@odata.count"] = len(rows)
            self.counts.append(len(rows))
        if shown and start + self.page_size < len(rows):
            page["@odata.nextLink"] = self._link(query, start + self.page_size, shown[-1])
        return page

    def _link(self, query: dict[str, str], position: int, last: int) -> str:
        names = {
            "skip": f"$skip={position}",
            "token": f"$skiptoken={position}",
            "key": f"key={last}",
        }
        where = f"&$filter={query['$filter'].replace(' ', '%20')}" if "$filter" in query else ""
        return f"Things?{names[self.paging]}{where}&n={len(self.asked)}"

    def _change(self, kind: str, place: int) -> None:
        if kind == "insert":
            new = next(key for key in range(place, place + len(self.keys) + 1) if key not in self.keys)
            self.keys.append(new)
            self.ever.add(new)
        elif self.keys:
            gone = sorted(self.keys)[place % len(self.keys)]
            self.keys.remove(gone)
            self.alive_throughout.discard(gone)
