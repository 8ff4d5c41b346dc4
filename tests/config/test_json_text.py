"""A slip in JSON is named in plain words, at the place where the hand has to go."""

from __future__ import annotations

import copy
import json
import math
import pickle
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.config.json_text import MAX_BYTES, WrittenFloat, read_json
from txojobs.config.places import Places


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "fix"),
    [
        ('{\n  "a": 1,\n}', 2, 9, "comma before the closing }", "remove the comma"),
        ('{"a": [1, 2, ]}', 1, 12, "comma before the closing ]", "remove the comma"),
        ("{\n  'a': 1}", 2, 3, "single quotes", "double quotes"),
        ("{\"a\": 'x'}", 1, 7, "single quotes", "double quotes"),
        ('{\n // why\n "a": 1}', 2, 2, "JSON has no comments", '"description"'),
        ('{"a": 1 # why\n}', 1, 9, "JSON has no comments", '"description"'),
        ('{"a": /* 1 */ 2}', 1, 7, "JSON has no comments", '"description"'),
        ("{\n  \u201ca\u201d: 1}", 2, 3, "typographic quotes", "straight"),
        ('{"a": \u201dx\u201d}', 1, 7, "typographic quotes", "straight"),
        ("{a: 1}", 1, 2, "the key a has no quotes", 'write "a"'),
        ('{"a": yes}', 1, 7, "yes is no JSON value", "write true"),
        ('{"a": True}', 1, 7, "True is no JSON value", "write true"),
        ('{"a": None}', 1, 7, "None is no JSON value", "write null"),
        ('{"a": prod}', 1, 7, "a text here has no quotes", 'write it in quotes: "..."'),
        ('{"a": 1\n "b": 2}', 1, 8, "a comma is missing here", "comma"),
        ('{"a" 1}', 1, 5, "a colon is missing", '"key": value'),
        ('{"a": 1,, "b": 2}', 1, 9, "a key is missing", '"key": value'),
        ('{"a": }', 1, 7, "a value is missing before this }", "write the value"),
        ('{"a": , "b": 1}', 1, 7, "a value is missing before this comma", "comma"),
        ('{"a": .5}', 1, 7, "cannot begin with .", "0.5"),
        ('{"a": +5}', 1, 7, "cannot begin with +", "5"),
        ('{"a": 012}', 1, 7, "cannot begin with 0", "zero"),
        ('{"a": NaN}', 1, 7, "NaN is not a number", "in quotes"),
        ('{"NaN": 1, "a": -Infinity}', 1, 17, "-Infinity is not a number", "in quotes"),
        ('{"a": 1e999}', 1, 7, "1e999 is not a number", "smaller"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "this is not a number", "smaller"),
        ('{"a": "C:\\data"}', 1, 10, "backslash", "twice"),
        ('{"a": "open}', 1, 7, "no closing quote", '"'),
        ('{"a": "two\nlines"}', 1, 11, "a line break stands inside a text", "\\n"),
        ('{"a": 1', 1, 8, "ends too early", "close"),
        ('{"a": 1}\n{"b": 2}', 2, 1, "after the end", "one object"),
        ("", 1, 1, "the file is empty", "{}"),
        ("  \n ", 1, 1, "the file is empty", "{}"),
        ('{"a": \x01}', 1, 7, "'\\\\x01' cannot stand here", "brackets"),
    ],
)
def test_slips(text: str, line: int, column: int, message: str, fix: str) -> None:
    read = read_json(text.encode(), "f.json")
    assert not read.is_sound
    (problem,) = read.problems
    assert message in problem.message
    assert str(problem.where) == f"f.json:{line}:{column}"
    assert fix in (problem.fix or "")


@pytest.mark.parametrize(
    ("data", "at", "message"),
    [
        ('{"a": 1}'.encode("utf-16"), "f:1:1", "UTF-16"),
        (b'{"a":\n "\xe5"}', "f:2:3", "not saved as UTF-8"),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', "f:1:1", "larger than 1,048,576 bytes"),
        (b'{"a":' + b"[" * 60 + b"]" * 60 + b"}", "f:1:55", "more than 50 levels"),
        (b"[" * 200_000, "f:1:51", "more than 50 levels"),
    ],
)
def test_files_that_are_no_text_or_too_much(data: bytes, at: str, message: str) -> None:
    (problem,) = read_json(data, "f").problems
    assert message in problem.message
    assert str(problem.where) == at


def test_a_byte_order_mark_is_a_warning_and_moves_no_mark() -> None:
    read = read_json(b'\xef\xbb\xbf{"a": 1}', "f")
    assert read.is_sound
    assert read.value == {"a": 1}
    assert [(p.severity, str(p.where)) for p in read.problems] == [("warning", "f:1:1")]


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_is_what_json_makes_of_it_and_knows_how_it_was_written(number: str) -> None:
    read = read_json(f"[{number}]".encode(), "f")
    plain = json.loads(number)
    if isinstance(plain, float) and math.isinf(plain):
        assert not read.is_sound
        return
    (value,) = read.value
    assert value == plain
    assert isinstance(value, type(plain))
    assert Decimal(value.text if isinstance(value, WrittenFloat) else value) == Decimal(number)
    assert getattr(value, "text", number) == number


def test_g2_scripts_use_numbers_as_the_floats_that_they_are() -> None:
    value = read_json(b'{"a": 12345678901234567.890}', "f").value["a"]
    assert isinstance(value, float)
    assert type(value * 2) is float
    assert json.dumps({"a": value}) == '{"a": 1.2345678901234568e+16}'
    assert repr(value) == "1.2345678901234568e+16"
    copies: list[Any] = [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]
    for made in copies:
        assert made == value
        assert made.text == "12345678901234567.890"


def test_duplicates_are_found_at_every_depth_with_both_places() -> None:
    text = '{"a": 1,\n "b": {"x": 1, "x": 2, "x": 3},\n "\\u0061": 2}'
    assert read_json(text.encode(), "f").has_duplicates
    assert [(path, str(first), str(second)) for path, first, second, _ in Places(text, "f").repeated] == [
        (("b", "x"), "f:2:8", "f:2:16"),
        (("b", "x"), "f:2:8", "f:2:24"),
        (("a",), "f:1:2", "f:3:2"),
    ]


def test_a_hostile_file_costs_no_more_than_its_size() -> None:
    begun = time.process_time()
    for data in (b'"' * MAX_BYTES, b'{"a":"' * 150_000, b"\\" * MAX_BYTES, b'["\\"' * 200_000):
        assert not read_json(data, "f").is_sound
    assert time.process_time() - begun < 10


def reach(value: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    value=json_values, layout=st.sampled_from([{}, {"indent": 2}, {"indent": "\t", "ensure_ascii": False}])
)
def test_each_place_holds_the_value_of_its_path(value: Any, layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)
    for path, place in Places(text, "f")._found.items():
        assert json.loads(text[place.value : place.value_end]) == reach(value, path)
        if place.key is not None:
            assert json.loads(text[place.key : place.key_end]) == path[-1]
