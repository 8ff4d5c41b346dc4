"""A `$metadata` document becomes a service: V2, V3, V4, what is inherited, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.metadata.documents import ITEMS, V2, V4, service, v2_document, v4_document
from txojobs.errors import ValidationError
from txojobs.metadata.csdl import MAX_DEPTH, parse, pieces, read_snapshot
from txojobs.metadata.model import EnumType, Field, Import, Navigation, Operation

if TYPE_CHECKING:
    from pathlib import Path


def test_v4_entity_sets_have_keys_fields_and_navigation_also_inherited() -> None:
    customers = service(V4).entity_sets["Customers"]
    assert customers.type == "Shop.Customer"
    assert customers.key == ("No",)
    assert list(customers.fields)[:4] == ["No", "Name", "Id", "Balance"]
    assert customers.fields["No"] == Field("No", "Edm.String", nullable=False, max_length=20)
    assert customers.fields["Balance"] == Field("Balance", "Shop.Types.Money", precision=20, scale="variable")
    assert customers.navigation == {
        "Orders": Navigation("Orders", "Shop.Order", is_many=True),
        "Seller": Navigation("Seller", "Shop.Person", nullable=False),
    }


def test_an_alias_is_replaced_by_the_namespace_also_inside_a_collection() -> None:
    found = service(V4)
    assert found.entity_sets["Notes"].type == "Shop.Note"
    assert found.operations[0].returns == "Collection(Shop.Customer)"
    assert found.types["Shop.Types.Address"].base == "Shop.Types.Place"


def test_complex_types_enumerations_and_type_definitions_of_a_second_schema_are_there() -> None:
    found = service(V4)
    assert list(found.types["Shop.Types.Address"].fields) == ["City", "Country", "Street"]
    assert not found.types["Shop.Types.Address"].is_entity
    state = EnumType("Shop.Types.OrderState", ("Open", "Released", "Credit_x0020_Hold"))
    assert found.enums["Shop.Types.OrderState"] == state
    assert found.enums["Shop.Types.Rights"].is_flags
    assert found.underlying("Shop.Types.Money") == "Edm.Decimal"
    assert found.underlying("Edm.Guid") == "Edm.Guid"


def test_singletons_functions_and_imports_are_told_apart() -> None:
    found = service(V4)
    assert list(found.singletons) == ["Me"]
    assert found.operations[1] == Operation(
        "Shop.Overdue", "function", "Collection(Shop.Customer)", "Collection(Shop.Order)"
    )
    assert found.operations[2] == Operation("Shop.Release", "action", "Shop.Order", None)
    assert found.operations[0].parameters == (("count", "Edm.Int32"),)
    assert found.imports["TopCustomers"] == Import(
        "TopCustomers", "function", "Collection(Shop.Customer)", "Shop.Top"
    )
    assert found.imports["Reset"] == Import("Reset", "action", None, "Shop.Reset")


def test_an_open_type_and_one_that_builds_upon_another_document_may_have_more_fields() -> None:
    sets = service(V4).entity_sets
    assert [name for name, each in sets.items() if each.is_open] == ["Notes", "Foreigners", "Unknown"]
    assert list(sets["Foreigners"].fields) == ["Own"]


def test_labels_come_from_annotations_inside_and_apart() -> None:
    sets = service(V4).entity_sets
    assert sets["Customers"].fields["Name"].label == "Full name"
    assert sets["Orders"].fields["Amount"].label == "Amount incl. VAT"
    assert sets["Orders"].fields["Date"].label is None


def test_every_type_knows_what_builds_upon_it() -> None:
    subtypes = service(V4).subtypes
    assert subtypes["Shop.Party"] == ("Shop.Customer", "Shop.KeyCustomer")
    assert subtypes["Shop.Customer"] == ("Shop.KeyCustomer",)
    assert "Shop.KeyCustomer" not in subtypes


def test_v2_has_labels_formats_and_texts_of_sap() -> None:
    customers = service(V2).entity_sets["Customers"]
    assert customers.label == "Customers of the shop"
    assert customers.fields["Kunnr"].label == "Customer"
    assert customers.fields["Kunnr"].text == "Name1"
    assert customers.fields["Erdat"] == Field("Erdat", "Edm.DateTime", label="Created On", display="Date")


def test_v2_navigation_follows_the_association_to_its_end() -> None:
    sets = service(V2).entity_sets
    assert sets["Customers"].navigation["Orders"] == Navigation(
        "Orders", "SHOP_SRV.Order", is_many=True, nullable=False
    )
    assert sets["Orders"].navigation["Buyer"] == Navigation("Buyer", "SHOP_SRV.Customer", nullable=True)


def test_v2_function_imports_say_what_they_return() -> None:
    assert service(V2).imports["FindCustomers"].returns == "Collection(SHOP_SRV.Customer)"


@pytest.mark.parametrize(
    ("document", "version", "dialect"),
    [
        (v4_document(ITEMS), "4.0", "v4"),
        (v4_document(ITEMS, version="4.01"), "4.01", "v4"),
        (v2_document(ITEMS), "2.0", "v2"),
        (v2_document(ITEMS, told="3.0;"), "3.0", "v2"),
        (v2_document(ITEMS, told=""), "2.0", "v2"),
        (v2_document(ITEMS, namespace="http://schemas.microsoft.com/ado/2006/04/edm"), "2.0", "v2"),
        (v2_document(ITEMS, namespace="http://schemas.microsoft.com/ado/2007/05/edm"), "2.0", "v2"),
        (
            v2_document(ITEMS, namespace="http://schemas.microsoft.com/ado/2009/11/edm", told="3.0"),
            "3.0",
            "v2",
        ),
        (v4_document(ITEMS).decode().encode("utf-16"), "4.0", "v4"),
    ],
)
def test_every_version_and_its_namespaces_are_read(document: bytes, version: str, dialect: str) -> None:
    found = parse([document])
    assert (found.version, found.dialect) == (version, dialect)
    assert found.entity_sets["Items"].key == ("No",)


def test_a_list_of_v3_is_a_collection() -> None:
    fields = '<EntityType Name="T"><Property Name="A" Type="Edm.String" CollectionKind="List"/></EntityType>'
    assert parse([v2_document(fields)]).types["S.T"].fields["A"].type == "Collection(Edm.String)"


def test_a_length_without_limit_is_none() -> None:
    fields = '<EntityType Name="T"><Property Name="A" Type="Edm.String" MaxLength="Max"/></EntityType>'
    assert parse([v4_document(fields)]).types["S.T"].fields["A"].max_length is None


def test_types_that_build_upon_each_other_end_and_are_open() -> None:
    ring = '<EntityType Name="A" BaseType="S.B"/><EntityType Name="B" BaseType="S.A"/>'
    found = parse([v4_document(ring)])
    assert found.types["S.A"].is_open
    assert found.types["S.B"].is_open


def test_a_document_may_come_byte_by_byte() -> None:
    document = V4.read_bytes()
    assert parse(document[at : at + 1] for at in range(len(document))) == service(V4)


def test_pieces_are_the_document() -> None:
    document = b"x" * 2_500_000
    assert [len(piece) for piece in pieces(document)] == [1_048_576, 1_048_576, 402_848]
    assert b"".join(pieces(document)) == document


# -- what is refused --------------------------------------------------------------------------------------------


BOMB = """<?xml version="1.0"?>
<!DOCTYPE Edmx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>
<Edmx>&c;</Edmx>"""


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        '<!DOCTYPE Edmx SYSTEM "http://127.0.0.1:9/evil.dtd"><Edmx/>',
        '<!DOCTYPE Edmx [<!ENTITY x SYSTEM "file:///etc/passwd">]><Edmx>&x;</Edmx>',
        "<!DOCTYPE Edmx><Edmx/>",
    ],
    ids=["bomb", "outside", "file", "bare"],
)
def test_a_doctype_is_refused_before_anything_in_it_counts(document: str) -> None:
    with pytest.raises(ValidationError, match="DOCTYPE"):
        parse([document.encode()])


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"", "XML: it is empty"),
        (b"   ", "XML: it is empty"),
        (b"<html><body/></html>", "it begins with <html>"),
        (b"<error>no</error>", "it begins with <error>"),
        (b"<Edmx><DataServices></Edmx>", "it is no well-formed XML: mismatched tag"),
        (b"<Edmx>", "XML: it ends in the middle"),
        (b"not xml", "it is no well-formed XML: syntax error"),
        (b'<?xml version="1.0" encoding="klingon"?><Edmx/>', "encoding"),
        (b'<Edmx a="&x;"/>', "undefined entity"),
    ],
)
def test_what_is_no_description_is_told(document: bytes, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        parse([document])


def test_the_place_of_a_fault_is_told_with_line_and_column() -> None:
    with pytest.raises(ValidationError, match="mismatched tag") as caught:
        parse([b"<Edmx>\n  <DataServices></Edmx>"])
    assert str(caught.value.where) == "$metadata:2:19"


def test_a_document_that_is_too_long_is_given_up_in_its_middle() -> None:
    read = []

    def endless() -> object:
        yield b"<Edmx>"
        while True:
            read.append(1)
            yield b" " * 1000

    with pytest.raises(ValidationError, match=r"longer than 5,000 bytes"):
        parse(endless(), max_bytes=5000)  # type: ignore[arg-type]  # a generator of bytes
    assert len(read) == 5


def test_elements_that_nest_without_end_are_refused() -> None:
    document = b"<Edmx>" + b"<a>" * MAX_DEPTH
    with pytest.raises(ValidationError, match=f"deeper than {MAX_DEPTH} levels"):
        parse([document])


def test_a_snapshot_that_cannot_be_read_says_how_to_get_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"schemas/x\.xml cannot be read") as caught:
        read_snapshot(tmp_path / "none.xml", shown_as="schemas/x.xml")
    assert caught.value.how_to_fix == "read it again: txojobs metadata ORG ENV --save"
    (tmp_path / "broken.xml").write_text("<Edmx>\n  <a>\n</Edmx>")
    with pytest.raises(ValidationError, match=r"schemas/x\.xml: it is no well-formed XML") as caught:
        read_snapshot(tmp_path / "broken.xml", shown_as="schemas/x.xml")
    assert str(caught.value.where) == "schemas/x.xml:3:3"
