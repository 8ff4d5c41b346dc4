"""An aggregation is checked against a service: its fields, its methods, and no false alarm."""

from __future__ import annotations

import pytest

from tests.metadata.documents import V4, service
from txojobs.metadata.applying import check_apply

SERVICE = service(V4)


def told(text: str) -> list[tuple[str, str, str | None]]:
    kind = SERVICE.types["Shop.Customer"]
    faults = check_apply(text, SERVICE, kind, of="Customers", category_of=lambda _: "")
    return [(text[each.offset : each.offset + each.length], each.message, each.fix) for each in faults]


@pytest.mark.parametrize(
    "text",
    [
        "groupby((Name))",
        "groupby((Name, Home/City),aggregate(Balance with sum as Due, $count as Number))",
        "filter(Balance gt 5)/groupby((Name),aggregate(Visits with max as Most))",
        "groupby((Name),aggregate(Balance with sum as Due))/filter(Due gt 5)/groupby((Due))",
        "aggregate(Founded with max as Last,Id with countdistinct as Ids,Balance with Custom.median as M)",
        "aggregate(Balance mul Visits with sum as Total)",
        "aggregate(Orders($count as Number))",
        "compute(Balance mul 2 as Twice)/groupby((Twice))",
        "groupby((rollup($all,Name)),aggregate(Balance with sum as Due))",
        "concat(aggregate($count as N),groupby((Nothing)))",
        "Shop.Own(a=1)/groupby((Nothing))",
        "identity/groupby((Nothing))",
        "topcount(5,Balance)/groupby((Name))",
        "groupby((Orders/Amount),aggregate(Orders/Amount with average as A))",
        "nobodyknows(Nothing)",
        "broken((",
        "",
    ],
)
def test_what_a_service_may_read_is_no_fault(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "underlined", "message", "fix"),
    [
        ("groupby((Nmae))", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        ("groupby((Name, Home/Ciy))", "Ciy", "'Ciy' is no field of Home", "did you mean 'City'?"),
        ("filter(Name eq 'x')/groupby((Nmae))", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        ("filter(Balance gt '5')", "'5'", "Balance is a number (Edm.Decimal), and '5' is a text", "write 5"),
        ("groupby((Name),aggregate(Balnce with sum as Due))", "Balnce", "'Balnce' is no field of Customers",
         "did you mean 'Balance'?"),
        ("aggregate(Balance with summ as Due)", "summ", "there is no method 'summ' to aggregate with", "write sum"),
        ("aggregate(Name with sum as Due)", "Name", "sum takes numbers, and Name is a text", None),
        ("gruopby((Name))", "gruopby", "there is no transformation 'gruopby'", "did you mean 'groupby'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_where_it_stands(
    text: str, underlined: str, message: str, fix: str | None
) -> None:
    assert told(text) == [(underlined, message, fix)]
