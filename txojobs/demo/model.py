"""What the demo service offers: its entity sets, their columns, keys and page sizes, in one literal table.

`$metadata` is made from the table (OData CSDL XML 4.01); the library that answers reads nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from odatapy.edm import csdl

from txojobs.demo import data

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import Record

NAMESPACE = "Trade"


class Column(NamedTuple):
    """A property of an entity; `scale` counts decimals, "variable" where rows differ."""

    type: str
    nullable: bool = True
    scale: int | str | None = None


@dataclass(frozen=True)
class EntitySet:
    """One entity set; `page_size` is the most that one answer holds."""

    name: str
    type_name: str
    key: tuple[str, ...]
    page_size: int
    columns: dict[str, Column]
    records: Callable[[], list[Record]]

    @property
    def full_type_name(self) -> str:
        """The type's name with its namespace."""
        return f"{NAMESPACE}.{self.type_name}"


_KEY = Column("Edm.String", nullable=False)
_TEXT = Column("Edm.String")
_WHOLE = Column("Edm.Int32")
_FLAG = Column("Edm.Boolean", nullable=False)
_DATE = Column("Edm.Date")
_DECIMAL = Column("Edm.Decimal", scale="variable")
_MONEY = Column("Edm.Decimal", scale=2)
_PRICE = Column("Edm.Decimal", scale=5)
_WEIGHT = Column("Edm.Decimal", scale=3)

ADDRESS = {"Street": _TEXT, "City": _TEXT, "PostalCode": _TEXT, "Country": _TEXT}
ADDRESS_TYPE = f"{NAMESPACE}.Address"

LINES = "SalesOrderLines"
"""The entity set, and the navigation property of an order that leads to it."""

ENTITY_SETS = (
    EntitySet(
        name="Customers",
        type_name="Customer",
        key=("CustomerNo",),
        page_size=1000,
        columns={
            "CustomerNo": _KEY,
            "DisplayName": _TEXT,
            "Country": _TEXT,
            "BalanceDue": _DECIMAL,
            "CreditLimit": _WHOLE,
            "Address": Column(ADDRESS_TYPE),
            "Blocked": _FLAG,
            "CreatedAt": Column("Edm.DateTimeOffset"),
            "FoundedOn": _DATE,
            "LastOrderDate": _DATE,
            "SalespersonCode": _TEXT,
            "LastEntryNo": Column("Edm.Int64"),
            "Note": _TEXT,
        },
        records=data.customers,
    ),
    EntitySet(
        name="Items",
        type_name="Item",
        key=("ItemNo",),
        page_size=300,
        columns={
            "ItemNo": _KEY,
            "Description": _TEXT,
            "UnitPrice": _PRICE,
            "Inventory": _WHOLE,
            "Barcode": _TEXT,
            "WeightKg": _WEIGHT,
            "Discontinued": _FLAG,
        },
        records=data.items,
    ),
    EntitySet(
        name="SalesOrders",
        type_name="SalesOrder",
        key=("OrderNo",),
        page_size=500,
        columns={
            "OrderNo": _KEY,
            "CustomerNo": _TEXT,
            "OrderDate": _DATE,
            "RequestedDelivery": _DATE,
            "Status": _TEXT,
            "Amount": _MONEY,
            "CurrencyCode": _TEXT,
            "ExternalDocumentNo": _TEXT,
        },
        records=data.sales_orders,
    ),
    EntitySet(
        name=LINES,
        type_name="SalesOrderLine",
        key=("OrderNo", "LineNo"),
        page_size=2000,
        columns={
            "OrderNo": _KEY,
            "LineNo": Column("Edm.Int32", nullable=False),
            "ItemNo": _TEXT,
            "Description": _TEXT,
            "Quantity": _WEIGHT,
            "UnitPrice": _PRICE,
            "LineAmount": _MONEY,
        },
        records=data.sales_order_lines,
    ),
    EntitySet(
        name="Salespersons",
        type_name="Salesperson",
        key=("Code",),
        page_size=100,
        columns={
            "Code": _KEY,
            "Name": _TEXT,
            "Email": _TEXT,
            "Phone": _TEXT,
            "CommissionPercent": _MONEY,
            "Region": _TEXT,
        },
        records=data.salespersons,
    ),
    EntitySet(
        name="Airports",
        type_name="Airport",
        key=("Icao",),
        page_size=5000,
        columns={
            "Icao": _KEY,
            "Iata": _TEXT,
            "Name": _TEXT,
            "City": _TEXT,
            "Subdivision": _TEXT,
            "Country": _TEXT,
            "ElevationFt": _DECIMAL,
            "Latitude": _DECIMAL,
            "Longitude": _DECIMAL,
            "TimeZone": _TEXT,
            "Lid": _TEXT,
        },
        records=data.airports,
    ),
)

READERS: dict[str, Callable[[str], Any]] = {
    "Edm.Date": date.fromisoformat,
    "Edm.DateTimeOffset": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
}
"""The types that filters and orders compare by value, while a record holds their text."""


class TradeModel(csdl.CsdlAbstractEdmProvider):
    """The table as the library wants it; built once, the library asks for it at each property."""

    def __init__(self) -> None:
        lines = csdl.CsdlNavigationProperty(LINES, f"{NAMESPACE}.SalesOrderLine", collection=True)
        address = csdl.CsdlComplexType("Address", _properties(ADDRESS))
        container = csdl.CsdlEntityContainer("Container", [_entity_set(each) for each in ENTITY_SETS])
        types = [_entity_type(each) for each in ENTITY_SETS]
        for entity_type in types:
            if entity_type.name == "SalesOrder":
                entity_type.navigation_properties.append(lines)
        schema = csdl.CsdlSchema(
            NAMESPACE, entity_types=types, complex_types=[address], entity_container=container
        )
        self._schemas = [schema]

    def get_schemas(self) -> list[csdl.CsdlSchema]:
        """Return the one schema of the service."""
        return self._schemas


def _properties(columns: dict[str, Column]) -> list[csdl.CsdlProperty]:
    return [
        csdl.CsdlProperty(name, column.type, nullable=column.nullable, scale=column.scale)  # type: ignore[arg-type]  # str here, a literal there
        for name, column in columns.items()
    ]


def _entity_type(entity_set: EntitySet) -> csdl.CsdlEntityType:
    return csdl.CsdlEntityType(
        entity_set.type_name,
        _properties(entity_set.columns),
        key=[csdl.CsdlPropertyRef(name) for name in entity_set.key],
    )


def _entity_set(entity_set: EntitySet) -> csdl.CsdlEntitySet:
    bindings = [csdl.CsdlNavigationPropertyBinding(LINES, LINES)] if entity_set.name == "SalesOrders" else []
    return csdl.CsdlEntitySet(
        entity_set.name, entity_set.full_type_name, navigation_property_bindings=bindings
    )
