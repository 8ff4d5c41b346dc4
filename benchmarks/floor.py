"""The floor: the best straightforward Python for the job, nothing checked, nothing resumed, nothing explained.

`python benchmarks/floor.py URL OUT`: http.client with keep-alive, one page ahead, msgspec with Decimal, csv.writer.
"""

from __future__ import annotations

import csv
import http.client
import queue
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

HEADER = ["Customer No.", "Name", "City", "Country", "Balance", "Changed"]


class Address(msgspec.Struct):
    """The nested address."""

    City: Any


class Customer(msgspec.Struct):
    """The fields that the job names."""

    CustomerNo: Any
    DisplayName: Any
    Country: Any
    BalanceDue: Any
    Changed: Any
    Address: Address


class Page(msgspec.Struct, rename={"link": "@odata.nextLink"}):
    """One page."""

    value: list[Customer]
    link: str | None = None


def fetch(url: str, pages: queue.Queue[Page | None]) -> None:
    """Put one page after the other into the queue."""
    decoder = msgspec.json.Decoder(Page, float_hook=Decimal)
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    link: str | None = f"{url}/Customers"
    while link:
        parts = urlsplit(link)
        connection.request("GET", f"{parts.path}?{parts.query}")
        page = decoder.decode(connection.getresponse().read())
        pages.put(page)
        link = page.link
    pages.put(None)


def main() -> None:
    """Run the job."""
    url, out = sys.argv[1:]
    pages: queue.Queue[Page | None] = queue.Queue(1)
    threading.Thread(target=fetch, args=(url, pages), daemon=True).start()
    limit = Decimal("10000.1")
    with Path(out).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        while (page := pages.get()) is not None:
            writer.writerows(
                (one.CustomerNo, one.DisplayName, one.Address.City, one.Country, one.BalanceDue, one.Changed)
                for one in page.value
                if one.BalanceDue > limit and one.Country == "SE"
            )


if __name__ == "__main__":
    main()
