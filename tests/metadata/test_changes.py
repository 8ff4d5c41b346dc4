"""What a service has changed since its snapshot."""

from __future__ import annotations

from tests.metadata.documents import V4, service
from txojobs.metadata.changes import Change, changes
from txojobs.metadata.csdl import parse

BEFORE = V4.read_text(encoding="utf-8")


def told(*replaced: tuple[str, str]) -> list[str]:
    """Return the changes that replacing texts of the document makes."""
    after = BEFORE
    for old, new in replaced:
        assert after.count(old) == 1, old
        after = after.replace(old, new)
    return [str(change) for change in changes(service(V4), parse([after.encode()]))]


def test_nothing_changed_is_nothing_told() -> None:
    assert told() == []


def test_what_is_gone_stands_first_then_what_changed_then_what_came() -> None:
    assert told(
        ('<Property Name="Email" Type="Edm.String"/>', '<Property Name="Mail" Type="Edm.String"/>'),
        ('<Property Name="Visits" Type="Edm.Int32"/>', '<Property Name="Visits" Type="Edm.Int64"/>'),
    ) == [
        "gone    People.Email   Edm.String",
        "gone    Me.Email   Edm.String",
        "changed Customers.Visits   Edm.Int32 -> Edm.Int64",
        "added   People.Mail   Edm.String",
        "added   Me.Mail   Edm.String",
    ]


def test_entity_sets_that_went_and_came_are_told() -> None:
    assert told(('<EntitySet Name="Notes"', '<EntitySet Name="Memos"')) == [
        "gone    Notes   an entity set with 1 fields",
        "added   Memos   an entity set with 1 fields",
    ]


def test_keys_limits_nulls_and_ways_to_others_count_as_changes() -> None:
    assert told(
        ('<PropertyRef Name="Line"/>', ""),
        ('Precision="18" Scale="2"', 'Precision="20"'),
        (
            '<Property Name="Date" Type="Edm.Date"/>',
            '<Property Name="Date" Type="Edm.Date" Nullable="false"/>',
        ),
        ('<NavigationProperty Name="Customer" Type="Self.Customer"/>', ""),
    ) == [
        "gone    Orders.Customer   navigation",
        "changed Orders   key No, Line -> No",
        "changed Orders.Amount   precision 18 -> 20, scale 2 -> any",
        "changed Orders.Date   is never null now",
    ]


def test_values_of_enumerations_that_went_and_came_are_told() -> None:
    assert told(('<Member Name="Released" Value="1"/>', '<Member Name="Shipped" Value="1"/>')) == [
        "gone    Shop.Types.OrderState.Released   a value of an enumeration",
        "added   Shop.Types.OrderState.Shipped   a value of an enumeration",
    ]


def test_a_label_is_no_change_that_a_job_can_feel() -> None:
    assert told(('String="Full name"', 'String="Name in full"')) == []


def test_a_change_without_detail_is_one_line() -> None:
    assert str(Change("gone", "Customers")) == "gone    Customers"
