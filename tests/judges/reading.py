"""The trade data as each judge serves them, and jobs that read them: YAML in, the lines of a file out."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from tests.engine.workplace import Workplace
from txojobs.demo import data
from txojobs.exact_json import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.records import Record

Rows: TypeAlias = "list[Record]"

KEYS = {
    "Customers": ("CustomerNo",),
    "Items": ("ItemNo",),
    "SalesOrders": ("OrderNo",),
    "SalesOrderLines": ("OrderNo", "LineNo"),
}


class Trade:
    """The records of the demo, from the one place that makes them."""

    @cached_property
    def exact(self) -> dict[str, Rows]:
        """As they are: numbers are numbers, an address is a structure."""
        return {
            "Customers": data.customers(),
            "Items": data.items(),
            "SalesOrders": data.sales_orders(),
            "SalesOrderLines": data.sales_order_lines(),
        }

    @cached_property
    def flat(self) -> dict[str, Rows]:
        """As SAP's services write them: an address is four fields, decimals and 64-bit integers are text."""
        return {name: [_flat(record) for record in records] for name, records in self.exact.items()}


def _flat(record: Record) -> Record:
    found: Record = {}
    for name, value in record.items():
        if name == "Address":
            address = value if isinstance(value, dict) else {}
            found |= {
                f"Address_{member}": address.get(member)
                for member in ("Street", "City", "PostalCode", "Country")
            }
        elif isinstance(value, Decimal):
            found[name] = format(value, "f")
        else:
            found[name] = str(value) if name == "LastEntryNo" else value
    return found


class Service(NamedTuple):
    """A service to read from, and what it must give."""

    base_url: str
    odata: str
    rows: dict[str, Rows]


class Reader:
    """A workplace whose configuration names one service."""

    def __init__(self, root: Path, service: Service) -> None:
        self.work = Workplace(root)
        self.work.config({"api-base-url": service.base_url, "odata": service.odata})

    def read(self, fetch: str, **options: Any) -> Rows:
        """Run a job of one fetch, which gets everything, into a file of JSON lines; return its records."""
        self.work.steps(f"  - fetch: {fetch}\n  - save: {{file: rows.jsonl, stamp: false}}\n")
        report = self.work.good_run(**options)
        (path,) = report.outputs
        return [cast("Record", decode(line)) for line in path.read_bytes().splitlines()]


def differences(found: Rows, expected: Rows) -> list[str]:
    """Return the records that only one of both holds, told apart to the last digit and letter; a few of them."""
    ours, theirs = _texts(found), _texts(expected)
    only = [*(f"+ {text}" for text in (ours - theirs)), *(f"- {text}" for text in (theirs - ours))]
    return sorted(only, key=lambda text: text[2:])[:6]


def _texts(rows: Rows) -> Counter[str]:
    return Counter(encode(dict(sorted(row.items()))).decode("utf-8") for row in rows)
