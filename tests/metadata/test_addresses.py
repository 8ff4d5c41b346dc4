"""What records an address gives, as far as it can be known, and what is wrong in it."""

from __future__ import annotations

import pytest

from tests.metadata.documents import V2, V4, service, v4_document
from txojobs.metadata.addresses import place_of
from txojobs.metadata.csdl import parse
from txojobs.metadata.faults import Fault

STALE = "if the service has it by now, renew the snapshot: txojobs metadata ORG ENV --save"
SERVICES = {"v2": service(V2), "v4": service(V4)}


def led(address: str, dialect: str = "v4") -> str | None:
    """Return the type that an address leads to, None when it is not known."""
    found = place_of(address, SERVICES[dialect], snapshot="x.xml")
    assert not isinstance(found, Fault), found
    return None if found.kind is None else found.kind.name


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("Customers", "Shop.Customer"),
        ("/Customers", "Shop.Customer"),
        ("Customers?$top=1", "Shop.Customer"),
        ("Customers('1')/Orders", "Shop.Order"),
        ("Customers('a/b (c) ''d''')/Orders", "Shop.Order"),
        ("Customers(No='1')/Orders(No='1',Line=2)/Customer", "Shop.Customer"),
        ("Customers('1')/Home", "Shop.Types.Address"),
        ("Customers(${{ params.no }})/Orders", "Shop.Order"),
        ("Customers(No=${{ params.no }})/Orders(${{ params.a }})/Customer", "Shop.Customer"),
        ("Customers/Shop.KeyCustomer", "Shop.KeyCustomer"),
        ("Customers/Self.KeyCustomer/Orders", "Shop.Order"),
        ("Me", "Shop.Person"),
        ("TopCustomers(count=5)", "Shop.Customer"),
        ("TopCustomers(count=5)/Orders", "Shop.Order"),
        ("Customers/Shop.Overdue()", "Shop.Order"),
        ("Customers/Overdue", "Shop.Order"),
        ("Customers('1')/People", "Shop.Person"),
        ("%43ustomers", "Shop.Customer"),
        ("Container.Customers", "Shop.Customer"),
        ("Orders('1',2)/Customer", "Shop.Customer"),
        ("Orders(No='1', Line=${{ params.number }})/Customer", "Shop.Customer"),
        ("Orders(No=${{ config.no }},Line=@line)/Customer", "Shop.Customer"),
        ("Customers(Id=0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111)/Orders", "Shop.Order"),
        ("Customers(Id=guid${{ params.text }})/Orders", "Shop.Order"),
        ("Customers(%271%27)/Orders(2)/Customer", "Shop.Customer"),
        ("Customers/Shop.Customer('1')/Orders", "Shop.Order"),
        ("Customers/Shop.Party", "Shop.Party"),
        ("Customers('1')/Orders(2)", "Shop.Order"),
        ("TopCustomers(count=@number)", "Shop.Customer"),
        ("TopCustomers(count=${{ params.number }})", "Shop.Customer"),
        ("TopCustomers(count=%35)", "Shop.Customer"),
    ],
)
def test_the_type_of_the_records_is_known(address: str, kind: str) -> None:
    assert led(address) == kind


@pytest.mark.parametrize(
    "address",
    [
        *("${{ params.entity }}", "${{ params.entity }}/Orders", "Customers('1')/${{ params.way }}"),
        *("https://api.example.com/Nothing", "$all", "$crossjoin(Customers,Orders)", "Customers/$count"),
        *("Unknown", "Unknown('1')/Anything", "Notes(1)/Anything", "Reset", "Customers('1')/Name"),
        *(
            "Customers('1')/Seller/$ref",
            "Customers/Elsewhere.Function(a=1)/x",
            "Me/Elsewhere.Type",
            "",
            "a'b",
        ),
    ],
)
def test_nothing_is_said_of_what_cannot_be_known(address: str) -> None:
    assert led(address) is None


def test_v2_leads_through_associations_and_functions() -> None:
    assert led("Customers('1')/Orders", "v2") == "SHOP_SRV.Order"
    assert led("Orders('1')/Buyer/Orders", "v2") == "SHOP_SRV.Order"
    assert led("FindCustomers", "v2") == "SHOP_SRV.Customer"


