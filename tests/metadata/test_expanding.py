"""Selected fields and expanded records, with the options inside of an expansion."""

from __future__ import annotations

import pytest

from tests.metadata.documents import V2, V4, service
from txojobs.metadata.expanding import Piece, check_expand, check_field, split

SERVICES = {"v2": service(V2), "v4": service(V4)}


def faults(
    text: str, *, expand: bool, dialect: str = "v4", entity: str = "Customers"
) -> list[tuple[str, str, str | None]]:
    found = SERVICES[dialect]
    kind = found.types[found.entity_sets[entity].type]
    if expand:
        told = check_expand(text, found, kind, of=entity, category_of=lambda _: "")
    else:
        told = check_field(text, found, kind, of=entity)
    return [(text[each.offset : each.offset + each.length], each.message, each.fix) for each in told]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Name",
            "*",
            "Shop.*",
            "Home/City",
            "Orders",
            "Orders/Amount",
            "Manager",
            "Shop.KeyCustomer/Manager",
        ),
        *("${{ params.field }}", "Home(City)", "Elsewhere.Type/Anything", "Name/$value"),
    ],
)
def test_a_good_field_is_no_fault(text: str) -> None:
    assert faults(text, expand=False) == []


@pytest.mark.parametrize(
    ("text", "underlined", "message", "fix"),
    [
        ("Nmae", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
        ("Home/Ctiy", "Ctiy", "'Ctiy' is no field of Home", "did you mean 'City'?"),
        ("Name/City", "City", "'Name' is a text (Edm.String), and has no 'City' in it", "name the field alone"),
        ("State/City", "City", "'State' is an enumeration (Shop.Types.OrderState), and has no 'City' in it",
         "name the field alone"),
        ("Seller/Codes", "Codes", "'Codes' is no field of Seller", "did you mean 'Code'?"),
    ],
)  # fmt: skip
def test_a_field_that_is_none_is_told(text: str, underlined: str, message: str, fix: str) -> None:
    assert faults(text, expand=False) == [(underlined, message, fix)]


def test_a_field_of_an_open_type_may_exist() -> None:
    assert faults("Anything", expand=False, entity="Notes") == []


@pytest.mark.parametrize(
    "text",
    [
        *("Orders", "*", "${{ params.way }}", "Orders/$ref", "Orders/$count", "Orders/Customer", "Picture"),
        *("Orders($select=No,Line)", "Orders($levels=max)", "Shop.KeyCustomer/Orders"),
        "Orders($filter=Amount gt 5 and No ne 'a;b)c';$orderby=Date desc,Line;$expand=Customer($select=Name))",
        "Orders( $select = No , Line ; $top=5 )",
        "Elsewhere.Type/Anything($select=Anything)",
    ],
)
def test_a_good_expansion_is_no_fault(text: str) -> None:
    assert faults(text, expand=True) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ordrs", [("Ordrs", "'Ordrs' is no way from Customers to other records", "did you mean 'Orders'?")]),
        (" Ordrs", [("Ordrs", "'Ordrs' is no way from Customers to other records", "did you mean 'Orders'?")]),
        ("Name", [("Name", "'Name' is a text (Edm.String), and leads to no other records",
                   "remove it here: it comes with the record, or name it in select")]),
        ("Home", [("Home", "'Home' is a structure (Shop.Types.Address), and leads to no other records",
                   "remove it here: it comes with the record, or name it in select")]),
        ("Orders/Custmer", [("Custmer", "'Custmer' is no field of Orders", "did you mean 'Customer'?")]),
        ("Orders($select=No, Lnie)", [("Lnie", "'Lnie' is no field of Orders", "did you mean 'Line'?")]),
        ("Orders($filter=Amount gt '5')",
         [("'5'", "Amount is a number (Edm.Decimal), and '5' is a text", "write 5")]),
        ("Orders($orderby=Line desc,Dat;$select=No)",
         [("Dat", "'Dat' is no field of Orders", "did you mean 'Date'?")]),
        ("Orders($expand=Customer($select=Nmae);$select=Lnie)",
         [("Nmae", "'Nmae' is no field of Customer", "did you mean 'Name'?"),
          ("Lnie", "'Lnie' is no field of Orders", "did you mean 'Line'?")]),
    ],
)  # fmt: skip
def test_a_wrong_expansion_is_told_where_it_stands(
    text: str, told: list[tuple[str, str, str | None]]
) -> None:
    assert faults(text, expand=True) == told


def test_v2_names_paths() -> None:
    assert faults("Orders/Buyer", expand=True, dialect="v2") == []
    assert faults("Orders/Netwr", expand=False, dialect="v2") == []
    assert [each[0] for each in faults("Orders/Byer", expand=True, dialect="v2")] == ["Byer"]


def test_parts_are_split_outside_of_quotes_and_parentheses() -> None:
    text = "a='x;y';b(c;d);;e=${{ x;y }}"
    assert split(Piece(text, 10), ";") == [
        Piece("a='x;y'", 10),
        Piece("b(c;d)", 18),
        Piece("e=${{ x;y }}", 26),
    ]
