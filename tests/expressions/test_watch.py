"""Fields that no record has are found, and what was meant is suggested."""

from __future__ import annotations

from typing import Any

import pytest

from txojobs.expressions import FieldWatch, parse

CUSTOMER: dict[str, Any] = {
    "CustomerNo": "1",
    "Status": "Open",
    "BalanceDue": 5,
    "Address": {"City": "Oslo", "Zip": None},
    "Lines": [{"Amount": 1, "Tags": ["x"]}],
    "Note": None,
    "Empty": [],
}


def missing(
    text: str, *records: dict[str, Any], optional: tuple[str, ...] = ()
) -> list[tuple[str, str | None]]:
    watch = FieldWatch(parse(text), optional=optional)
    watch.saw(list(records) or [CUSTOMER])
    return watch.missing()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BalanceDue > 0", []),
        ("balanceDue > 0", [("balanceDue", "BalanceDue")]),
        ("Balance_Due > 0", [("Balance_Due", "BalanceDue")]),
        ("BalanceDeu > 0", [("BalanceDeu", "BalanceDue")]),
        ("Quantity > 0", [("Quantity", None)]),
        ("Address.City", []),
        ("Address.Zip", []),
        ("Address.Citi", [("Address.Citi", "Address.City")]),
        ("Adress.City", [("Adress", "Address")]),
        ("Status.Code", [("Status.Code", None)]),
        ("Lines[].Amount", []),
        ("Lines[].Amuont", [("Lines[].Amuont", "Lines[].Amount")]),
        ("Lines[?amount > 5].Tags", [("Lines[].amount", "Lines[].Amount")]),
        ("Lines.Amount", [("Lines.Amount", "Lines[].Amount")]),
        ("Address[].City", [("Address[]", "Address.City")]),
        ("sort_by(Lines, &Nam)", [("Lines[].Nam", None)]),
        ("sum(Lines[].Amunt)", [("Lines[].Amunt", "Lines[].Amount")]),
        ("{a: Stat} | b", [("Stat", "Status"), ("b", None)]),
        ("{Name: Status} | name", [("name", "Name")]),
        ("Note.Text", []),
        ("Empty[].Text", []),
        ("Nota.Text", [("Nota", "Note")]),
        ("Status == 'Open'", []),
        ("Status == Open", [("Open", "the text 'Open'")]),
        ('Status == "Open"', [("Open", "the text 'Open'")]),
        ('Status != "Open now"', [('"Open now"', "the text 'Open now'")]),
        ('"Open" == Status', [("Open", "the text 'Open'")]),
        ("status == Open", [("Open", "the text 'Open'"), ("status", "Status")]),
        ("staus == 'Open'", [("staus", "Status")]),
        ('starts_with(Status, "O")', [("O", "the text 'O'")]),
        ('in(Status, [Open, "It\'s"])', [('"It\'s"', "the text 'It\\'s'"), ("Open", "the text 'Open'")]),
        ("BalanceDue > balancedue", [("balancedue", "BalanceDue")]),
    ],
)
def test_missing(text: str, found: list[tuple[str, str | None]]) -> None:
    assert sorted(missing(text)) == sorted(found)


def test_one_record_that_has_it_is_enough() -> None:
    assert missing("Name", {"X": 1}, {"Name": None}) == []
    assert missing("Address.City", {"Address": None}, {"Address": {}}, {"Address": {"City": 1}}) == []
    assert missing("Lines[].A", {"Lines": []}, {"Lines": [{"B": 1}, {"A": 1}]}) == []


def test_a_field_below_is_excused_while_its_parent_is_always_null() -> None:
    assert missing("Address.City", {"Address": None}, {"Address": None}) == []
    assert missing("Address.City", {"Address": None}, {}) == []
    assert missing("A.B.C", {"A": {"B": None}}, {"A": {}}) == []
    assert missing("Names.*.First", {"Names": {}}) == []


def test_a_field_below_is_missing_when_some_record_has_the_object() -> None:
    assert missing("Address.City", {"Address": None}, {"Address": {"Zip": 1}}) == [("Address.City", None)]
    assert missing("Address.City", {"Address": None}, {"Address": "Oslo"}) == [("Address.City", None)]
    assert missing("Names.*.First", {"Names": {"a": {"Last": 1}}}) == [("Names.*.First", None)]


def test_of_an_empty_input_nothing_is_said() -> None:
    watch = FieldWatch(parse("Name"), parse("{a: Name} | b"))
    assert watch.missing() == []
    whole = FieldWatch(parse("[?Name == 'x']"))
    whole.saw_value([])
    assert whole.missing() == []


def test_watches_batch_after_batch() -> None:
    watch = FieldWatch(parse("A"), parse("B && C"))
    watch.saw([{"A": 1}])
    watch.saw([{"B": 1}])
    assert watch.missing() == [("C", None)]
    watch.saw([{"C": 1}])
    assert watch.missing() == []


def test_optional_fields_are_not_watched() -> None:
    assert missing("Name", {"X": 1}, optional=("Name",)) == []
    assert missing("Address.City", {"Address": {}}, optional=("Address.City",)) == []
    assert missing("Address.City", {"X": 1}, optional=("Address",)) == []
    assert missing("Lines[].A", {"Lines": [{}]}, optional=("Lines[].A",)) == []
    assert missing("{a: X} | b", {"X": 1}, optional=("b",)) == []


def test_the_whole_list_of_a_query_is_one_value() -> None:
    watch = FieldWatch(parse("sort_by([?BalanceDeu > 5], &CustomerNo)[].{No: CustomerNo, c: Address.Cty}"))
    watch.saw_value([CUSTOMER, CUSTOMER])
    assert sorted(watch.missing()) == [
        ("[].Address.Cty", "[].Address.City"),
        ("[].BalanceDeu", "[].BalanceDue"),
    ]


class _CountsItsReaders(list[dict[str, Any]]):
    reads = 0

    def __iter__(self) -> Any:
        type(self).reads += 1
        return super().__iter__()


def test_looks_at_nothing_once_every_name_was_seen() -> None:
    watch = FieldWatch(parse("BalanceDue > 0 && Address.City != null"))
    watch.saw([CUSTOMER])
    batch = _CountsItsReaders([{"other": 1}])
    watch.saw(batch)
    assert batch.reads == 0
    assert watch.missing() == []


def test_columns_that_are_known_before_the_run_are_checked_the_same_way() -> None:
    watch = FieldWatch(parse("BalanceDeu > 0 && Address.City == 'x'"))
    watch.saw([dict.fromkeys(["BalanceDue", "Address"])])
    assert watch.missing() == [("BalanceDeu", "BalanceDue")]
