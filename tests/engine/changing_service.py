"""A service that filters for real: records with a time of change, read by OData V4 or V2, page by page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.engine.pages_server import PagesServer, Reply, as_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.pages_server import Asked

_ATOM = re.compile(r"(\w+) (eq|ge|gt|le|lt) ((?:datetimeoffset|datetime)?'(?:[^']|'')*'|[^\s()]+)")
_V2_DATE = re.compile(r"/Date\((-?\d+)\)/")


class ChangingService:
    """Holds `records`; what it compares are the texts or numbers that it sends, moments of one zone.

    `between` is called behind each page that has a next one. `filters` and `pages` tell what was asked.
    """

    def __init__(self, *records: dict[str, Any], size: int = 100, v2: bool = False) -> None:
        self.records = list(records)
        self.size = size
        self.v2 = v2
        self.between: Callable[[], None] = lambda: None
        self.filters: list[str | None] = []
        self.refuses_to_count = False
        self.refuses_to_sort = False
        self.empty_up_to: str | None = None
        """A key: the first page holds what changed up to it, which is nothing, and names the page behind it."""
        self.server = PagesServer(self._reply)

    def change(self, key: str, changed: object, **fields: Any) -> None:
        """Change a record, or add it."""
        for record in self.records:
            if record["Id"] == key:
                record |= {"Changed": changed, **fields}
                return
        self.records.append({"Id": key, "Changed": changed, **fields})

    def _reply(self, asked: Asked) -> Reply:
        condition = asked.query.get("$filter")
        first = int(asked.query.get("$skiptoken", "0"))
        if not first and "behind" not in asked.query and "$top" not in asked.query:
            self.filters.append(condition)
        found = [record for record in self.records if _holds(condition, record)]
        found.sort(key=lambda record: str(record["Id"]))
        if asked.query.get("$top") == "1":
            by, _, way = asked.query["$orderby"].partition(" ")
            assert way == "desc"
            if self.refuses_to_sort or not all(by in record for record in found):
                return Reply(400)
            found.sort(key=lambda record: (record[by] is not None, record[by]), reverse=True)
            return self._page(found[:1], asked, len(found), None)
        if self.empty_up_to is not None:
            if "behind" not in asked.query:
                behind = f"{asked.path}?behind=1&$filter={quote(condition or '')}"
                reply = self._page([], asked, len(found), behind)
                self.between()
                return reply
            found = [record for record in found if str(record["Id"]) > self.empty_up_to]
        size = 0 if asked.query.get("$top") == "0" else self.size
        page = found[first : first + size]
        more = first + size < len(found) and size > 0
        link = None
        if more:
            query = {**asked.query, "$skiptoken": str(first + size)}
            link = f"{asked.path}?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
        reply = self._page(page, asked, len(found), link)
        if more:
            self.between()
        return reply

    def _page(self, page: list[dict[str, Any]], asked: Asked, count: int, link: str | None) -> Reply:
        if self.v2:
            inner: dict[str, Any] = {"results": page}
            if asked.query.get("$inlinecount") == "allpages":
                inner["__count"] = str(count)
            return as_reply({"d": inner | ({"__next": self.server.url + link[4:]} if link else {})})
        body: dict[str, Any] = {"value": page}
        if asked.query.get("$count") == "true" and not self.refuses_to_count:
            body["@odata.count"] = count
        return as_reply(body | ({"@odata.nextLink": self.server.url + link[4:]} if link else {}))


def _holds(condition: str | None, record: dict[str, Any]) -> bool:
    if condition is None:
        return True
    verdict = _ATOM.sub(lambda atom: str(_compares(record.get(atom[1]), atom[2], atom[3])), condition)
    assert not set(re.findall(r"\w+", verdict)) - {"True", "False", "and", "or"}, condition
    return bool(eval(verdict))  # of nothing but these words


def _compares(value: object, operator: str, literal: str) -> bool:
    if value is None or literal == "null":
        return operator == "eq" and value is None and literal == "null"
    wanted: Any = re.sub(r"^(datetimeoffset|datetime)?'(.*)'$", r"\2", literal)
    if isinstance(value, int):
        wanted = int(wanted.removesuffix("L"))
    found: Any = value
    if isinstance(value, str) and (moment := _V2_DATE.fullmatch(value)):
        from datetime import datetime, timezone  # noqa: PLC0415

        assert literal.startswith("datetime'"), literal
        found = int(moment[1])
        whole, dot, fraction = wanted.partition(".")
        moment_asked = datetime.fromisoformat(
            whole + dot + (fraction.ljust(6, "0") if dot else "")
        )  # 3.10 takes six
        wanted = moment_asked.replace(tzinfo=timezone.utc).timestamp() * 1000
    elif isinstance(value, str) and isinstance(wanted, str):
        found, wanted = value.removesuffix("Z"), wanted.removesuffix("Z")
    verdicts = {"eq": found == wanted, "ge": found >= wanted, "gt": found > wanted}
    verdicts |= {"le": found <= wanted, "lt": found < wanted}
    return bool(verdicts[operator])
