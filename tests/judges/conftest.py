"""Each judge once for a test process, and a place where jobs read from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.judges.node import JUDGES, need, serving
from tests.judges.reading import Service, Trade
from txojobs.demo.process import start

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def trade() -> Trade:
    """What the demo itself serves, made once."""
    return Trade()


@pytest.fixture(scope="session")
def cap_url(trade: Trade, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """SAP CAP with these records, V4 and V2."""
    folder = JUDGES / "odata"
    need(folder)
    records = tmp_path_factory.mktemp("judge") / "records.json"
    records.write_text(json.dumps(trade.flat), encoding="utf-8")
    with serving(folder, records=str(records)) as facts:
        # the V2 adapter writes localhost into its links, and a link must be of one origin with the base address
        yield str(facts["url"]).replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def odatapy_url() -> Iterator[str]:
    """odatapy, the library in the demo service."""
    with start() as service:
        yield service.base_url


@pytest.fixture(params=["odatapy", "cap"])
def v4(request: pytest.FixtureRequest, trade: Trade) -> Service:
    """Each V4 service in turn."""
    if request.param == "odatapy":
        return Service(request.getfixturevalue("odatapy_url"), "v4", trade.exact)
    return Service(request.getfixturevalue("cap_url") + "/odata/v4/trade", "v4", trade.flat)
