"""The recipes of docs/services.md run as they stand, against services that answer as their makers document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.workplace import QUICK, Workplace
from tests.rest.collecting import query_of
from tests.rest.fault_server import FaultServer, says

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import Connection

PAGE = (Path(__file__).parents[1] / "docs" / "services.md").read_text(encoding="utf-8")
JOBS = {
    re.search(r"url: (\S+)", text)[1]: text  # type: ignore[index]  # each has one
    for text in re.findall(r"^```yaml\n(version: 1\napi: .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
}
CONFIG = next(
    text for text in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "stripe" in text
)
SECRETS = dict.fromkeys(re.findall(r"`(\w+-(?:az-token|password|api-key))`", PAGE), "a-secret-of-the-test")
ROWS = 5
SIZE = 2


def slice_of(first: int) -> list[dict[str, Any]]:
    """Return two records, or what is left, with every field that a recipe names."""
    return [
        {
            "id": f"id{number}",
            "key": f"SHOP-{number}",
            "number": number,
            "name": f"#{number}",
            "title": "t",
            "subject": "s",
            "status": "open",
            "customer": "c",
            "currency": "eur",
            "amount_due": 100 * number,
            "projectTypeKey": "software",
            "created_at": "2026-01-15T00:00:00Z",
            "updated_at": "2026-01-15T00:00:00Z",
            "user": {"login": "u"},
            "fields": {"summary": "s", "status": {"name": "Open"}},
        }
        for number in range(first, min(first + SIZE, ROWS))
    ]


def github(connection: Connection) -> bool:
    page = int(query_of(connection.request).get("page", "1"))
    link = (
        {"Link": f'<{{base}}/repositories/1/issues?page={page + 1}>; rel="next"'}
        if page * SIZE < ROWS
        else {}
    )
    return says(slice_of((page - 1) * SIZE), **link)(connection)  # type: ignore[arg-type]  # a header, no status


def stripe(connection: Connection) -> bool:
    query = query_of(connection.request)
    assert query["created[gte]"] == "1735689600"
    first = int(query.get("starting_after", "id-1").removeprefix("id")) + 1
    return says({"object": "list", "has_more": first + SIZE < ROWS, "data": slice_of(first)})(connection)


def jira(connection: Connection) -> bool:
    first = int(query_of(connection.request)["startAt"])
    last = first + SIZE >= ROWS
    more = {} if last else {"nextPage": f"{connection.base}/rest/api/3/project/search?startAt={first + SIZE}"}
    body = {"startAt": first, "maxResults": SIZE, "total": ROWS, "isLast": last, **more}
    return says({**body, "values": slice_of(first)})(connection)


def jira_search(connection: Connection) -> bool:
    asked = json.loads(connection.request.body)
    assert asked["jql"] == "project = SHOP ORDER BY created ASC"
    first = int(asked.get("nextPageToken", "t0").removeprefix("t"))
    more = {"nextPageToken": f"t{first + SIZE}"} if first + SIZE < ROWS else {}
    return says({"issues": slice_of(first), "isLast": not more, **more})(connection)


def shopify(connection: Connection) -> bool:
    query = query_of(connection.request)
    if "page_info" in query:
        assert set(query) == {"page_info", "limit"}, "the service refuses any other parameter"
    first = int(query.get("page_info", "0"))
    target = f"{{base}}/admin/api/2025-01/orders.json?limit=250&page_info={first + SIZE}"
    link = {"Link": f"<{target}>; rel=next"} if first + SIZE < ROWS else {}
    return says({"orders": slice_of(first)}, **link)(connection)  # type: ignore[arg-type]  # a header, no status


def zendesk(connection: Connection) -> bool:
    query = query_of(connection.request)
    assert query["page[size]"] == "100"
    first = int(query.get("page[after]", "0"))
    meta = {"has_more": first + SIZE < ROWS, "after_cursor": str(first + SIZE)}
    links = {"next": f"{connection.base}/api/v2/tickets.json?page[after]={first + SIZE}"}
    return says({"tickets": slice_of(first), "meta": meta, "links": links})(connection)


SERVICES: dict[str, Callable[[Connection], bool]] = {
    "/repos/example/shop/issues": github,
    "/invoices": stripe,
    "/project/search": jira,
    "/search/jql": jira_search,
    "/orders.json": shopify,
    "/tickets.json": zendesk,
}


def test_there_is_a_service_for_each_recipe() -> None:
    assert list(JOBS) == list(SERVICES)
    assert set(SECRETS) == {
        "github-az-token",
        "stripe-az-token",
        "jira-password",
        "shopify-api-key",
        "zendesk-password",
    }


@pytest.mark.parametrize("url", SERVICES)
def test_a_recipe_reads_its_service_whole(url: str, tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with FaultServer([SERVICES[url]]) as server:
        config = json.loads(CONFIG)
        config["script-behavior"] = QUICK
        for api in config["apis"].values():
            path = api["base-url"].split("/", 3)[3:]
            api["base-url"] = "/".join([server.url, *path])
        work.secrets(**{name.replace("-", "_"): value for name, value in SECRETS.items()})
        (work.root / "config" / "acme-test-config.json").write_text(json.dumps(config), encoding="utf-8")
        work.job(JOBS[url])
        report = work.good_run()
        requests = list(server.requests)
    assert report.steps[0].records == ROWS
    fetched: Any = report.steps[0].notes["fetched"]
    assert fetched["pages"] == len(requests) == 3
    assert fetched["strength"] == ("counted" if url == "/project/search" else "unproven")
    assert all("a-secret" not in json.dumps(request.target) for request in requests)
    assert all({"authorization", "x-shopify-access-token"} & set(request.headers) for request in requests)
    assert len(report.outputs) == 1
