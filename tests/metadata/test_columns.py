"""The columns of records, as their service describes them."""

from __future__ import annotations

from tests.metadata.documents import V2, V4, service
from txojobs.metadata.columns import columns_of
from txojobs.records import COLUMN_TYPES


def types_of(columns: object) -> dict[str, str | None]:
    return {column.name: column.type for column in columns}  # type: ignore[attr-defined]  # Columns, not None


def test_each_field_has_the_column_type_of_its_edm_type() -> None:
    found = service(V4)
    assert types_of(columns_of(found, found.types["Shop.KeyCustomer"])) == {
        "No": "text",
        "Name": "text",
        "Id": "text",
        "Balance": "decimal",
        "Discount": "decimal",
        "Visits": "integer",
        "Blocked": "boolean",
        "Founded": "date",
        "Changed": "datetime",
        "Opens": "time",
        "Wait": None,
        "Home": None,
        "Tags": None,
        "State": "text",
        "Grants": "text",
        "Manager": "text",
    }


def test_v2_types_have_columns_too() -> None:
    found = service(V2)
    kinds = types_of(columns_of(found, found.types["SHOP_SRV.Customer"]))
    assert [kinds[name] for name in ("Erdat", "Changed", "Opens", "Total")] == [
        *("datetime", "datetime", "time", "integer")
    ]


def test_only_types_that_files_know_are_given() -> None:
    found = service(V4)
    for kind in found.types.values():
        assert {column.type for column in columns_of(found, kind) or ()} <= {None, *COLUMN_TYPES}


def test_records_that_may_have_more_fields_have_no_known_columns() -> None:
    found = service(V4)
    assert columns_of(found, found.types["Shop.Note"]) is None
    assert columns_of(found, found.types["Shop.Foreign"]) is None
    assert columns_of(found, found.types["Shop.Customer"]) is None  # some are key customers


def test_a_label_is_no_heading_of_its_own() -> None:
    found = service(V2)
    columns = columns_of(found, found.types["SHOP_SRV.Customer"]) or ()
    assert {column.label for column in columns} == {None}
