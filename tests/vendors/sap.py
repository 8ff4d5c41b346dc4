"""A scripted SAP Gateway (OData V2): sessions with an anti-forgery token, skiptokens, V2 values, error details.

Source: OData V2 JSON Format; SAP KBA 3048103 and 3339155 (x-csrf-token: the token is bound to the session's cookies).
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

API = "/sap/opu/odata/sap/ZSALES_SRV"
PAGE = 3
TRANSACTION = "9E5E2FA1B0B3F1E7A1A0005056A509B1"


def order(number: int) -> Record:
    return {
        "__metadata": {
            "uri": f"{API}/Orders('{number:010}')",
            "type": "ZSALES_SRV.Order",
            "etag": f"W/\"'{number}'\"",
        },
        "OrderId": f"{number:010}",
        "NetAmount": f"{number}.{number:03}",
        "Quantity": str(9_007_199_254_740_993 + number),
        "CreatedAt": f"/Date({1_669_470_007_000 + number})/",
        "ChangedAt": "/Date(1669470007000+0060)/",
        "DeliveryTime": "PT08H55M50S",
        "Note": "O'Neil & Söner",
        "Items": {"__deferred": {"uri": f"{API}/Orders('{number:010}')/Items"}},
    }


@dataclass
class SapGateway(ScriptedService):
    orders: list[Record] = field(default_factory=list)
    created: list[Record] = field(default_factory=list)
    session: int = 0
    """Which session is valid; the service forgets all earlier ones."""

    def over_quota(self) -> RefusedError:
        return RefusedError(503, None, retry_after="Tue, 14 Nov 2023 22:13:29 GMT")

    def reply_to(self, asked: Asked, base: str) -> Reply:
        if asked.path in (f"{API}/", API):
            return self._root(asked)
        if one := re.fullmatch(rf"{API}/Orders\('(\d+)'\)", asked.path):
            return self._order(asked, one[1])
        if asked.path != f"{API}/Orders":
            raise RefusedError(404, _error("/IWFND/CM_BEC/026", "Service not found"))
        return self._create(asked) if asked.method == "POST" else self._list(asked, base)

    def _root(self, asked: Asked) -> Reply:
        if asked.headers.get("x-csrf-token", "").lower() != "fetch":
            return Reply(200, {"d": {"EntitySets": ["Orders"]}})
        self.session += 1
        return Reply(
            200,
            {"d": {"EntitySets": ["Orders"]}},
            {"x-csrf-token": f"token-{self.session}", "set_cookie": f"SAP_SESSIONID=s{self.session}; path=/"},
        )

    def _order(self, asked: Asked, key: str) -> Reply:
        """Read or change one order."""
        found = next(each for each in self.orders if each["OrderId"] == key)
        if asked.method == "GET":
            return Reply(200, {"d": found}, {"etag": found["__metadata"]["etag"]})
        self._want_token(asked)
        changed = _error("/IWBEP/CM_MGW_RT/022", "Precondition failed")
        wanted = _error("/IWBEP/CM_MGW_RT/023", "Precondition required")
        etag = found["__metadata"]["etag"]
        at_version(asked, etag, missing=RefusedError(428, wanted), stale=RefusedError(412, changed))
        found.update(json.loads(asked.body))
        found["__metadata"]["etag"] = f"{etag[:-2]}1'\""
        return Reply(204, None)

    def _create(self, asked: Asked) -> Reply:
        self._want_token(asked)
        self.created.append(json.loads(asked.body))
        return Reply(201, {"d": self.created[-1]})

    def _want_token(self, asked: Asked) -> None:
        valid = asked.headers.get("x-csrf-token") == f"token-{self.session}"
        if not valid or f"SAP_SESSIONID=s{self.session}" not in asked.headers.get("cookie", ""):
            raise RefusedError(
                403, _error("005056A509B11EE1B9A8FEC11C21578E", "CSRF"), x_csrf_token="Required"
            )

    def _list(self, asked: Asked, base: str) -> Reply:
        if "json" not in asked.headers.get("accept", ""):
            raise RefusedError(406, _error("005056A509B11EE1B9A8FEC11C21D78E", "only Atom without Accept"))
        records = ordered(self.orders, asked.options.get("$orderby"), "OrderId")
        since = re.search(r"OrderId gt '(\d+)'", asked.options.get("$filter", ""))
        records = [each for each in records if since is None or each["OrderId"] > since[1]]
        begin = int(asked.options.get("$skiptoken", "0"))
        select = asked.options.get("$select")
        results = [
            {**selected(each, select), "__metadata": each["__metadata"]}
            for each in records[begin : begin + PAGE]
        ]
        body: dict[str, Any] = {"results": results}
        if asked.options.get("$inlinecount") == "allpages":
            body["__count"] = str(len(records))
        if begin + PAGE < len(records):
            body["__next"] = (
                f"{base}{API}/Orders?{_query({**asked.options, '$skiptoken': str(begin + PAGE)})}"
            )
        return Reply(200, {"d": body})


def _query(options: dict[str, str]) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in options.items())


def _error(code: str, message: str) -> Record:
    return {
        "error": {
            "code": code,
            "message": {"lang": "en", "value": message},
            "innererror": {"transactionid": TRANSACTION, "errordetails": []},
        }
    }
