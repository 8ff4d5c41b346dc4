"""The records that the demo service serves, as plain values: what a test compares an export with.

Each function builds its list anew, sorted by key: text by code point, numbers by value. The same on every
Python, every machine and every day. Numbers are int or Decimal with the digits that the service sends; dates
are ISO 8601 text; no arithmetic depends on the decimal context of the caller.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from txojobs.demo import awkward
from txojobs.demo.draws import draw, pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import JsonValue, Record

CUSTOMER_COUNT = 5000
ITEM_COUNT = 800
ORDER_COUNT = 3000

_PLACES = (
    ("SE", "Storgatan", (("Stockholm", "111 20"), ("Malmö", "211 34"), ("Örebro", "702 10"))),
    ("SE", "Kungsgatan", (("Göteborg", "411 19"), ("Västerås", "722 11"), ("Umeå", "903 26"))),
    ("SE", "Järnvägsgatan", (("Lund", "222 37"), ("Linköping", "582 22"), ("Kiruna", "981 31"))),
    ("NO", "Storgata", (("Oslo", "0155"), ("Tromsø", "9008"), ("Bodø", "8006"))),
    ("NO", "Kirkegata", (("Bergen", "5003"), ("Trondheim", "7011"), ("Ålesund", "6002"))),
    ("DE", "Hauptstraße", (("München", "80331"), ("Dresden", "01067"), ("Köln", "50667"))),
    ("US", "Main Street", (("Boston", "02108"), ("Chicago", "60601"), ("San José", "95113"))),
    ("US", "2nd Avenue", (("Seattle", "98101"), ("New York", "10003"), ("Holtsville", "00501"))),
    ("DK", "Nørregade", (("København", "1165"), ("Aarhus", "8000"), ("Ærøskøbing", "5970"))),
    ("FI", "Kauppakatu", (("Helsinki", "00100"), ("Jyväskylä", "40100"), ("Hämeenlinna", "13100"))),
    ("GB", "High Street", (("London", "EC1A 1BB"), ("Leeds", "LS1 4DY"), ("Bath", "BA1 1LN"))),
    ("NL", "Dorpsstraat", (("Amsterdam", "1012 AB"), ("Utrecht", "3511 LN"), ("Delft", "2611 GA"))),
)
_FIRST = ("Nordic", "Baltic", "Gröna", "Blå", "Alpha", "Svea", "Fjord", "Hansa", "Polar", "Aurora", "Björk")
_TRADE = ("Cykel", "Foods", "Verktyg", "Elektro", "Möbler", "Paper", "Steel", "Textil", "Glas", "Marine")
_FORM = {
    "SE": "AB",
    "NO": "AS",
    "DE": "GmbH",
    "US": "Inc.",
    "DK": "A/S",
    "FI": "Oy",
    "GB": "Ltd",
    "NL": "B.V.",
}
_PEOPLE = ("Anna", "Björn", "Chloë", "Dag", "Élise", "Freja", "Göran", "Håkan", "Ingrid", "José", "Łucja")
_FAMILY = ("Lindqvist", "O'Brien", "Müller", "Ødegård", "Saint-Exupéry", "van der Berg", "Åkesson")
_THINGS = ("Bicycle", "Lamp", "Desk", "Chair", "Kettle", "Skruv M8", "Kabel", "Regal", "Bøtte", "Helmet")
_KINDS = ("small", "large", "blue", "röd", "2-pack", "outdoor", "heavy duty", "spare part")
_STATUSES = ("Open", "Open", "Released", "Shipped", "Shipped", "Shipped")


def exact(units: int, places: int) -> Decimal:
    """Return `units` / 10^`places` with exactly that many places, whatever the decimal context is."""
    return Decimal(f"{units}e-{places}")


def _day(number: int) -> str:
    return (date(2020, 1, 1) + timedelta(days=number)).isoformat()


def _moment(row: int, column: int) -> str:
    second = draw(row, column, 86400)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{_day(draw(row, column + 1, 2200))}T{clock}Z"


def _code(number: int) -> str:
    return f"SP{number + 1:02}"


def salespersons() -> list[Record]:
    """25 people; the first has no region (null), phone numbers begin with `+`."""
    return [
        {
            "Code": _code(row),
            "Name": f"{_PEOPLE[row % len(_PEOPLE)]} {_FAMILY[row % len(_FAMILY)]}",
            "Email": f"{_code(row).lower()}@example.com",
            "Phone": f"+46 8 {100 + row} {row:02} 00",
            "CommissionPercent": exact(250 + 25 * draw(row, 1, 20), 2),
            "Region": _PLACES[row % len(_PLACES)][0] if row else None,
        }
        for row in range(25)
    ]


def customers() -> list[Record]:
    """5,000 customers, the awkward ones among them."""
    odd = [_awkward_customer(row, given) for row, given in enumerate(awkward.CUSTOMERS)]
    rest = [_customer(row) for row in range(len(odd), CUSTOMER_COUNT)]
    return sorted(odd + rest, key=_text_key("CustomerNo"))


def _customer(row: int) -> Record:
    country, street, towns = pick(row, 1, _PLACES)
    city, postal_code = pick(row, 2, towns)
    address: JsonValue = {
        "Street": f"{street} {1 + draw(row, 3, 180)}",
        "City": city,
        "PostalCode": postal_code,
        "Country": country,
    }
    balance = draw(row, 4, 4) and draw(row, 5, 9_000_000) - 600_000
    return {
        "CustomerNo": f"C{row:05}",
        "DisplayName": f"{pick(row, 6, _FIRST)} {pick(row, 7, _TRADE)} {_FORM[country]}",
        "Country": country,
        "BalanceDue": exact(balance, 2),
        "CreditLimit": 1000 * draw(row, 8, 200) if draw(row, 9, 3) else None,
        "Address": address,
        "Blocked": draw(row, 10, 40) == 0,
        "CreatedAt": _moment(row, 11),
        "FoundedOn": _day(draw(row, 13, 40_000) - 40_000) if draw(row, 14, 5) else None,
        "LastOrderDate": _day(2190 - draw(row, 15, 1500)) if draw(row, 16, 4) else None,
        "SalespersonCode": _code(draw(row, 17, 25)) if draw(row, 18, 10) else "",
        "LastEntryNo": 100_000 + row,
        "Note": None,
    }


def _awkward_customer(row: int, given: awkward.AwkwardCustomer) -> Record:
    address: JsonValue = {
        "Street": given.street,
        "City": given.city,
        "PostalCode": f"0{row:04}",
        "Country": given.country,
    }
    return {
        "CustomerNo": given.number,
        "DisplayName": given.name,
        "Country": given.country,
        "BalanceDue": Decimal(given.balance),
        "CreditLimit": given.credit_limit,
        "Address": address if given.street is not None else None,
        "Blocked": row % 2 == 1,
        "CreatedAt": "1899-12-30T23:59:59Z" if row == 0 else _moment(row, 11),
        "FoundedOn": given.founded,
        "LastOrderDate": given.last_order,
        "SalespersonCode": "" if row % 3 == 0 else _code(row),
        "LastEntryNo": 2**53 + 1 + row,
        "Note": given.note,
    }


def items() -> list[Record]:
    """800 items; prices have five decimals, some inventories are null."""
    found: list[Record] = [
        _item(row, number, description, Decimal(price), inventory)
        for row, (number, description, price, inventory) in enumerate(awkward.ITEMS)
    ]
    for row in range(len(found), ITEM_COUNT):
        inventory = draw(row, 1, 500) if draw(row, 2, 6) else None
        name = f"{pick(row, 3, _THINGS)}, {pick(row, 4, _KINDS)}"
        found.append(_item(row, str(1000 + row), name, exact(draw(row, 5, 50_000_000) + 1, 5), inventory))
    return sorted(found, key=_text_key("ItemNo"))


def _item(row: int, number: str, description: str, price: Decimal, inventory: int | None) -> Record:
    return {
        "ItemNo": number,
        "Description": description,
        "UnitPrice": price,
        "Inventory": inventory,
        "Barcode": f"{7_300_000_000_000 + 37 * row if row % 4 else 12_345_678 + row:013}",
        "WeightKg": exact(draw(row, 6, 90_000), 3),
        "Discontinued": draw(row, 7, 25) == 0,
    }


def sales_orders() -> list[Record]:
    """3,000 orders; `Amount` is the sum of the lines, 0.00 for an order without lines."""
    cents = dict.fromkeys(range(ORDER_COUNT), 0)
    for order, line in _lines():
        cents[order] += int(str(line["LineAmount"]).replace(".", ""))
    keys = [str(customer["CustomerNo"]) for customer in customers()]
    return [
        {
            "OrderNo": _order_no(row),
            "CustomerNo": pick(row, 1, keys),
            "OrderDate": _day(1400 + draw(row, 2, 790)),
            "RequestedDelivery": _day(2200 + draw(row, 3, 90)) if draw(row, 4, 3) else None,
            "Status": pick(row, 5, _STATUSES),
            "Amount": exact(cents[row], 2),
            "CurrencyCode": pick(row, 6, ("", "", "SEK", "NOK", "EUR", "USD")),
            "ExternalDocumentNo": f"{draw(row, 7, 10**8):010}" if draw(row, 8, 5) else "",
        }
        for row in range(ORDER_COUNT)
    ]


def sales_order_lines() -> list[Record]:
    """About 9,000 lines, keyed by order and line; every eighth order or so has none."""
    return [line for _, line in _lines()]


def _lines() -> list[tuple[int, Record]]:
    """Each line with the row of its order."""
    stock = items()
    return [
        (order, _line(order, line, pick(order, 20 + line, stock)))
        for order in range(ORDER_COUNT)
        for line in range(draw(order, 9, 8))
    ]


def _line(order: int, line: int, item: Record) -> Record:
    quantity = 1 + draw(order, 40 + line, 30)
    price = int(str(item["UnitPrice"]).replace(".", ""))
    return {
        "OrderNo": _order_no(order),
        "LineNo": 10000 * (line + 1),
        "ItemNo": item["ItemNo"],
        "Description": item["Description"],
        "Quantity": exact(1000 * quantity, 3),
        "UnitPrice": item["UnitPrice"],
        "LineAmount": exact((quantity * price + 500) // 1000, 2),
    }


def _order_no(row: int) -> str:
    return f"SO-{10001 + row}"


def airports() -> list[Record]:
    """About 28,000 real airports (airportsdata), keyed by ICAO code or what stands in its place."""
    import airportsdata  # noqa: PLC0415  # read only when airports are asked for

    def number(value: float) -> Decimal:
        # the shortest text that gives this float again is what its source says, for up to 15 digits
        text = repr(value)
        return Decimal(text.removesuffix(".0"))

    found: list[Record] = [
        {
            "Icao": icao,
            "Iata": row["iata"],
            "Name": row["name"],
            "City": row["city"],
            "Subdivision": row["subd"],
            "Country": row["country"],
            "ElevationFt": number(row["elevation"]),
            "Latitude": number(row["lat"]),
            "Longitude": number(row["lon"]),
            "TimeZone": row["tz"],
            "Lid": row["lid"],
        }
        for icao, row in airportsdata.load("ICAO").items()
    ]
    return sorted(found, key=_text_key("Icao"))


def _text_key(name: str) -> Callable[[Record], str]:
    return lambda record: str(record[name])