@pytest.mark.parametrize(
    ("address", "underlined", "message", "fix"),
    [
        ("Custmers", "Custmers", "'Custmers' is no entity set of the service (x.xml)", "did you mean 'Customers'?"),
        ("customers", "customers", "'customers' is no entity set of the service (x.xml)",
         "did you mean 'Customers'?"),
        ("Custmers('1')/Orders", "Custmers", "'Custmers' is no entity set of the service (x.xml)",
         "did you mean 'Customers'?"),
        ("Customers('1')/Ordrs", "Ordrs", "'Ordrs' is no way from Customers to other records",
         "did you mean 'Orders'?"),
        ("Customers(${{ params.no }})/Ordrs(1)/x", "Ordrs", "'Ordrs' is no way from Customers to other records",
         "did you mean 'Orders'?"),
        ("Warehouse", "Warehouse", "'Warehouse' is no entity set of the service (x.xml)",
         f"the service has Customers, Orders, People, Notes, Foreigners, Unknown, Me; {STALE}"),
        ("Me/Boss", "Boss", "'Boss' is no way from Me to other records",
         STALE),
        ("TopCustomers(cuont=5)/Orders", "cuont", "TopCustomers has no parameter 'cuont'", "did you mean 'count'?"),
        ("TopCustomers(5)", "5", "TopCustomers takes its values by name", "write TopCustomers(count=...)"),
        ("TopCustomers(count='5')", "'5'", "count is a number (Edm.Int32), and '5' is a text", "write 5"),
        ("TopCustomers(count=${{ params.text }})/Orders", "${{ params.text }}",
         "count is a number (Edm.Int32), and params.text gives a text", "give the param `type: number`"),
        ("Customers/Shop.Overdue(days=5)", "days", "Shop.Overdue has no parameter 'days'", STALE),
        ("Customers(1)/Orders", "1", "No is a text (Edm.String), and 1 is a number", "write '1'"),
        ("Customers( 1 )", "1", "No is a text (Edm.String), and 1 is a number", "write '1'"),
        ("Customers(Id='x')/Orders", "'x'", "Id is a GUID (Edm.Guid), and 'x' is a text",
         "write it without quotes, like 0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111"),
        ("Customers(Id=${{ params.text }})/Orders", "${{ params.text }}",
         "Id is a GUID (Edm.Guid), and params.text gives a text", "write guid${{ params.text }}"),
        ("Customers(Noo='1')/Orders", "Noo", "'Noo' is no field of Customers, and no part of its key",
         "did you mean 'No'?"),
        ("Orders('1')/Customer", "'1'", "the key of Orders is No, Line, and one value is given",
         "write (No=...,Line=...)"),
        ("Orders(No='1',Line='2')", "'2'", "Line is a number (Edm.Int64), and '2' is a text", "write 2"),
        ("Orders('1','2')", "'2'", "Line is a number (Edm.Int64), and '2' is a text", "write 2"),
        ("Customers('1','2')", "'1','2'", "the key of Customers is No, and 2 values are given", "write (No=...)"),
        ("Customers('1')/Orders(No='1',Line='2')", "'2'", "Line is a number (Edm.Int64), and '2' is a text",
         "write 2"),
        ("Customers/Shop.KeyCustmer", "Shop.KeyCustmer",
         "'Shop.KeyCustmer' is no type and no function of the service", "did you mean Shop.KeyCustomer?"),
        ("Customers/Self.Overdu()", "Self.Overdu", "'Self.Overdu' is no type and no function of the service",
         "did you mean Shop.Overdue?"),
        ("Customers/Shop.Person/Code", "Shop.Person",
         "Customers is Shop.Customer, and its records are never Shop.Person",
         "of Shop.Customer: Shop.KeyCustomer"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_told(address: str, underlined: str, message: str, fix: str) -> None:
    found = place_of(
        address,
        SERVICES["v4"],
        snapshot="x.xml",
        category_of=lambda path: {"params.text": "text", "params.number": "number"}.get(path, ""),
    )
    assert isinstance(found, Fault)
    assert address[found.offset : found.offset + found.length] == underlined
    assert (found.message, found.fix) == (message, fix)


OVERLOADED = v4_document(
    '<EntityType Name="Item"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.String"/></EntityType>'
    '<Function Name="Near"><Parameter Name="to" Type="Edm.Int32"/><ReturnType Type="Collection(S.Item)"/></Function>'
    '<Function Name="Near"><Parameter Name="to" Type="Edm.String"/><Parameter Name="by" Type="Edm.Int32"/>'
    '<ReturnType Type="Collection(S.Item)"/></Function>'
    '<Function Name="Near" IsBound="true"><Parameter Name="it" Type="Collection(S.Item)"/>'
    '<Parameter Name="within" Type="Edm.Int32"/><ReturnType Type="Collection(S.Item)"/></Function>'
    '<EntityContainer Name="C"><EntitySet Name="Items" EntityType="S.Item"/>'
    '<FunctionImport Name="Near" Function="S.Near"/></EntityContainer>'
)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("Near(to=1)", None),
        ("Near(to='a',by=1)", None),
        ("Near(within=1)", "Near has no parameter 'within'"),
        ("Items/S.Near(within=1)", None),
        ("Items/S.Near(to=1)", "S.Near has no parameter 'to'"),
    ],
)
def test_functions_of_one_name_are_told_apart_by_what_they_are_called_on(
    address: str, told: str | None
) -> None:
    found = place_of(address, parse([OVERLOADED]), snapshot="x.xml")
    assert (found.message if isinstance(found, Fault) else None) == told
