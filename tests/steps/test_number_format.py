"""A number format that Excel would refuse is found before the run; each usual one passes."""

from __future__ import annotations

import pytest
from openpyxl.styles.numbers import BUILTIN_FORMATS

from tests.job.loading import problem_of
from txojobs.errors import Mark, ValidationError
from txojobs.steps.number_format import NumberFormat

GOOD = [
    "#,##0.00",
    "0",
    "0.00%",
    "yyyy-mm-dd",
    "dd.mm.yyyy hh:mm",
    "[h]:mm:ss",
    "[mm]:ss.000",
    "h:mm AM/PM",
    '#,##0.00 "kr"',
    "#,##0.00 \\k\\r",
    "#,##0 €",
    "[$€-407] #,##0.00",
    '[Red]-0.00;[Color 12]0;"-";@',
    "[>=100]0;[<0]-0;0.00",
    "_-* #,##0.00_-;-* #,##0.00_-",
    "# ?/16",
    "0.00E+00",
    "General",
    "@",
    ";;;",
]


@pytest.mark.parametrize("text", [*GOOD, *BUILTIN_FORMATS.values()])
def test_a_format_of_a_spreadsheet_passes(text: str) -> None:
    assert NumberFormat(text).text == text


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("nonsense [[[", 0, "'n' has no meaning there"),
        ("0.00 kr", 5, "'k' has no meaning there"),
        ("#,##0.00 [Rot]", 9, "[Rot] is none of its brackets"),
        ("0 [h", 2, "a [ that is not closed"),
        ('0 "kr', 2, 'a " that is not closed'),
        ("0;0;0;0;0", 0, "it has 5 parts"),
        ("0 \\", 2, "has no meaning there"),
    ],
)
def test_what_excel_would_have_to_repair_is_refused(text: str, offset: int, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        NumberFormat(text)
    assert message in str(caught.value)
    assert getattr(caught.value, "offset", None) == offset
    assert caught.value.how_to_fix


def test_it_has_its_mark_in_a_job() -> None:
    problem = problem_of(
        "version: 1\nsteps:\n  - load: a.csv\n  - transform:\n      columns:\n"
        '        A: {value: B, format: "0.00 kr"}\n  - save: a.xlsx\n'
    )
    assert problem.where == Mark("f", 6, 37)
    assert str(problem.fix).startswith("put what is a text into double quotes")
