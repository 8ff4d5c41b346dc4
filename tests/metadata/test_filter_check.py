"""A filter is checked against a service: names, types, functions and the dialect, with no false alarm."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.metadata.documents import V2, V4, service, v4_document
from txojobs.metadata.csdl import parse
from txojobs.metadata.filter_check import check_filter, check_order

SERVICES = {"v2": service(V2), "v4": service(V4)}
PARAMS = {"params.text": "text", "params.number": "number", "params.list": "list", "params.day": "date"}
GUID = "0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111"


class Told(NamedTuple):
    underlined: str
    message: str
    fix: str | None
    severity: str = "error"


def told(text: str, dialect: str = "v4", entity: str = "Customers") -> list[Told]:
    """Return what is said of a filter, each with the part of the text that is underlined."""
    found = SERVICES[dialect]
    kind = found.types[found.entity_sets[entity].type]
    faults = check_filter(text, found, kind, of=entity, category_of=lambda path: PARAMS.get(path, ""))
    return [
        Told(text[each.offset : each.offset + each.length], each.message, each.fix, each.severity)
        for each in faults
    ]


GOOD_V4 = [
    "Name eq 'SE' and Balance gt 0",
    "Name eq 'O''Brien' or Name eq ''",
    f"Id eq {GUID}",
    "Founded ge 2026-01-15 and Founded lt now()",
    "Changed ge 2026-01-15T00:00:00Z",
    "Changed ge 2026-01-15T00:00:00.123+02:00",
    "Founded gt 2024-02-29 and Founded gt 0000-02-30 and Changed gt 2024-02-29T23:59:59.9Z",
    "Opens gt 12:00:00",
    "Wait gt duration'PT1H'",
    "Blocked",
    "not Blocked",
    "not Blocked eq true",
    "not contains(Name,'x') and Balance gt 1",
    "Balance eq null or Name ne null or State eq null or Home eq null",
    "Balance lt -5 and -Balance lt 0 and Balance add 1 gt 2.5e3",
    "Discount eq INF or Discount eq NaN or Discount eq -INF",
    "Visits eq 5L and Balance eq 5M",
    "State eq 'Open'",
    "State eq 'Credit Hold'",
    "State eq Shop.Types.OrderState'Open'",
    "State eq Types.OrderState'Credit_x0020_Hold'",
    "State eq Shop.Types.OrderState'1'",
    "State eq Elsewhere.Kind'A'",
    "State eq Name",
    "Grants has Shop.Types.Rights'Read,Write'",
    "Home/City eq 'x' and startswith(Home/Street,'A')",
    "Home/Elsewhere.Home/Anything eq 1",
    "Seller/Code eq 'x'",
    "Orders/any(o: o/Amount gt 5 and o/Customer/Name eq Name)",
    "Orders/all(o: o/Date lt 2026-01-01)",
    "Orders/any()",
    "Tags/any(t: t eq 'a' or length(t) gt 3)",
    "Orders/$count gt 2",
    "Orders/$count($filter=Amount gt 5) gt 2",
    "Manager eq 'x'",
    "Shop.KeyCustomer/Manager eq 'x'",
    "Self.KeyCustomer/Manager eq 'x'",
    "$it/Name eq 'x' and Name eq @name",
    "$root/Customers('1')/Name eq Name",
    "cast(Balance,Edm.String) eq 'x' and isof(Shop.KeyCustomer) and isof(Seller,Shop.Person)",
    "cast(Name,Types.Money) gt 5 and cast(State,Edm.Int32) eq 1 and cast(Name,Types.OrderState) eq 'Open'",
    "cast(Name,Elsewhere.Type) eq 5 and cast(Home,Edm.GeographyPoint) eq null and isof('Shop.Customer')",
    "$it/Orders/any(o: o/Amount gt $it/Balance) and $it/Home/City eq 'x' and $it/Orders/$count gt 1",
    "$it eq null",
    "year(Founded) eq 2020 and hour(Changed) lt 12 and minute(Opens) eq 0",
    "concat(concat(Name,', '),No) eq 'x' and substring(Name,1,2) eq 'y' and substring(Name,1) eq 'z'",
    "startswith(Name,'x') eq true",
    "Name in ('a','b') and Visits in (1,2)",
    "Name in ('a')",
    "Name eq ('x')",
    "(Balance gt 1 or (Balance lt -1)) and not (Blocked eq false)",
    "Picture eq null",
    "Shop.Func(a=1) eq 2 and Shop.Overdue()/$count gt 1",
    "ourOwnFunction(Balance) eq 5",
    "Name eq {'a':1}",
    "geo.distance(Home,Home) lt 5",
    "Name\n  eq\t'x'",
    "Name eq ${{ params.text }} and Balance gt ${{ params.number }} and Founded eq ${{ params.day }}",
    "Name in ${{ params.list }}",
    "Balance gt ${{ config.limit }} and Id eq ${{ config.id }}",
    "Id eq guid${{ params.text }} and Founded eq date${{ params.text }} and Changed gt datetime${{ params.text }}",
    "State eq Shop.Types.OrderState${{ params.text }} and State eq ${{ params.text }}",
    "Id in guid${{ params.list }}",
    "contains(Name,${{ params.text }}) or contains(Name,${{ config.x }})",
    "Changed eq datetime${{ params.day }} and Founded eq ${{ params.day }}",
    "State eq Elsewhere.State${{ params.text }}",
]
GOOD_V2 = [
    "Kunnr eq '1' and Saldo gt 100 and Saldo lt 100.5M and Total eq 5L and Rate lt 1.5d",
    "Erdat ge datetime'2020-01-01T00:00:00' and Changed lt datetimeoffset'2020-01-01T00:00:00Z'",
    f"Id eq guid'{GUID}' and Opens eq time'PT12H30M00S'",
    "substringof('x',Name1) and substringof('x',Name1) eq true",
    "startswith(tolower(Name1),'x') and replace(Name1,'a','b') eq 'x'",
    "Blocked eq true or Blocked eq 1",
    "Home/City eq 'x'",
    "Erdat gt datetime'2024-02-29T00:00' and Erdat gt datetime'2024-02-29' and Opens gt time'P0DT8H'",
    "Erdat gt ${{ params.day }} and Erdat lt datetime${{ params.text }}",
]


@pytest.mark.parametrize("text", GOOD_V4)
def test_what_a_service_of_v4_reads_is_no_fault(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize("text", GOOD_V2)
def test_what_a_service_of_v2_reads_is_no_fault(text: str) -> None:
    assert told(text, "v2") == []


BAD_NAMES = [
    ("Nmae eq 'x'", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
    ("Name eq 'x' and name eq 'y'", "name", "'name' is no field of Customers", "did you mean 'Name'?"),
    ("Home/Ciy eq 'x'", "Ciy", "'Ciy' is no field of Home", "did you mean 'City'?"),
    ("Seller/Cod eq 'x'", "Cod", "'Cod' is no field of Seller", "did you mean 'Code'?"),
    ("Shop.KeyCustomer/Managr eq 'x'", "Managr", "'Managr' is no field of Customers", "did you mean 'Manager'?"),
    ("Orders/any(o: o/Amonut gt 5)", "Amonut", "'Amonut' is no field of o", "did you mean 'Amount'?"),
    ("Name/x eq 1", "x", "'Name' is a text (Edm.String), and has no 'x' in it", "name the field alone"),
    ("$it/Nmae eq 'x'", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
    ("Orders/any(o: o/Amount gt $it/Balnce)", "Balnce", "'Balnce' is no field of Customers",
     "did you mean 'Balance'?"),
    ("cast(Nmae,Edm.String) eq 'x'", "Nmae", "'Nmae' is no field of Customers", "did you mean 'Name'?"),
    ("cast(Name,Edm.Strng) eq 'x'", "Edm.Strng", "there is no type 'Edm.Strng'", "did you mean Edm.String?"),
    ("isof(Shop.KeyCustmer)", "Shop.KeyCustmer", "there is no type 'Shop.KeyCustmer'",
     "did you mean Shop.KeyCustomer?"),
    ("Shop.KeyCustmer/Manager eq 'x'", "Shop.KeyCustmer",
     "'Shop.KeyCustmer' is no type and no function of the service", "did you mean Shop.KeyCustomer?"),
    ("Shop.Person/Code eq 'x'", "Shop.Person",
     "Customers is Shop.Customer, and its records are never Shop.Person",
     "of Shop.Customer: Shop.KeyCustomer"),
    ("Blocked eq True", "True", "'True' is no field of Customers", "write true"),
    ("contians(Name,'x')", "contians", "there is no function 'contians'", "did you mean 'contains'?"),
    ("State eq Shop.Types.OrderStat'Open'", "Shop.Types.OrderStat",
     "'Shop.Types.OrderStat' is no enumeration of the service", "did you mean Shop.Types.OrderState'Open'?"),
    ("State eq OrderState'Open'", "OrderState",
     "'OrderState' is no enumeration of the service", "did you mean Shop.Types.OrderState'Open'?"),
    ("State eq Shop.Types.OrderStat${{ params.text }}", "Shop.Types.OrderStat",
     "'Shop.Types.OrderStat' is no enumeration of the service", "did you mean Shop.Types.OrderState?"),
    ("State eq 'Opne'", "'Opne'", "State: 'Opne' is no value of Shop.Types.OrderState", "did you mean 'Open'?"),
    ("State eq Types.OrderState'Opne'", "Opne", "'Opne' is no value of Shop.Types.OrderState",
     "did you mean 'Open'?"),
    ("Grants has Types.Rights'Read,Wriet'", "Read,Wriet", "'Wriet' is no value of Shop.Types.Rights",
     "did you mean 'Write'?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "underlined", "message", "fix"), BAD_NAMES)
def test_a_name_that_is_not_there_is_told_with_what_was_meant(
    text: str, underlined: str, message: str, fix: str
) -> None:
    assert told(text) == [(underlined, message, fix, "error")]


def test_a_text_without_quotes_is_known_as_such() -> None:
    assert told("Name eq Zurich") == [
        Told(
            "Zurich",
            "'Zurich' is no field of Customers",
            "a text stands in quotes: 'Zurich'; it has No, Name, Id, Balance, Discount, Visits, Blocked, Founded, "
            "Changed, Opens, Wait, Picture, ...; if the service has it by now, renew the snapshot: "
            "txojobs metadata ORG ENV --save",
        )
    ]


def test_a_date_is_as_good_as_a_moment_to_services_of_microsoft() -> None:
    kind = '<EntityType Name="Thing"><Property Name="At" Type="Edm.DateTimeOffset"/></EntityType>'
    for namespace, number in (("Microsoft.NAV", 0), ("microsoft.graph", 0), ("Example", 1)):
        document = v4_document(kind).replace(b'Namespace="S"', f'Namespace="{namespace}"'.encode())
        found = parse([document])
        faults = check_filter(
            "At gt 2026-01-15",
            found,
            found.types[f"{namespace}.Thing"],
            of="Things",
            category_of=lambda _: "",
        )
        assert [each.severity for each in faults] == ["warning"] * number


BAD_TYPES = [
    ("v4", "Balance gt '5'", "'5'", "Balance is a number (Edm.Decimal), and '5' is a text", "write 5"),
    ("v4", "Balance gt 'a'", "'a'", "Balance is a number (Edm.Decimal), and 'a' is a text",
     "write a number without quotes, like 100 or 0.5"),
    ("v4", "'5' lt Balance", "'5'", "Balance is a number (Edm.Decimal), and '5' is a text", "write 5"),
    ("v4", "Visits in (1,'2')", "'2'", "Visits is a number (Edm.Int32), and '2' is a text", "write 2"),
    ("v4", f"Id eq '{GUID}'", f"'{GUID}'", f"Id is a GUID (Edm.Guid), and '{GUID}' is a text", f"write {GUID}"),
    ("v4", "Id eq 'x'", "'x'", "Id is a GUID (Edm.Guid), and 'x' is a text",
     "write it without quotes, like 0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111"),
    ("v4", "Founded ge '2026-01-15'", "'2026-01-15'", "Founded is a date (Edm.Date), and '2026-01-15' is a text",
     "write 2026-01-15"),
    ("v4", "Founded ge '2026-01-15T10:00:00'", "'2026-01-15T10:00:00'",
     "Founded is a date (Edm.Date), and '2026-01-15T10:00:00' is a text", "write 2026-01-15"),
    ("v4", "Changed ge '2026-01-15T14:30'", "'2026-01-15T14:30'",
     "Changed is a date and time (Edm.DateTimeOffset), and '2026-01-15T14:30' is a text",
     "write 2026-01-15T14:30:00Z"),
    ("v4", "Opens gt '12:00:00'", "'12:00:00'", "Opens is a time of day (Edm.TimeOfDay), and '12:00:00' is a text",
     "write 12:00:00"),
    ("v4", "Wait gt 'PT1H'", "'PT1H'", "Wait is a duration (Edm.Duration), and 'PT1H' is a text",
     "write it like duration'P1DT12H'"),
    ("v4", "No eq 1000", "1000", "No is a text (Edm.String), and 1000 is a number", "write '1000'"),
    ("v4", "Blocked eq 'true'", "'true'", "Blocked is true or false (Edm.Boolean), and 'true' is a text",
     "write true"),
    ("v4", "Blocked eq 1", "1", "Blocked is true or false (Edm.Boolean), and 1 is a number",
     "write true or false, without quotes"),
    ("v4", "State eq 1", "1", "State is an enumeration (Shop.Types.OrderState), and 1 is a number",
     "write the name of a value, like Shop.Types.OrderState'Open'"),
    ("v4", "State eq Shop.Types.Rights'Read'", "Shop.Types.Rights'Read'",
     "State is Shop.Types.OrderState, and Shop.Types.Rights'Read' is of another enumeration",
     "write Shop.Types.OrderState'Open'"),
    ("v4", "Name eq Shop.Types.OrderState'Open'", "Shop.Types.OrderState'Open'",
     "Name is a text (Edm.String), and Shop.Types.OrderState'Open' is a value of an enumeration", None),
    ("v4", "length(Name) eq '5'", "'5'", "length(...) is a number, and '5' is a text", "write 5"),
    ("v4", "$it/Balance gt '5'", "'5'", "Balance is a number (Edm.Decimal), and '5' is a text", "write 5"),
    ("v4", "cast(Balance,Edm.String) eq 5", "5", "cast(...) is a text (Edm.String), and 5 is a number", "write '5'"),
    ("v4", "Tags/any(t: t eq 1)", "1", "t is a text (Edm.String), and 1 is a number", "write '1'"),
    ("v4", "Home eq 'x'", "'x'", "Home is a structure (Shop.Types.Address), and cannot be compared",
     "compare a field of it: Home/..."),
    ("v4", "Tags eq 'x'", "'x'", "Tags is a list, and cannot be compared", "write Tags/any(x: x ...)"),
    ("v4", "Home eq Home", "Home", "Home is a structure (Shop.Types.Address), and cannot be compared",
     "compare a field of it: Home/..."),
    ("v4", "Name gt Balance", "Name gt Balance",
     "Name is a text (Edm.String), and Balance is a number (Edm.Decimal): the two cannot be compared", None),
    ("v4", "Name", "Name", "Name is a text, and no condition", "compare it with something: Name eq ..."),
    ("v4", "Blocked and Balance", "Balance", "Balance is a number, and no condition",
     "compare it with something: Balance eq ..."),
    ("v4", "not Name", "Name", "Name is a text, and no condition", "compare it with something: Name eq ..."),
    ("v4", "Name mul 2 gt 3", "Name", "mul takes numbers, and Name is a text", None),
    ("v4", "contains(Balance,'x')", "Balance", "contains takes a text here, and Balance is a number (Edm.Decimal)",
     None),
    ("v4", "year(Name) eq 2020", "Name",
     "year takes a date or a date and time here, and Name is a text (Edm.String)", None),
    ("v4", "contains(Name)", "contains(Name)", "contains takes 2 values, not 1", None),
    ("v4", "substring(Name) eq 'a'", "substring(Name)", "substring takes 2 to 3 values, not 1", None),
    ("v4", "Orders/Amount gt 5", "Orders/Amount", "'Orders' holds many, and a comparison wants one",
     "write Orders/any(x: x/Amount ...)"),
    ("v4", "Seller/any(s: s/Code eq 'x')", "Seller", "Seller is a structure, and no list",
     "any and all look into a list; compare it directly"),
    ("v4", "any(Orders)", "any", "any stands behind a list", "write List/any(x: x/Field eq 1)"),
    ("v4", "Name in 'a'", "'a'", "in takes a list in parentheses", "write in ('a')"),
    ("v2", "Saldo gt '100'", "'100'", "Saldo is a number (Edm.Decimal), and '100' is a text", "write 100"),
    ("v2", "Erdat ge '2020-01-01'", "'2020-01-01'",
     "Erdat is a date and time (Edm.DateTime), and '2020-01-01' is a text",
     "write datetime'2020-01-01T00:00:00'"),
    ("v2", "Changed ge '2020-01-01'", "'2020-01-01'",
     "Changed is a date and time (Edm.DateTimeOffset), and '2020-01-01' is a text",
     "write datetimeoffset'2020-01-01T00:00:00Z'"),
    ("v2", f"Id eq '{GUID}'", f"'{GUID}'", f"Id is a GUID (Edm.Guid), and '{GUID}' is a text",
     f"write guid'{GUID}'"),
    ("v2", "Opens gt '12:00'", "'12:00'", "Opens is a time of day (Edm.Time), and '12:00' is a text",
     "write time'PT12H00M00S'"),
    ("v2", "Blocked eq 'X'", "'X'", "Blocked is true or false (Edm.Boolean), and 'X' is a text",
     "write true or false, without quotes"),
    ("v2", "Orders/Netwr gt 5", "Orders/Netwr", "'Orders' holds many, and a comparison wants one",
     "OData V2 filters on no list: put a filter step behind"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "underlined", "message", "fix"), BAD_TYPES)
def test_a_value_of_a_wrong_type_is_told_with_its_right_spelling(
    dialect: str, text: str, underlined: str, message: str, fix: str | None
) -> None:
    assert told(text, dialect) == [(underlined, message, fix, "error")]


BAD_DIALECT = [
    ("v4", "Changed gt datetime'2020-01-01T10:00:00'", "datetime'2020-01-01T10:00:00'",
     "datetime'...' belongs to OData V2, and this service speaks V4", "write 2020-01-01T10:00:00Z"),
    ("v4", f"Id eq guid'{GUID}'", f"guid'{GUID}'", "guid'...' belongs to OData V2, and this service speaks V4",
     f"write {GUID}"),
    ("v4", "substringof('x',Name)", "substringof", "substringof is no function of OData V4",
     "write contains, with its two arguments the other way round"),
    ("v4", "Changed ge 2026-01-15T00:00:00", "2026-01-15T00:00:00", "2026-01-15T00:00:00 has no time zone",
     "write 2026-01-15T00:00:00Z for UTC"),
    ("v2", "Erdat ge 2020-01-01", "2020-01-01",
     "2020-01-01 is how OData V4 writes a date, and this service speaks V2",
     "write datetime'2020-01-01T00:00:00'"),
    ("v2", f"Id eq {GUID}", GUID, f"{GUID} is how OData V4 writes a GUID, and this service speaks V2",
     f"write guid'{GUID}'"),
    ("v2", "contains(Name1,'x')", "contains", "contains is no function of OData V2",
     "write substringof, with its two arguments the other way round"),
    ("v2", "Kunnr in ('a')", "Kunnr in ('a')", "OData V2 and V3 have no operator in",
     "write one comparison for each value, joined by or"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "underlined", "message", "fix"), BAD_DIALECT)
def test_what_belongs_to_the_other_dialect_is_told_with_how_this_one_says_it(
    dialect: str, text: str, underlined: str, message: str, fix: str
) -> None:
    assert told(text, dialect) == [(underlined, message, fix, "error")]


FIRST = "write what is compared in front of it, as in Balance gt 0"
BAD_SYNTAX = [
    ("not ()", ")", "a field or a value is expected here, not )", FIRST),
    ("Name in (1 2)", "2", "a comma or a ) is expected here, not 2", "write in (1,2,3)"),
    ("Name in (No eq 'x')", "eq", "a comma or a ) is expected here, not eq", "write in (1,2,3)"),
    ("Name in ('a',", ",", "something is missing at the end", "complete it, as in Balance gt 0"),
    ("Name in ('a','b'", "(", "this ( is not closed", "add a )"),
    ("(1,2) eq Visits", ",", "an operator is expected here, not ,",
     "a number has a point, not a comma, and several values stand in parentheses behind `in`"),
    ("(Balance gt 1", "(", "this ( is not closed", "add a )"),
    ("contains(Name,'x'", "(", "this ( is not closed", "add a )"),
    ("Orders/any(o: o/Amount gt 5", "(", "this ( is not closed", "add a )"),
    ("Shop.Func(1", "(", "this ( is not closed", "add a )"),
    ("Balance gt 1)", ")", "this ) closes nothing", "remove it, or add a ("),
    ("Balance > 1", ">", "> is no operator of OData", "write gt"),
    ("Balance == 1", "==", "== is no operator of OData", "write eq"),
    ("Balance = 1", "=", "an operator is expected here, not =", "write eq"),
    ("Blocked && Blocked", "&&", "&& is no operator of OData", "write and"),
    ('Name eq "it\'s"', '"it\'s"', "texts stand in single quotes", "write 'it''s'"),
    ("Name eq 'x", "'x", "a text begins here and does not end", "end it with ', and write a ' inside of it twice"),
    ("Balance gt 1 andd Blocked", "andd", "an operator is expected here, not andd", "did you mean 'and'?"),
    ("Balance gt 1 Blocked", "Blocked", "an operator is expected here, not Blocked",
     "the operators are or, and, eq, ne, gt, ge, lt, le, add, sub, mul, div, divby, mod, has, in"),
    ("Name like 'x%'", "like", "an operator is expected here, not like",
     "write contains(Field,'text'), startswith(Field,'text') or endswith(Field,'text')"),
    ("Balance gt 12,5", ",", "an operator is expected here, not ,",
     "a number has a point, not a comma, and several values stand in parentheses behind `in`"),
    ("Balance gt 5 or", "r", "something is missing at the end", "complete it, as in Balance gt 0"),
    ("Balance gt eq 5", "eq", "a field or a value is expected here, not eq", FIRST),
    ("Balance gt 5x", "5x", "5x is neither a number nor a date", None),
    ("Balance gt ?", "?", "'?' has no place in a filter", None),
    ("Name%20eq%20'x'", "%20", "the filter is percent-encoded", "write it plainly; it is encoded for you"),
    ("Orders/any(5)", "5", "a variable and a colon are expected here", "write any(x: x/Field eq 1)"),
    ("Home/'x' eq 1", "'x'", "a name is expected here, not 'x'", None),
]  # fmt: skip


IMPOSSIBLE = [
    ("v4", "Founded gt 2024-02-30", "2024-02-30", "2024-02-30 is a date that does not exist", None),
    ("v4", "Changed gt 2024-01-01T25:00:00Z", "2024-01-01T25:00:00Z",
     "2024-01-01T25:00:00Z is a date and time that does not exist", None),
    ("v4", "Changed gt 2023-02-29T00:00:00Z", "2023-02-29T00:00:00Z",
     "2023-02-29T00:00:00Z is a date and time that does not exist", None),
    ("v4", "Opens gt 12:60:00", "12:60:00", "12:60:00 is a time of day that does not exist", None),
    ("v4", "Name has 'a'", "Name has 'a'", "has takes an enumeration, and Name is a text",
     "write contains(...) to look into a text"),
    ("v4", "Balance has 5", "Balance has 5", "has takes an enumeration, and Balance is a number", None),
    ("v2", "Name1 has 'a'", "Name1 has 'a'", "OData V2 and V3 have no operator has", None),
    ("v2", "Erdat gt datetime'2024-02-30T00:00:00'", "datetime'2024-02-30T00:00:00'",
     "'2024-02-30T00:00:00' is no value of datetime'...'", None),
    ("v2", "Erdat gt datetime'today'", "datetime'today'", "'today' is no value of datetime'...'",
     "write it like datetime'2026-01-15T00:00:00'"),
    ("v2", "Id eq guid'nonsense'", "guid'nonsense'", "'nonsense' is no value of guid'...'",
     "write it like guid'0c6e2d0e-0a36-4a5e-9c7b-0e6e5a3c1111'"),
    ("v2", "Opens gt time'08:00'", "time'08:00'", "'08:00' is no value of time'...'",
     "write time'PT08H00M00S'"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "underlined", "message", "fix"), IMPOSSIBLE)
def test_a_value_that_cannot_be_is_told(
    dialect: str, text: str, underlined: str, message: str, fix: str | None
) -> None:
    assert told(text, dialect) == [(underlined, message, fix, "error")]


DOUBTFUL = [
    ("v4", "Changed ge 2026-01-15", "2026-01-15",
     "Changed is a date and time (Edm.DateTimeOffset), and 2026-01-15 is a date: some services refuse that",
     "write 2026-01-15T00:00:00Z"),
    ("v4", "Changed eq ${{ params.day }}", "${{ params.day }}",
     "Changed is a date and time (Edm.DateTimeOffset), and params.day is a date: some services refuse that",
     "write datetime${{ params.day }}"),
    ("v4", "Founded gt 2026-01-15T08:00:00Z", "2026-01-15T08:00:00Z",
     "Founded is a date (Edm.Date), and 2026-01-15T08:00:00Z is a date and time: some services refuse that",
     "write 2026-01-15"),
    ("v2", "Erdat gt datetimeoffset'2026-01-15T08:00:00Z'", "datetimeoffset'2026-01-15T08:00:00Z'",
     "Erdat is a date and time (Edm.DateTime), and datetimeoffset'...' is another type: some services refuse that",
     "write datetime'2026-01-15T08:00:00'"),
    ("v2", "Changed gt datetime'2026-01-15T08:00:00'", "datetime'2026-01-15T08:00:00'",
     "Changed is a date and time (Edm.DateTimeOffset), and datetime'...' is another type: some services refuse that",
     "write datetimeoffset'2026-01-15T08:00:00Z'"),
    ("v2", "Orders/any(o: o/Amount gt 5)", "Orders/any(o: o/Amount gt 5)",
     "any and all are of OData V3 and V4, and services of V2 refuse them", None),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "underlined", "message", "fix"), DOUBTFUL)
def test_what_some_services_refuse_is_a_warning(
    dialect: str, text: str, underlined: str, message: str, fix: str | None
) -> None:
    assert told(text, dialect)[:1] == [(underlined, message, fix, "warning")]


@pytest.mark.parametrize(("text", "underlined", "message", "fix"), BAD_SYNTAX)
def test_what_cannot_be_read_is_told_at_its_place(
    text: str, underlined: str, message: str, fix: str | None
) -> None:
    assert told(text) == [(underlined, message, fix, "error")]


BAD_PARAMS = [
    ("Name eq ${{ params.number }}", "${{ params.number }}",
     "Name is a text (Edm.String), and params.number gives a number", "give the param `type: string`"),
    ("Balance gt ${{ params.text }}", "${{ params.text }}",
     "Balance is a number (Edm.Decimal), and params.text gives a text", "give the param `type: number`"),
    ("Founded gt ${{ params.text }}", "${{ params.text }}",
     "Founded is a date (Edm.Date), and params.text gives a text", "write date${{ params.text }}"),
    ("Id eq ${{ params.text }}", "${{ params.text }}",
     "Id is a GUID (Edm.Guid), and params.text gives a text", "write guid${{ params.text }}"),
    ("Name eq guid${{ params.text }}", "guid${{ params.text }}",
     "Name is a text (Edm.String), and params.text gives a GUID", "give the param `type: string`"),
    ("Name in (${{ params.list }})", "(${{ params.list }})", "params.list brings parentheses of its own",
     "remove these"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "underlined", "message", "fix"), BAD_PARAMS)
def test_a_param_counts_by_its_declared_type(text: str, underlined: str, message: str, fix: str) -> None:
    assert told(text) == [(underlined, message, fix, "error")]


def test_each_fault_of_a_filter_is_told() -> None:
    found = told("Nmae eq 'x' and (Balance gt '5' or not contians(Name,'y')) and Founded eq '2026-01-01'")
    assert [each.underlined for each in found] == ["Nmae", "'5'", "contians", "'2026-01-01'"]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("Balance GT 1", "write gt"),
        ("Blocked AND Blocked", "write and"),
        ("Contains(Name,'x')", "write contains"),
    ],
)
def test_capital_letters_are_a_warning_before_4_01(text: str, fix: str) -> None:
    assert [(each.fix, each.severity) for each in told(text)] == [(fix, "warning")]
    types = {"Balance": "Int32", "Blocked": "Boolean", "Name": "String"}
    fields = "".join(f'<Property Name="{name}" Type="Edm.{kind}"/>' for name, kind in types.items())
    newer = parse([v4_document(f'<EntityType Name="T">{fields}</EntityType>', version="4.01")])
    assert check_filter(text, newer, newer.types["S.T"], of="T", category_of=lambda _: "") == []


@pytest.mark.parametrize("entity", ["Notes", "Foreigners"])
def test_an_open_type_may_have_any_field(entity: str) -> None:
    assert told("Anything eq 'x' and Any/thing gt 5 and Any/any(x: x eq 1)", entity=entity) == []


def test_a_long_filter_and_a_deep_one_end() -> None:
    assert told(" or ".join(["Balance eq 1"] * 5000)) == []
    assert [each.underlined for each in told(" or ".join(["Balance eq 1"] * 5000 + ["x eq 1"]))] == ["x"]
    assert told("(" * 500 + "Nmae eq 1" + ")" * 500) == []


@pytest.mark.parametrize(
    "text",
    [
        *("Name", "Name asc", "Name desc", "Home/City desc", "length(Name) desc", "Orders/$count", "Manager"),
        *("Seller/Code asc", "${{ params.text }} desc"),
    ],
)
def test_a_good_order_is_no_fault(text: str) -> None:
    found = SERVICES["v4"]
    kind = found.types["Shop.Customer"]
    assert check_order(text, found, kind, of="Customers", category_of=lambda _: "") == []


@pytest.mark.parametrize(
    ("text", "underlined", "fix"),
    [
        ("Nmae desc", "Nmae", "did you mean 'Name'?"),
        ("Home/Ciy", "Ciy", "did you mean 'City'?"),
        ("Name dsc", "dsc", "did you mean 'desc'?"),
    ],
)
def test_a_wrong_order_is_told(text: str, underlined: str, fix: str) -> None:
    found = SERVICES["v4"]
    kind = found.types["Shop.Customer"]
    faults = check_order(text, found, kind, of="Customers", category_of=lambda _: "")
    assert [(text[each.offset : each.offset + each.length], each.fix) for each in faults] == [
        (underlined, fix)
    ]
