"""`transform` reshapes each record: add, rename, drop, columns, types, in this order."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import InvalidJobError, Mark, StepError
from txojobs.records import Column

if TYPE_CHECKING:
    from tests.steps.conftest import Bench
    from txojobs.records import Record

ROW: Record = {"No": "007", "Qty": 3, "Price": Decimal("1.10"), "Address": {"City": "Oslo"}, "Note": None}


def one(bench: Bench, options: str, record: Record = ROW) -> Record:
    (out,) = bench.feed(f"transform: {{{options}}}", [record])
    return out


def problems_of(bench: Bench, options: str) -> list[str]:
    with pytest.raises(InvalidJobError) as caught:
        bench.feed(f"transform: {{{options}}}", [ROW])
    return [problem.message for problem in caught.value.problems]


# -- each option ------------------------------------------------------------------------------------------------


def test_columns_is_the_whole_output_in_its_order(bench: Bench) -> None:
    out = one(bench, "columns: {City: Address.City, No.: No, Source: {const: BC}}")
    assert list(out.items()) == [("City", "Oslo"), ("No.", "007"), ("Source", "BC")]


def test_add_keeps_what_is_there_and_may_replace(bench: Bench) -> None:
    out = one(bench, "add: {Total: 'mul(Qty, Price)', Qty: 'Qty'}")
    assert out == {**ROW, "Total": Decimal("3.30")}
    assert list(out) == [*ROW, "Total"]
    assert one(bench, "add: {Qty: 'add(Qty, 1)'}")["Qty"] == 4


def test_rename_is_new_to_old_and_keeps_the_place(bench: Bench) -> None:
    assert list(one(bench, "rename: {Quantity: Qty}")) == ["No", "Quantity", "Price", "Address", "Note"]


def test_two_fields_may_change_names(bench: Bench) -> None:
    out = one(bench, "rename: {Qty: Price, Price: Qty}")
    assert (out["Qty"], out["Price"]) == (Decimal("1.10"), 3)


def test_drop_leaves_fields_out(bench: Bench) -> None:
    assert list(one(bench, "drop: [Address, Note]")) == ["No", "Qty", "Price"]


def test_the_incoming_record_is_never_changed(bench: Bench) -> None:
    before = dict(ROW)
    one(bench, "add: {X: No}, rename: {Y: Qty}, drop: [Note], types: {No: integer}")
    one(bench, "types: {No: integer}")
    assert before == ROW


# -- the order --------------------------------------------------------------------------------------------------


def test_columns_sees_what_add_has_made(bench: Bench) -> None:
    assert one(bench, "add: {Total: 'mul(Qty, Price)'}, columns: {Sum: Total}") == {"Sum": Decimal("3.30")}


def test_columns_sees_new_names_and_no_old_ones(bench: Bench) -> None:
    assert one(bench, "rename: {Quantity: Qty}, columns: {Q: Quantity}") == {"Q": 3}
    with pytest.raises(StepError, match="no record has a field 'Qty'"):
        one(bench, "rename: {Quantity: Qty}, columns: {Q: Qty}")


def test_columns_sees_nothing_that_is_dropped(bench: Bench) -> None:
    with pytest.raises(StepError, match="no record has a field 'Note'"):
        one(bench, "drop: [Note], columns: {N: Note}")


def test_rename_the_wrong_way_round_says_how_it_is_written(bench: Bench) -> None:
    with pytest.raises(StepError, match="no record has a field 'Quantity'") as caught:
        one(bench, "rename: {Qty: Quantity}")
    assert str(caught.value.how_to_fix).endswith(
        "rename takes `new name: old name`, and here 'Qty' would be the new one"
    )


def test_rename_sees_what_add_has_made(bench: Bench) -> None:
    assert one(bench, "add: {T: Qty}, rename: {Total: T}")["Total"] == 3


def test_drop_sees_new_names(bench: Bench) -> None:
    assert "Quantity" not in one(bench, "rename: {Quantity: Qty}, drop: [Quantity]")


def test_types_come_last(bench: Bench) -> None:
    assert one(bench, "columns: {N: No}, types: {N: integer}") == {"N": 7}
    assert one(bench, "rename: {N: No}, types: {N: integer}")["N"] == 7


def test_an_added_expression_sees_the_record_as_it_came_in(bench: Bench) -> None:
    out = one(bench, "add: {Qty: 'add(Qty, 1)', Twice: 'mul(Qty, 2)'}")
    assert (out["Qty"], out["Twice"]) == (4, 6)


# -- what would be lost in silence ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("optional: [A]", "transform does nothing"),
        ("rename: {X: Qty, Z: Qty}", "'Qty' is renamed twice, to 'X' and 'Z'"),
        ("rename: {X: Qty}, drop: [Qty]", "drop names 'Qty', which is called 'X' by then"),
        ("rename: {X: Qty}, types: {Qty: text}", "types names 'Qty', which is called 'X' by then"),
        ("drop: [Qty], types: {Qty: text}", "types names 'Qty', which drop leaves out"),
        ("columns: {A: Qty}, types: {B: text}", "types names 'B', which is no column"),
        ('columns: {"": Qty}', "a column needs a name"),
        ('add: {" ": Qty}', "a column needs a name"),
        ('rename: {"": Qty}', "a column needs a name"),
        ("columns: {A: {type: text}}", "'A' needs either value or const"),
        ("add: {A: {value: Qty, const: 1}}", "'A' needs either value or const"),
        ("add: {A: {const: null}}", "'A' needs either value or const"),
        ("columns: {A: {value: Qty, typ: text}}", "A has no option 'typ'"),
    ],
)
def test_options_that_fight_are_an_error(bench: Bench, options: str, message: str) -> None:
    assert message in problems_of(bench, options)


def test_a_column_without_values_is_written_as_an_expression(bench: Bench) -> None:
    with pytest.raises(InvalidJobError) as caught:
        bench.feed("transform: {add: {A: {const: null}}}", [ROW])
    (problem,) = caught.value.problems
    assert problem.fix is not None
    assert "{value: 'null'}" in problem.fix
    assert one(bench, "add: {A: {value: 'null'}}")["A"] is None


def test_rename_never_overwrites_a_field(bench: Bench) -> None:
    with pytest.raises(StepError, match="record 1: rename would overwrite the field 'Price'"):
        one(bench, "rename: {Price: Qty}")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("add: {X: Prise}", "Prise"),
        ("columns: {X: {value: Prise}}", "Prise"),
        ("rename: {X: Prise}", "Prise"),
        ("drop: [Prise]", "Prise"),
        ("types: {Prise: decimal}", "Prise"),
        ("columns: {X: Address.Cty}", "Address.Cty"),
        ("add: {T: Qty}, columns: {X: Prise}", "Prise"),
    ],
)
def test_a_field_that_is_in_no_record_fails_the_step(bench: Bench, options: str, name: str) -> None:
    with pytest.raises(StepError, match=f"no record has a field '{name}'") as caught:
        one(bench, options)
    assert str(caught.value.how_to_fix).startswith("did you mean ")
    if name == "Prise":
        assert one(bench, f"{options}, optional: [Prise]") is not None


def test_an_empty_input_says_nothing(bench: Bench) -> None:
    assert bench.feed("transform: {columns: {X: Nothing}, types: {X: date}}", []) == []


# -- types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "value", "out"),
    [
        ("text", Decimal("1.10"), "1.10"),
        ("text", Decimal("1E-7"), "0.0000001"),
        ("text", Decimal("1E+3"), "1000"),
        ("text", 12345678901234567890, "12345678901234567890"),
        ("text", True, "true"),
        ("text", {"a": [1, Decimal("1.0")]}, '{"a":[1,1.0]}'),
        ("text", " x ", " x "),
        ("decimal", "1.10", Decimal("1.10")),
        ("decimal", " -5 ", Decimal(-5)),
        ("decimal", "0.1234567890123456789012345678901", Decimal("0.1234567890123456789012345678901")),
        ("decimal", 7, 7),
        ("integer", "007", 7),
        ("integer", "9007199254740993", 9007199254740993),
        ("integer", Decimal("3.0"), 3),
        ("boolean", "TRUE", True),
        ("boolean", False, False),
        ("date", "2024-02-29", "2024-02-29"),
        ("datetime", "2026-01-15T14:30:00Z", "2026-01-15T14:30:00Z"),
        ("datetime", "2026-01-15T14:30:00.1234567+01:00", "2026-01-15T14:30:00.1234567+01:00"),
        ("time", "14:30:00", "14:30:00"),
        ("time", "PT08H55M50S", "08:55:50"),
        ("time", " PT0S", "00:00:00"),
        ("time", "P0DT8H5.250S", "08:00:05.250"),
        ("time", "PT90M", "01:30:00"),
        *(
            (wanted, None, None)
            for wanted in ("text", "decimal", "integer", "boolean", "date", "datetime", "time")
        ),
    ],
)
def test_a_value_becomes_its_type_exactly(bench: Bench, wanted: str, value: object, out: object) -> None:
    record: Record = {"A": value}  # type: ignore[dict-item]  # JSON values all of them
    for options in (f"types: {{A: {wanted}}}", f"columns: {{A: {{value: A, type: {wanted}}}}}"):
        found = one(bench, options, record)["A"]
        assert found == out
        assert type(found) is type(out)
        assert str(found) == str(out)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("decimal", "1,10"),
        ("decimal", "1_0"),
        ("decimal", ""),
        ("decimal", "NaN"),
        ("decimal", True),
        ("decimal", "٣"),
        ("integer", "1.5"),
        ("integer", Decimal("0.5")),
        ("integer", "1e5000"),
        ("boolean", 1),
        ("boolean", "yes"),
        ("date", "2026-02-30"),
        ("date", "0000-01-01"),
        ("date", "15.01.2026"),
        ("date", "2026-01-15T00:00:00Z"),
        ("datetime", "2026-02-30T00:00:00Z"),
        ("datetime", "2026-01-15"),
        ("time", "24:00"),
        ("time", "PT24H"),
        ("time", "PT"),
        ("time", "P1DT1H"),
        ("date", 20260115),
    ],
)
def test_what_is_none_of_the_type_names_record_column_and_value(
    bench: Bench, wanted: str, value: object
) -> None:
    records: list[Record] = [{"A": None}, {"A": value}]  # type: ignore[dict-item]  # JSON values all of them
    with pytest.raises(StepError, match="record 2: column 'A': ") as caught:
        bench.feed(f"transform: {{types: {{A: {wanted}}}}}", records)
    assert str(value) in caught.value.what_went_wrong
    assert "rejects" in str(caught.value.how_to_fix)


def test_an_expression_that_fails_names_record_column_and_value(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"record 1: column 'T': .*007") as caught:
        one(bench, "columns: {T: 'mul(No, Qty)'}")
    assert caught.value.where == Mark("f", 4, 30)


def test_a_record_that_fails_can_be_put_aside(bench: Bench) -> None:
    records: list[Record] = [{"A": "1"}, {"A": "x"}, {"A": "3"}]
    out = bench.feed("transform: {types: {A: integer}}", records, rejects="bad.jsonl")
    assert out == [{"A": 1}, {"A": 3}]
    (path,) = bench.publish()
    assert '"reject-position":2' in path.read_text(encoding="utf-8")


# -- const, null, columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("const", "out"),
    [
        ("BC", "BC"),
        ("1.10", Decimal("1.10")),
        ("012", "012"),
        ("false", False),
        ("[1, x]", [1, "x"]),
        ('"${{ run.today }}"', "2026-01-15"),
        ('"at ${{ run.today }}"', "at 2026-01-15"),
    ],
)
def test_const_keeps_its_type(bench: Bench, const: str, out: object) -> None:
    assert one(bench, f"columns: {{A: {{const: {const}}}}}") == {"A": out}


def test_const_may_be_converted(bench: Bench) -> None:
    assert one(bench, 'columns: {A: {const: "5", type: decimal}}') == {"A": Decimal(5)}
    with pytest.raises(StepError, match="column 'A': 'x' is not a number"):
        one(bench, "columns: {A: {const: x, type: decimal}}")


def test_null_rules(bench: Bench) -> None:
    out = one(
        bench,
        "columns: {A: Note, B: 'mul(Qty, Note)', C: 'upper(Note)', D: Note.Deep, E: \"coalesce(Note, '-')\"}",
    )
    assert out == {"A": None, "B": None, "C": None, "D": None, "E": "-"}


def test_the_columns_that_go_out_are_known(bench: Bench) -> None:
    columns = (Column("No", "text"), Column("Qty", "integer"), Column("Note"))
    bench.feed(
        "transform: {add: {T: Qty}, rename: {Number: No}, drop: [Note], types: {T: decimal}}",
        [],
        columns=columns,
    )
    assert bench.columns == (Column("Number", "text"), Column("Qty", "integer"), Column("T", "decimal"))
    bench.feed(
        'transform: {columns: {A: {value: Qty, format: "0.00"}, B: No, C: {const: 1}}}', [], columns=columns
    )
    assert bench.columns == (Column("A", "integer", "0.00"), Column("B", "text"), Column("C"))
    bench.feed("transform: {add: {T: Qty}}", [])
    assert bench.columns is None
    bench.feed("transform: {columns: {A: Qty}}", [])
    assert bench.columns == (Column("A"),)


@pytest.mark.parametrize(
    ("name", "wanted", "value", "out"),
    [
        ("Amount", "decimal", "1.234,50", Decimal("1234.50")),
        ("Amount", "integer", "-7,5", Decimal("-7.5")),
        ("Net Amount", "decimal", "7,50", Decimal("7.50")),
        ("Date", "date", "31.12.2025", "2025-12-31"),
        ('Order "Date"', "date", "01.02.2025", "2025-02-01"),
    ],
)
def test_a_number_or_date_as_it_is_written_elsewhere_says_how_it_is_read(
    bench: Bench, name: str, wanted: str, value: str, out: object
) -> None:
    with pytest.raises(StepError) as caught:
        bench.feed(f"transform: {{types: {{{json.dumps(name)}: {wanted}}}}}", [{name: value}])
    example = caught.value.example
    assert str(caught.value.how_to_fix).startswith("leave it text, and add it anew")
    assert example is not None
    assert bench.feed(f"transform: {{{example}}}", [{name: value}]) == [{name: out}]


@pytest.mark.parametrize("value", ["abc", "1.5.2", "01/02/2025"])
def test_what_is_no_number_anywhere_gets_no_such_advice(bench: Bench, value: str) -> None:
    for wanted in ("decimal", "date"):
        with pytest.raises(StepError) as caught:
            bench.feed(f"transform: {{types: {{A: {wanted}}}}}", [{"A": value}])
        assert (
            caught.value.how_to_fix
            == "correct it at the source, or put the record aside with `rejects: FILE`"
        )


def test_a_field_without_a_near_one_is_answered_with_those_that_there_are(bench: Bench) -> None:
    with pytest.raises(StepError, match=r"no record has a field 'zzz', which the step names$") as caught:
        one(bench, "drop: [zzz]")
    assert caught.value.how_to_fix == f"the fields are: {', '.join(ROW)}"
    with pytest.raises(StepError, match=r"which the expression names: zzz\.y") as caught:
        one(bench, "columns: {X: zzz.y}")
    assert caught.value.how_to_fix == f"the fields are: {', '.join(ROW)}"
    many: Record = {f"F{number}": number for number in range(20)}
    with pytest.raises(StepError) as caught:
        bench.feed("transform: {drop: [zzz]}", [many])
    assert str(caught.value.how_to_fix).endswith("F10, F11, ...")
