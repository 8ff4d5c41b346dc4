"""The reference page of expressions, as Markdown: what JMESPath is, and every function of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.expressions.literal import json_text, to_literal
from txojobs.expressions.paths import quoted
from txojobs.expressions.table import FUNCTIONS

if TYPE_CHECKING:
    from txojobs.records import JsonValue

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("BalanceDue", "the field of the record"),
    ("Address.City", "a field of a field; null when Address is null"),
    ("BalanceDue > 0 && Country == 'SE'", "true or false: for `filter` and `if`"),
    ("Lines[?Quantity > 1].ItemNo", "`ItemNo` of each line for which the condition in `[?...]` is true"),
    ("{No: CustomerNo, Total: sum(Lines[].Amount)}", "a new object"),
)

_START = """# Expressions

An expression reads values out of a record. It is written in [JMESPath](https://jmespath.org), with exact
decimals and some more functions. Five examples cover most of it:

| expression | what it gives |
|---|---|
{examples}

The record itself is `@`; `Lines[0]` is the first line, `Lines[-1]` the last, `Lines[0:3]` the first three;
`a | b` hands the result of `a` to `b`; `a || b` gives `b` where `a` is empty; `!a` is not.

## Values

| write | for |
|---|---|
| `'Open'` | a text, in single quotes; a quote inside is `\\'` |
| `5`, `-5`, `1.50`, `1e3` | a number, kept to the last digit |
| `true`, `false`, `null` | themselves |
| `['SE', 'NO']`, `{{A: 'Active'}}` | a list, an object |
| `` `{{"a": [1, 2]}}` `` | any JSON, in backticks |
| `"first-name"` | a FIELD whose name has special characters, in double quotes; also a field called `"true"` |

## Nulls and wrong types

* `<`, `<=`, `>`, `>=` compare a number with a number or a text with a text. With null the result is null,
  which counts as false. Anything else, such as a text with a number, is an error: rows would be lost
  in silence.
* `==` and `!=` compare anything; `1.0 == 1` is true, `1 == '1'` and `1 == true` are false.
* Functions give null for null, aggregates leave nulls out; the tables below say where it is otherwise.
* A wrong type is an error that names the function, the field and the value.
* False are `false`, `null`, and an empty text, list or object. The number 0 counts as true.

## Absent fields

A field that an expression names and that is in no record of the input is an error, with the name that was
probably meant. `status == Open` and `status == "Open"` are found this way, since `Open` and `"Open"` are
names of fields. Name fields that may be absent in `optional`.

## Traps

* `CustomerNo == 42` is false when the field is the text `'42'`; write `CustomerNo == '42'`.
* `007` is refused: the text is `'007'`, the number `7`.
* `Lines[].Amount` leaves nulls out; `map(&Amount, Lines)` keeps them.
* `[0]` is an index, `[0, 1]` a list of two numbers; a list of one is `` `[0]` `` (but `in()` takes `[0]`).
* `[]` flattens a list; the empty list is `` `[]` ``.
* `a - b` and `a + b` do not exist: `sub(a, b)`, `add(a, b)`. A name with a hyphen needs double quotes.
* `div()` and `avg()` give up to 38 digits; .xlsx holds 15 of them. `round(div(a, b), 2)` gives two decimals.
* Dates are texts: `OrderDate >= '2026-01-01'` compares them rightly as long as all have the same form.
* Positions in a text begin with 0: `substring('abc', 1)` is `'bc'`.

Limits: {limits}

## Functions

`?` marks an argument that may be left out, `...` one that may be repeated, `&` an expression for each
element.
"""

_LIMITS = (
    "10,000 characters, 50 brackets within brackets, texts of 10 million characters, "
    "exact results of 1,000 digits."
)


def describe() -> str:
    """Return the page; it is the same at each call."""
    examples = "\n".join(f"| {_code(text)} | {what} |" for text, what in EXAMPLES)
    parts = [_START.format(examples=examples, limits=_LIMITS)]
    group = None
    for function in FUNCTIONS.values():
        if function.group != group:
            group = function.group
            parts.append(
                f"\n### {group}\n\n| function | what it gives | null | example |\n|---|---|---|---|\n"
            )
        example = f"{_code(function.example)} is {_code(_written(function.result))}"
        parts.append(f"| {_code(function.signature)} | {function.summary} | {function.nulls} | {example} |\n")
    return "".join(parts)


def _written(value: JsonValue) -> str:
    """Return a value as an expression writes it, texts in single quotes."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(name)}: {_written(member)}" for name, member in value.items()) + "}"
    return to_literal(value) if isinstance(value, str) else json_text(value)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
