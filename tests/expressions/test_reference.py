"""The reference page, generated from the table."""

from __future__ import annotations

import re

import pytest

from txojobs.expressions import FUNCTIONS, describe, parse
from txojobs.expressions.reference import EXAMPLES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_has_a_row_for_each_function(name: str) -> None:
    function = FUNCTIONS[name]
    row = next(line for line in describe().splitlines() if line.startswith(f"| `{name}("))
    assert function.summary in row
    assert function.nulls in row
    assert function.example in row.replace("\\|", "|")


def test_writes_texts_in_single_quotes() -> None:
    assert "`upper('se')` is `'SE'`" in describe()
    assert "is `[{n: 1}, {n: 2}]`" in describe()
    assert "is `['a', 'b']`" in describe()


def test_is_the_same_each_time() -> None:
    assert describe() == describe()


def test_every_table_has_as_many_cells_as_its_head() -> None:
    cells = 0
    for line in describe().splitlines():
        bars = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert bars in (0, cells) or not cells, line
        cells = bars


@pytest.mark.parametrize("text", [text for text, _ in EXAMPLES])
def test_every_example_is_valid(text: str) -> None:
    assert parse(text).paths
    assert text in describe()
