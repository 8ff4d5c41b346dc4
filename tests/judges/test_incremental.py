"""Incremental reads of services that are not ours: their own order, their own literals, V4 and V2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.judges.reading import Reader, differences

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Rows, Service

every_service = pytest.mark.parametrize("service", ["odatapy", "cap_v4", "cap_v2"], indirect=True)
FETCH = "entity: Customers, key: [CustomerNo], incremental: {by: CreatedAt, lookback: LOOKBACK}"


def since(rows: Rows, moment: str) -> Rows:
    """Return what changed since; all moments are of one zone and one length."""
    return [row for row in rows if row["CreatedAt"] is not None and str(row["CreatedAt"])[:19] >= moment[:19]]


@every_service
def test_the_second_read_holds_what_the_source_says_changed_since(tmp_path: Path, service: Service) -> None:
    reader = Reader(tmp_path, service)
    rows = service.rows["Customers"]
    moments = sorted(str(row["CreatedAt"]) for row in rows if row["CreatedAt"] is not None)
    first = reader.run(FETCH.replace("LOOKBACK", "1s"))
    assert differences(reader.done(first), rows) == []
    assert facts(first)["watermark-after"] == moments[-1]
    second = reader.run(FETCH.replace("LOOKBACK", "200d"))
    found = reader.done(second)
    asked = facts(second)["since"]
    assert differences(found, since(rows, asked)) == []
    assert 0 < len(found) < len(rows), "it has been filtered"
    assert facts(second)["rows-new"] == 0
    if service.odata == "v2":
        assert f"CreatedAt ge datetimeoffset'{asked}'" in str(second.as_json()["steps"][0]["request"])


@pytest.mark.parametrize("service", ["cap_v2"], indirect=True)
def test_a_moment_without_a_zone_is_asked_for_as_a_datetime(tmp_path: Path, service: Service) -> None:
    reader = Reader(tmp_path, service)
    fetch = FETCH.replace("LOOKBACK", "200d").replace("Customers", "SalesOrders")
    fetch = fetch.replace("CustomerNo", "OrderNo").replace("CreatedAt", "OrderDate")
    rows = service.rows["SalesOrders"]
    assert differences(reader.done(reader.run(fetch)), rows) == []
    second = reader.run(fetch)
    asked = facts(second)["since"]
    day = asked[:10]  # it is a date in CAP, which takes no more of the moment than its day
    expected = [row for row in rows if row["OrderDate"] is not None and str(row["OrderDate"])[:10] >= day]
    assert differences(reader.done(second), expected) == []
    assert 0 < len(expected) < len(rows)
    assert f"OrderDate ge datetime'{asked}'" in str(second.as_json()["steps"][0]["request"])


def facts(report: Any) -> Any:
    return report.as_json()["steps"][0]["incremental"]
