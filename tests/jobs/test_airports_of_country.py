"""The airports of a country as JSON, exact to the last digit of their coordinates."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.demo import data

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jobs.conftest import Shipped

FIELDS = ("Icao", "Iata", "Name", "City", "Country", "ElevationFt", "Latitude", "Longitude", "TimeZone")


def expected(country: str) -> list[dict[str, Any]]:
    airports = sorted(data.airports(), key=lambda airport: str(airport["Icao"]))
    return [{name: airport[name] for name in FIELDS} for airport in airports if airport["Country"] == country]


def read(path: Path) -> Any:
    """Numbers as they stand in the file, digit by digit."""
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("country", ["SE", "NO"])
def test_writes_every_airport_of_the_country_in_order(workspace: Shipped, country: str) -> None:
    done = workspace.run("airports-of-country", "demo", "test", "-p", f"country={country}")
    assert done.code == 0, done.err
    found = read(workspace.file(f"demo-test-airports-{country}_*.json"))
    rows = expected(country)
    assert len(rows) > 50
    assert found == rows
    assert [list(airport) for airport in found] == [list(FIELDS)] * len(rows)


def test_a_country_without_airports_gives_an_empty_list(workspace: Shipped) -> None:
    assert expected("XX") == []
    assert workspace.run("airports-of-country", "demo", "test", "--country", "XX").code == 0
    assert read(workspace.file("demo-test-airports-XX_*.json")) == []


def test_a_quote_in_the_country_is_no_way_into_the_filter(workspace: Shipped) -> None:
    done = workspace.run("airports-of-country", "demo", "test", "-p", "country=X' or Country ne 'X")
    assert done.code == 0, done.err
    assert read(workspace.file("*.json")) == []
