"""Jobs and scripts against a scripted SAP Gateway of OData V2: values, sessions, anti-forgery tokens, throttling."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import Workplace
from tests.rest.conftest import FakeClock
from tests.vendors.sap import API, SapGateway, order
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = [order(number) for number in range(1, 9)]


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.mark.parametrize("complete", ["count", "verify"])
def test_a_job_with_the_profile_reads_v2_like_v4(complete: str, work: Workplace) -> None:
    service = SapGateway(orders=ORDERS)
    with service.serve() as server:
        work.config(
            {"api-base-url": server.url + API, "profile": "sap-v2", "rate-limiting": {"enabled": False}}
        )
        work.steps(
            f"  - fetch: {{entity: Orders, key: [OrderId], complete: {complete}, query: {{sap-client: '100'}}}}\n"
            "  - save: orders.jsonl\n"
        )
        report = work.good_run()
    records = [json.loads(line) for line in work.rows("orders.jsonl")]
    assert [each["OrderId"] for each in records] == [each["OrderId"] for each in ORDERS]
    first = records[0]
    assert set(first) == {
        "OrderId", "NetAmount", "Quantity", "CreatedAt", "ChangedAt", "DeliveryTime", "Note",
    }  # fmt: skip
    assert first["CreatedAt"] == "2022-11-26T13:40:07.001"
    assert first["ChangedAt"] == "2022-11-26T14:40:07+01:00"
    assert (first["NetAmount"], first["Quantity"]) == ("1.001", "9007199254740994")
    assert {asked.options.get("sap-client") for asked in service.asked} == {"100"}
    strength = report.as_json()["steps"][0]["fetched"]["strength"]
    assert strength == ("counted" if complete == "count" else "verified")


def test_a_change_gets_the_token_of_its_session_and_a_new_one_when_that_is_gone() -> None:
    service = SapGateway()
    with service.serve() as server:
        settings = ApiSettings(base_url=server.url + API, odata="v2")
        with closing(TxoRestAPI(settings, timing=FakeClock().timing())) as client:
            client.post(f"{server.url}{API}/Orders", {"OrderId": "1"})
            client.post(f"{server.url}{API}/Orders", {"OrderId": "2"})
            service.session += 1  # the gateway has ended the session
            client.post(f"{server.url}{API}/Orders", {"OrderId": "3"})
    assert [each["OrderId"] for each in service.created] == ["1", "2", "3"]
    fetched = [asked for asked in service.asked if asked.headers.get("x-csrf-token", "").lower() == "fetch"]
    assert len(fetched) == 2
    assert all(asked.method == "GET" and asked.path == f"{API}/" for asked in fetched)


def test_an_overloaded_gateway_that_names_a_date_is_waited_for() -> None:
    service, clock = SapGateway(orders=ORDERS, quota=1), FakeClock()
    with service.serve() as server:
        settings = ApiSettings(base_url=server.url + API, odata="v2")
        with closing(TxoRestAPI(settings, timing=clock.timing())) as client:
            rows = client.get_odata_entities(f"{server.url}{API}", "Orders")
    assert len(rows) == 8
    assert clock.waits == [9.0, 9.0]
