from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest.fault_server import answer, page
from tests.rest.reading import rows
from txojobs.errors import ApiOperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def test_g19_all_pages_also_when_the_servers_page_is_smaller(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 2), next_link="Customers?t=1"), page({"No": "3", "Balance": 1.5}))
    client = connect(server)
    got = client.get_odata_entities(
        base_url=f"{server.url}/odata",
        entity_name="Customers",
        odata_filter="Country eq 'USA'",
        select_fields=["No", "Balance"],
        page_size=100,
    )
    assert [record["No"] for record in got] == ["00001", "00002", "3"]
    assert type(got[2]["Balance"]) is float
    assert server.requests[0].headers["prefer"] == "odata.maxpagesize=100"
    assert server.requests[0].target.startswith("/odata/Customers?")


def test_g19_never_a_part_when_a_later_page_fails(serve: Serve, connect: Connect) -> None:
    server = serve(page(*rows(1, 2), next_link="Customers?t=1"), answer(500))
    with pytest.raises(ApiOperationError, match="500"):
        connect(server).get_odata_entities(entity_name="Customers")


def test_g19_conditions_become_a_filter(serve: Serve, connect: Connect) -> None:
    server = serve(page())
    connect(server).get_odata_entities_filtered(
        base_url=server.url,
        entity_name="Orders",
        filter_conditions={"Status": "eq 'Active'", "Amount": "gt 1000", "City": "Electronics"},
        select_fields=["OrderId"],
    )
    assert parse_qs(urlsplit(server.requests[0].target).query)["$filter"] == [
        "Status eq 'Active' and Amount gt 1000 and City eq 'Electronics'"
    ]
