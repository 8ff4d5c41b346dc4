"""Each judge once for a test process, and a place where jobs read from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.judges.node import JUDGES, need, serving
from tests.judges.reading import Service, Trade
from txojobs.demo.model import ENTITY_SETS
from txojobs.demo.process import start

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_SIZES = {"Customers": 700, "Items": 90, "SalesOrders": 450, "SalesOrderLines": 1300, "Words": 20}
"""As odata/trade.cds says."""


@pytest.fixture(scope="session")
def trade() -> Trade:
    """What the services must give, made once."""
    return Trade()


@pytest.fixture(scope="session")
def cap_url(trade: Trade, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SAP CAP with these records, for V4 and V2."""
    folder = JUDGES / "odata"
    need(folder)
    records = tmp_path_factory.mktemp("judge") / "records.json"
    records.write_text(json.dumps(trade.flat), encoding="utf-8")
    with serving(folder, records=str(records)) as facts:
        # the V2 adapter writes localhost into its links, and a link must be of one origin with the base address
        yield str(facts["url"]).replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def cap_v4(cap_url: str, trade: Trade) -> Service:
    return Service(f"{cap_url}/odata/v4/trade", "v4", trade.flat, PAGE_SIZES)


@pytest.fixture(scope="session")
def cap_v2(cap_url: str, trade: Trade) -> Service:
    return Service(f"{cap_url}/odata/v2/trade", "v2", trade.v2, PAGE_SIZES)


@pytest.fixture(scope="session")
def odatapy(trade: Trade) -> Iterator[Service]:
    """The library in the demo service."""
    with start() as service:
        yield Service(
            service.base_url, "v4", trade.exact, {each.name: each.page_size for each in ENTITY_SETS}
        )


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Service:
    """The service whose fixture the test names."""
    found: Service = request.getfixturevalue(request.param)
    return found
