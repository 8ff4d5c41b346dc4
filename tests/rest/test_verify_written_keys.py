"""A key that is written otherwise than it arrives (a date of V2, an empty date) is the same key to `verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import FaultServer, answer
from txojobs.errors import IncompleteReadError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from tests.rest.fault_server import Connection

DAY = 86_400_000
DATES_OF_V2 = (
    EntityQuery(entity="Things", odata="v2", key=("Day",), adds_to_order=("Day",)),
    [{"Day": f"/Date({number * DAY})/"} for number in range(7)],
    [f"1970-01-0{number + 1}T00:00:00" for number in range(7)],
)
EMPTY_DATES = (
    EntityQuery(
        entity="Things",
        key=("Day", "No"),
        adds_to_order=("Day", "No"),
        null_dates=frozenset({"0001-01-01"}),
    ),
    [{"Day": "0001-01-01" if number < 4 else f"2026-01-0{number}", "No": number} for number in range(7)],
    [None if number < 4 else f"2026-01-0{number}" for number in range(7)],
)


def page_of(query: EntityQuery, rows: list[dict[str, Any]], start: int) -> dict[str, Any]:
    """Return three records from `start` on, with a link that tells the position of the next one."""
    shown = [dict(row) for row in rows[start : start + 3]]
    link = f"/Things?$skip={start + 3}" if start + 3 < len(rows) else None
    if query.odata == "v2":
        return {"d": {"results": shown, "__count": str(len(rows)), **({"__next": link} if link else {})}}
    return {"@odata.count": len(rows), "value": shown, **({"@odata.nextLink": link} if link else {})}


@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("case", [DATES_OF_V2, EMPTY_DATES], ids=["dates of V2", "empty dates"])
def test_p2_a_service_where_nothing_changes_is_verified_whatever_its_key_is_written_like(
    case: tuple[EntityQuery, list[dict[str, Any]], list[str | None]], parallel: int
) -> None:
    query, rows, expected = case

    def step(connection: Connection) -> bool:
        asked = parse_qs(urlsplit(connection.request.target).query)
        body = page_of(query, rows, int(asked.get("$skip", ["0"])[0]))
        return answer(200, json.dumps(body).encode(), content_type="application/json")(connection)

    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, query, complete="verify", parallel=parallel)
        days = [record["Day"] for page in reader.pages() for record in page]
        client.close()
    assert days == expected
    assert reader.proof.strength == "verified"
    assert reader.empty_dates == days.count(
        None
    )  # and not once more for each page that was asked for from there


def test_p2_another_record_in_its_place_is_noticed_though_both_are_dates() -> None:
    query, rows, _ = DATES_OF_V2
    rows = list(rows)

    def step(connection: Connection) -> bool:
        asked = parse_qs(urlsplit(connection.request.target).query)
        body = page_of(query, rows, int(asked.get("$skip", ["0"])[0]))
        rows.insert(0, {"Day": f"/Date({-DAY * (1 + len(rows))})/"})
        return answer(200, json.dumps(body).encode(), content_type="application/json")(connection)

    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, query, complete="verify")
        with pytest.raises(IncompleteReadError, match="came or went between two pages"):
            list(reader.pages())
        client.close()
