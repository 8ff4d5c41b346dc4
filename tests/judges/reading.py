"""The data as each judge serves them, and jobs that read them: YAML in, the lines of a file out."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from tests.engine.workplace import Workplace
from tests.judges.hostile import WORDS
from txojobs.demo import data
from txojobs.exact_json import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.engine.report import RunReport
    from txojobs.records import Record

Rows: TypeAlias = "list[Record]"

KEYS = {
    "Customers": ("CustomerNo",),
    "Items": ("ItemNo",),
    "SalesOrders": ("OrderNo",),
    "SalesOrderLines": ("OrderNo", "LineNo"),
}
DATES = ("FoundedOn", "LastOrderDate", "OrderDate", "RequestedDelivery")


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
        flat = {name: [_flat(record) for record in records] for name, records in self.exact.items()}
        return {**flat, "Words": [{"Text": word, "No": number} for number, word in enumerate(WORDS)]}

    @cached_property
    def v2(self) -> dict[str, Rows]:
        """As flat, and a date is a moment, for V2 knows no other; an offset is written in digits."""
        return {name: [_with_moments(record) for record in records] for name, records in self.flat.items()}


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


def _with_moments(record: Record) -> Record:
    found = {
        name: f"{value}T00:00:00" if name in DATES and value else value for name, value in record.items()
    }
    if "CreatedAt" in found:
        found["CreatedAt"] = str(found["CreatedAt"]).replace("Z", "+00:00")
    return found


class Service(NamedTuple):
    """A service to read from, and what it must give; `page_sizes` of the sets that it pages."""

    base_url: str
    odata: str
    rows: dict[str, Rows]
    page_sizes: dict[str, int]


class Reader:
    """A workplace whose configuration names one service."""

    def __init__(self, root: Path, service: Service) -> None:
        self.work = Workplace(root)
        self.work.config({"api-base-url": service.base_url, "odata": service.odata})

    def read(self, fetch: str, **params: Any) -> Rows:
        """Run a job that fetches into a file of JSON lines; return the records of the file.

        `fetch` holds the options of the step, `params` the values of the job's params.
        """
        return self.done(self.run(fetch, **params))

    def run(self, fetch: str, **params: Any) -> RunReport:
        declared = "".join(f"  {name}: {{type: {_type(value)}}}\n" for name, value in params.items())
        self.work.job(
            f"version: 1\n{'params:' if params else ''}\n{declared}steps:\n"
            f"  - fetch: {{{fetch}}}\n  - save: {{file: rows.jsonl, stamp: false}}\n"
        )
        return self.work.run(params=params)

    @staticmethod
    def done(report: RunReport) -> Rows:
        if report.error is not None:
            raise report.error
        (path,) = report.outputs
        return [cast("Record", decode(line)) for line in path.read_bytes().split(b"\n") if line]


def _type(value: object) -> str:
    return {str: "string", int: "integer", Decimal: "number", date: "date", list: "list"}[type(value)]


def differences(found: Rows, expected: Rows) -> list[str]:
    """Return the records that only one of both holds, told apart to the last digit and letter; a few of them."""
    ours, theirs = _texts(found), _texts(expected)
    only = [*(f"+ {text}" for text in (ours - theirs)), *(f"- {text}" for text in (theirs - ours))]
    return sorted(only, key=lambda text: text[2:])[:6]


def _texts(rows: Rows) -> Counter[str]:
    return Counter(encode(_ordered(row)).decode("utf-8") for row in rows)


def _ordered(value: Any) -> Any:
    """Return a value whose records have their fields in one order; lists stay as they are."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value
