"""The awkward cases that real trade data has, as literal rows that the generated records take up.

Each row is a case that has broken an export somewhere: keys that a URL must escape, text that a spreadsheet
takes for a formula or a number, digits beyond a binary float, dates before a spreadsheet's calendar.
"""

from __future__ import annotations

from typing import NamedTuple


class AwkwardCustomer(NamedTuple):
    """A customer of which every text is given; numbers and dates as text, None is null."""

    number: str
    name: str
    country: str
    balance: str
    credit_limit: int | None
    street: str | None
    city: str
    note: str | None
    founded: str | None
    last_order: str | None


CUSTOMERS: tuple[AwkwardCustomer, ...] = (
    AwkwardCustomer(
        "00123", "O'Neil & Sons", "SE", "1234.50", None, "Kungsgatan 7", "Malmö", None, None, "2025-11-03"
    ),
    AwkwardCustomer(
        "1E5", "Ett öre kvar AB", "SE", "0.01", 0, "Öregatan 1", "Åmål", "", "1899-12-31", "0001-01-01"
    ),
    AwkwardCustomer(
        "A/B 50% + #7",
        'Bröderna "Snabb" & Co',
        "SE",
        "-250.00",
        9000,
        "Storgatan 1/3",
        "Umeå",
        "=1+1",
        "1288-06-16",
        None,
    ),
    AwkwardCustomer(
        "C?x=1&y=2",
        "Frågetecken HB",
        "SE",
        "12345678901234567.89",
        2147483647,
        "Box 12;3",
        "Luleå",
        "+46 70 000 00 00",
        None,
        None,
    ),
    AwkwardCustomer(
        "O'B''1",
        "L'Œuvre d'Été",
        "FR",
        "99.90",
        None,
        "7, rue de l'Église",
        "Orléans",
        "-1 till next year",
        "1789-07-14",
        "2026-01-02",
    ),
    AwkwardCustomer(
        "Å-100",
        "A\u030angstro\u0308m Optik",
        "SE",
        "0.00",
        100,
        "Ångströmsvägen 1",
        "Uppsala",
        "@today",
        None,
        "1900-02-28",
    ),
    AwkwardCustomer(
        "🚲-1",
        "Cykel 🚲 & Söner 👨‍👩‍👧",
        "SE",
        "10.10",
        5000,
        "Hjulgatan 2",
        "Göteborg",
        "first line\nsecond line\r\nthird",
        None,
        "2024-02-29",
    ),
    AwkwardCustomer(
        "IL-1",
        "ספרים בע״מ (\u202eRTL\u202c)",
        "IL",
        "-0.05",
        1,
        "רחוב הרצל 1",
        "תל אביב",
        "tab\there",
        None,
        "9999-12-31",
    ),
    AwkwardCustomer(
        "AE-1", "شركة التجارة", "AE", "1000000.00", None, "شارع \u0661", "دبي", None, "1869-11-17", None
    ),
    AwkwardCustomer("N-0", "Null & None ASA", "NO", "0.10", None, None, "", "null", None, None),
    AwkwardCustomer("N-1", "NO", "NO", "7.00", 7, "Norgeveien 1", "Å", "true", "1814-05-17", "2025-05-17"),
    AwkwardCustomer(
        "D-1",
        "Groß & Müller GmbH, Köln",
        "DE",
        "1234567.89",
        250000,
        "Straße des 17. Juni 1",
        "Berlin",
        '"quoted", with; separators',
        "1871-01-18",
        "2025-10-03",
    ),
    AwkwardCustomer(
        "U_S-1",
        "<b>Bold</b> & Sons, Inc.",
        "US",
        "-1234567890123456.789",
        0,
        "1 Main St\\Suite 5",
        "Washington, D.C.",
        " leading and trailing blanks ",
        "1776-07-04",
        "2025-07-04",
    ),
    AwkwardCustomer(
        "J-1",
        "株式会社サンプル",
        "JP",
        "100.00",
        None,
        "千代田区\uff11\uff0d\uff11",
        "東京",
        "no-break\u00a0space and zero\u200bwidth",
        None,
        "2025-12-31",
    ),
)
"""Their sales entries are numbered from 9007199254740993 on: 2^53 + 1 and what follows it."""

ITEMS: tuple[tuple[str, str, str, int | None], ...] = (
    ("00017", 'Rack 19" (½ depth)', "1999.99000", 4),
    ("1E3", "Cable, 1000 m", "0.00001", None),
    ("A-1/2", "Bolt ½ inch; zinc", "0.12345", -12),
    ("50%", "Sample = half price", "12345.67891", 0),
    ("=SUM(A1)", "=HYPERLINK(1)", "1.00000", 1),
    ("3-1", "Märzbecher", "3.10000", 31),
)
"""Number, description, unit price and inventory; below zero: sold before it came."""
