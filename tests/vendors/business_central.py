"""A scripted Business Central: companies, quotas, etags, skiptokens, empty dates, errors with a correlation id.

Source: the shapes are those of the vendor's documentation of the API v2.0 and of its OData web services.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tests.vendors.scripted import (
    Asked,
    Record,
    RefusedError,
    Reply,
    ScriptedService,
    at_version,
    ordered,
    selected,
)

LARGEST_PAGE = 20_000
API = "/v2.0/tenant/production/api/v2.0"
WEB_SERVICES = "/v2.0/tenant/production/ODataV4"
CORRELATION = "5d5a8f2e-0f0c-4a4e-8a8e-2f5d5b1c7a11"


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def customer(number: int, **more: Any) -> Record:
    return {
        "@odata.etag": f'W/"JzE5OzE{number}=="',
        "id": guid(number),
        "number": f"{number:05}",
        "displayName": f"Kund {number} & Söner",
        "blocked": "_x0020_",
        "balanceDue": number / 4,
        "lastPaymentDate": "0001-01-01" if number % 2 else "2025-12-31",
        "lastModifiedDateTime": "2026-01-15T14:30:00.123Z",
        **more,
    }


@dataclass
class BusinessCentral(ScriptedService):
    """`companies` is name -> customers. `denied` are companies for which the application has no permission set."""

    companies: dict[str, list[Record]] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    on_page: dict[int, Reply] = field(default_factory=dict)
    """What is answered to the request for customers of that number, from 1, instead of a page."""
    stale_status: int = 409
    """What is answered to a change of a record that is at another version by now."""
    lost: frozenset[int] = frozenset()
    """The changes, from 1, that are carried out and whose answer is lost."""
    changes: int = 0
    hidden: int = 0
    """How many companies the list counts and does not show."""
    _pages: int = 0

    def over_quota(self) -> RefusedError:
        # as documented, there is no Retry-After
        return RefusedError(429, _error("Application_TooManyRequests", "Too many requests reached."))

    def reply_to(self, asked: Asked, base: str) -> Reply:
        if asked.path.startswith(WEB_SERVICES):
            return self._web_service(asked, base, asked.path[len(WEB_SERVICES) :])
        if not asked.path.startswith(API):
            raise RefusedError(404, _error("BadRequest_NotFound", "No HTTP resource was found."))
        path = asked.path[len(API) :]
        if path == "/companies":
            counted = {"@odata.count": len(self.companies) + self.hidden} if "$count" in asked.options else {}
            return Reply(200, {**counted, "value": [
                {"id": guid(number), "systemVersion": "25.0", "name": name, "displayName": name}
                for number, name in enumerate(self.companies, 1)
            ]})  # fmt: skip
        one = re.fullmatch(r"/companies\(([0-9a-f-]{36})\)/customers\(([0-9a-f-]{36})\)", path)
        if one is not None:
            return self._customer(asked, one[2])
        match = re.fullmatch(r"/companies\(([0-9a-f-]{36})\)/(\w+)", path)
        names = {guid(number): name for number, name in enumerate(self.companies, 1)}
        if match is None or match[1] not in names or match[2] != "customers":
            raise RefusedError(
                404, _error("BadRequest_NotFound", f"No HTTP resource was found that matches {path}.")
            )
        return self._customers(asked, names[match[1]], base)

    def _customer(self, asked: Asked, key: str) -> Reply:
        """Read or change one customer; each change gives it another etag."""
        records = next(iter(self.companies.values()))
        found = next((each for each in records if each["id"] == key), None)
        if found is None:
            raise RefusedError(404, _error("BadRequest_ResourceNotFound", "The record was not found."))
        if asked.method == "GET":
            return Reply(200, found)
        missing = _error("BadRequest_InvalidToken", "Could not validate the client concurrency token.")
        changed = _error("Request_EntityChanged", "Another user has already changed the record.")
        at_version(
            asked,
            found["@odata.etag"],
            missing=RefusedError(400, missing),
            stale=RefusedError(self.stale_status, changed),
        )
        self.changes += 1
        found.update({**json.loads(asked.body), "@odata.etag": f'W/"JzE5OzE{self.changes}changed=="'})
        return Reply(200, found, is_lost=self.changes in self.lost)

    def _web_service(self, asked: Asked, base: str, path: str) -> Reply:
        if path == "/Company":
            return Reply(200, {"value": [
                {"Name": name, "Evaluation_Company": False, "Display_Name": ""} for name in self.companies
            ]})  # fmt: skip
        match = re.fullmatch(r"/Company\('((?:[^']|'')*)'\)/customers", path)
        if match is None or match[1].replace("''", "'") not in self.companies:
            raise RefusedError(404, _error("BadRequest_NotFound", "not there"))
        return self._customers(asked, match[1].replace("''", "'"), base)

    def _customers(self, asked: Asked, name: str, base: str) -> Reply:
        self._pages += 1
        if self._pages in self.on_page:
            return self.on_page[self._pages]
        if name in self.denied:
            message = "Sorry, the current permissions prevented the action. (TableData 18 Customer Read)"
            raise RefusedError(400, _error("Application_DialogException", message))
        records = ordered(self.companies[name], asked.options.get("$orderby"), "number")
        begin = int(asked.options.get("$skiptoken", "0"))
        size = min(asked.page_size or LARGEST_PAGE, LARGEST_PAGE)
        body: dict[str, Any] = {"@odata.context": f"{base}{API}/$metadata#companies(x)/customers"}
        if asked.options.get("$count") == "true":
            body["@odata.count"] = len(records)
        body["value"] = [
            selected(each, asked.options.get("$select")) for each in records[begin : begin + size]
        ]
        if begin + size < len(records):
            kept = {**asked.options, "aid": "FIN", "$skiptoken": str(begin + size)}
            query = "&".join(f"{option}={quote(value)}" for option, value in kept.items())
            body["@odata.nextLink"] = f"{base}{quote(asked.path)}?{query}"
        applied = {} if asked.page_size is None else {"preference_applied": f"odata.maxpagesize={size}"}
        return Reply(200, body, applied)


def _error(code: str, message: str) -> Record:
    return {"error": {"code": code, "message": f"{message}  CorrelationId:  {CORRELATION}."}}
