"""A scripted Dataverse: paging cookies, a count that ends at 5,000, formatted values, service protection limits.

Source: the shapes are those of the vendor's documentation of the Web API v9.2.
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

API = "/api/data/v9.2"
LARGEST_PAGE = 5000
COUNTS_TO = 5000
LABEL = "OData.Community.Display.V1.FormattedValue"
RETRY_AFTER_S = 7


def account(number: int) -> Record:
    return {
        "@odata.etag": f'W/"{number}"',
        "accountid": f"{number:08x}-0000-4000-8000-000000000000",
        "name": f"Account {number}",
        "industrycode": 1 if number % 2 else None,
        "revenue": number / 8,
        "_ownerid_value": "11111111-0000-4000-8000-000000000000",
    }


LABELS = {"industrycode": "Accounting", "_ownerid_value": "Åsa O'Neil"}


@dataclass
class Dataverse(ScriptedService):
    accounts: list[Record] = field(default_factory=list)

    def over_quota(self) -> RefusedError:
        message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        return RefusedError(
            429, {"error": {"code": "0x80072322", "message": message}}, retry_after=str(RETRY_AFTER_S)
        )

    def reply_to(self, asked: Asked, base: str) -> Reply:
        if one := re.fullmatch(rf"{re.escape(API)}/accounts\(([0-9a-f-]{{36}})\)", asked.path):
            return self._account(asked, one[1])
        if asked.path != f"{API}/accounts":
            message = f"Resource not found for the segment '{asked.path.rsplit('/', 1)[-1]}'."
            raise RefusedError(404, {"error": {"code": "0x8006088a", "message": message}})
        records = ordered(self.accounts, asked.options.get("$orderby"), "accountid")
        if behind := re.fullmatch(r"\(?accountid gt ([0-9a-f-]{36})\)?", asked.options.get("$filter", "")):
            records = [each for each in records if each["accountid"] > behind[1]]
        number = int((re.search(r'pagenumber="(\d+)"', asked.options.get("$skiptoken", "")) or [0, 1])[1])
        size = min(asked.page_size or LARGEST_PAGE, LARGEST_PAGE)
        begin = (number - 1) * size
        body: dict[str, Any] = {"@odata.context": f"{base}{API}/$metadata#accounts"}
        if asked.options.get("$count") == "true":
            body["@odata.count"] = min(len(records), COUNTS_TO)
        if asked.options.get("$top") == "0":
            return Reply(200, {**body, "value": []})
        found = [selected(each, asked.options.get("$select")) for each in records[begin : begin + size]]
        body["value"] = [_labelled(each) for each in found] if LABEL in str(asked.wishes) else found
        if begin + size < len(records):
            cookie = f'<cookie pagenumber="{number + 1}" pagingcookie="%253ccookie%2520page%253d%25221%2522%253e" />'
            kept = {**asked.options, "$skiptoken": cookie}
            query = "&".join(f"{option}={quote(value)}" for option, value in kept.items())
            body["@odata.nextLink"] = f"{base}{API}/accounts?{query}"
        return Reply(200, body, {"x-ms-dop-hint": "4", "preference_applied": f"odata.maxpagesize={size}"})

    def _account(self, asked: Asked, key: str) -> Reply:
        """Read or change one account. A change of one that is not there makes it, but for `If-Match: *`."""
        found = next((each for each in self.accounts if each["accountid"] == key), None)
        absent = RefusedError(
            404, {"error": {"code": "0x80040217", "message": f"account {key} Does Not Exist"}}
        )
        if asked.method == "GET":
            if found is None:
                raise absent
            return Reply(200, found)
        if found is None:
            if "if-match" in asked.headers:
                raise absent
            found = {"accountid": key, "@odata.etag": 'W/"0"'}
            self.accounts.append(found)
        message = "The version of the existing record doesn't match the RowVersion property provided."
        changed = RefusedError(412, {"error": {"code": "0x80060882", "message": message}})
        at_version(asked, found["@odata.etag"], missing=None, stale=changed)
        found.update({**json.loads(asked.body), "@odata.etag": found["@odata.etag"][:-1] + '1"'})
        return Reply(204, None)


def _labelled(record: Record) -> Record:
    labels = {f"{name}@{LABEL}": text for name, text in LABELS.items() if record.get(name) is not None}
    return {**record, **labels}
