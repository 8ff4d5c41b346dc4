"""Which fields an expression names."""

from __future__ import annotations

import pytest

from txojobs.expressions import parse, path_text


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("BalanceDue > 0", "BalanceDue"),
        ("@.BalanceDue", "BalanceDue"),
        ("Address.City", "Address.City"),
        ("Address.City || Name", "Address.City Name"),
        ("Address || Address.City", "Address.City"),
        ("'text'", ""),
        ("Lines[].Amount", "Lines[].Amount"),
        ("Lines[*].Amount", "Lines[].Amount"),
        ("Lines[0].Amount", "Lines[].Amount"),
        ("Lines[1:3].Amount", "Lines[].Amount"),
        ("Lines[-1]", "Lines"),
        ("Lines[?Amount > 5]", "Lines[].Amount"),
        ("Lines[?Amount > 5].No | [0]", "Lines[].Amount Lines[].No"),
        ("Lines[?Amount > 5] | [0].No", "Lines[].Amount Lines[].No"),
        ("Lines[].Tags[].Name", "Lines[].Tags[].Name"),
        ("Lines[][].Name", "Lines[].Name"),
        ("sum(Lines[].Amount)", "Lines[].Amount"),
        ("sort_by(Lines, &Amount)[0].No", "Lines[].Amount Lines[].No"),
        ("reverse(sort_by(Lines, &Amount))[].No", "Lines[].Amount Lines[].No"),
        ("max_by(Lines, &Amount).No", "Lines[].Amount Lines[].No"),
        ("map(&Amount, Lines)", "Lines[].Amount"),
        ("map(&Tag, Lines)[].Name", "Lines[].Tag[].Name"),
        ("(Lines || `[]`)[].Amount", "Lines[].Amount"),
        ("coalesce(Lines, `[]`)[].Amount", "Lines[].Amount"),
        ("if(A, Lines, `[]`)[].Amount", "A Lines[].Amount"),
        ("(A || B).City", "A B"),
        ("Names.*.First", "Names.*.First"),
        ("{A: Name, B: Address.City}", "Name Address.City"),
        ("{A: Name} | A", "Name"),
        ("{A: Address} | A.City", "Address.City"),
        ("Lines[].{n: Amount} | [?n > 5]", "Lines[].Amount"),
        ("[Name, Address.City] | [0]", "Name Address.City"),
        ("Address.[City, Zip]", "Address.City Address.Zip"),
        ("Address.{c: City}", "Address.City"),
        ("merge(Address, {x: Name}).y", "Address Name"),
        ("upper(Name) == 'X' && !Active", "Name Active"),
        ("in(Country, ['SE', 'NO'])", "Country"),
        ("[?Amount > 5].Name", "[].Amount [].Name"),
        ("sort_by(@, &Name)", "[].Name"),
        ("length(@)", ""),
        ('"first-name"', '"first-name"'),
        ('"@odata.etag"', '"@odata.etag"'),
        ('"a.b".c', '"a.b".c'),
        ("`{}`.a", ""),
    ],
)
def test_names(text: str, paths: str) -> None:
    assert {path_text(path) for path in parse(text).paths} == set(paths.split())


def test_a_path_is_a_tuple_of_names() -> None:
    assert parse("lines[?Amount > 5].Item.No").paths == {
        ("lines", "[]", "Amount"),
        ("lines", "[]", "Item", "No"),
    }
