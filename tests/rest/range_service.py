"""A service that knows the filters by which ranges are cut: `ge`, `lt`, `eq null`, `ne null`, `and`, `or`."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.rest.fault_server import FaultServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import Connection

Record = dict[str, Any]
_COMPARISON = re.compile(r"(\w+) (ge|gt|lt|eq|ne) (null|'[^']*'|[^\s()]+)")


@dataclass
class RangeService:
    """`gather` first pages of ranges wait for each other. `after` is called with the number of each request."""

    records: list[Record]
    page_size: int = 3
    gather: int = 0
    counts: bool = True
    after: Callable[[int], None] = lambda _: None
    filters: list[str] = field(default_factory=list)
    most: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._together = threading.Barrier(self.gather) if self.gather else None
        self._number = 0
        self._now = 0

    def serve(self) -> FaultServer:
        return FaultServer([self._step])

    def _step(self, connection: Connection) -> bool:
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(connection.request.target).query).items()
        }
        is_first = "$skiptoken" not in query
        with self._lock:
            self._number += 1
            number = self._number
            self._now += 1
            self.most = max(self.most, self._now)
            if is_first and query.get("$filter"):
                self.filters.append(query["$filter"])
        if self._together is not None and is_first and re.search(r"\w (lt|ge) ", query.get("$filter", "")):
            self._together.wait(20)
        with self._lock:
            reply = self._page(query)
            self._now -= 1
            self.after(number)
        return answer(200, json.dumps(reply).encode(), content_type="application/json")(connection)

    def _page(self, query: dict[str, str]) -> Record:
        found = [record for record in self.records if _holds(query.get("$filter", ""), record)]
        for each in reversed(query.get("$orderby", "No").split(",")):
            name, _, direction = each.partition(" ")
            found.sort(key=_order(name), reverse=direction == "desc")
        reply: Record = {}
        if self.counts and query.get("$count") == "true":
            reply["@odata.count"] = len(found)
        behind = query.get("$skiptoken")
        start = 0
        if behind is not None:
            start = (
                next((index for index, record in enumerate(found) if f"x{record['No']}" == behind), -1) + 1
            )
        size = 0 if query.get("$top") == "0" else self.page_size
        reply["value"] = found[start : start + size]
        if size and start + size < len(found):
            kept = {**query, "$skiptoken": f"x{found[start + size - 1]['No']}"}
            reply["@odata.nextLink"] = "C?" + "&".join(
                f"{name}={quote(value)}" for name, value in kept.items()
            )
        return reply


def _order(name: str) -> Callable[[Record], tuple[bool, Any]]:
    return lambda record: (record[name] is not None, record[name] or 0)


def _holds(text: str, record: Record) -> bool:
    """Evaluate a filter of the few words that ranges use."""
    if not text:
        return True

    def value(match: re.Match[str]) -> str:
        left, right = record[match[1]], match[3]
        if right == "null":
            return str((left is None) == (match[2] == "eq"))
        wanted: Any = right[1:-1] if right.startswith("'") else right
        if not isinstance(left, str):
            wanted = float(wanted)
        if left is None:
            return "False"
        found = {"ge": left >= wanted, "gt": left > wanted, "lt": left < wanted, "eq": left == wanted}
        return str(found[match[2]])

    return bool(eval(_COMPARISON.sub(value, text), {"__builtins__": {}}))  # of our own words only
