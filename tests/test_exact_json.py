"""JSON keeps every digit on both ways, and hostile JSON is an error that says so."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.errors import ValidationError
from txojobs.exact_json import MAX_EXPONENT, MAX_INTEGER_DIGITS, decode, encode, encode_given

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import JsonValue

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**60), max_value=10**60)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())  # lone surrogates, too
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal down to types and digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Decimal) and one == one.to_integral_value() and isinstance(other, int):
        return int(one) == other and one.as_tuple().exponent == 0  # 5 is written for Decimal("5")
    return type(one) is type(other) and str(one) == str(other)


@given(value=values)
def test_what_is_encoded_decodes_to_the_same_value(value: JsonValue) -> None:
    assert same(value, decode(encode(value)))


@given(
    data=st.binary(max_size=60)
    | st.text(st.sampled_from('[]{}:,"\\uD80eE+-.0123nullNaN \n'), max_size=30).map(str.encode)
)
def test_any_bytes_are_a_value_or_a_validation_error(data: bytes) -> None:
    try:
        value = decode(data)
    except ValidationError:
        return
    assert same(value, decode(encode(value)))


@pytest.mark.parametrize(
    "text",
    ["1.10", "0.1", "9007199254740993", "18446744073709551616", "-0.0", "1E+400", "0.30000000000000000004"],
)
def test_a_number_keeps_its_digits(text: str) -> None:
    assert str(decode(text.encode())) == text
    assert encode(decode(text.encode())) == text.encode()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[NaN]", '{"a": Infinity}'])
def test_b20_nan_and_infinity_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a JSON number"):
        decode(text.encode())


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_is_not_written(number: str) -> None:
    with pytest.raises(ValidationError, match="cannot be written"):
        encode([Decimal(number), "NaN"])
    assert encode([number]) == f'["{number}"]'.encode()


@pytest.mark.parametrize("text", ["1e6145", "-1e6145", "1e-6145", "1e99999999999999999999", "0e7000"])
def test_b20_an_exponent_has_a_cap(text: str) -> None:
    with pytest.raises(ValidationError, match=rf"beyond 10\^{MAX_EXPONENT}"):
        decode(text.encode())


def test_the_cap_itself_is_allowed() -> None:
    assert decode(b"1e6144") == Decimal("1e6144")
    assert decode(b"1e-6144") == Decimal("1e-6144")


@pytest.mark.parametrize("sign", ["", "-"])
def test_b20_a_whole_number_has_a_limit_of_digits(sign: str) -> None:
    longest = sign + "9" * MAX_INTEGER_DIGITS
    assert encode(decode(longest.encode())) == longest.encode()
    for digits in (MAX_INTEGER_DIGITS + 1, 5000):
        with pytest.raises(ValidationError, match=f"has {digits:,} digits, more than"):
            decode((sign + "9" * digits).encode())
    with pytest.raises(ValidationError, match="digits"):
        encode([10**5000])


@pytest.mark.parametrize("data", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000])
def test_b20_a_hundred_thousand_brackets_are_one_error_at_once(data: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(ValidationError, match="nests too deeply"):
        decode(data)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("leaf", ["x", "\ud800", Decimal("NaN")])
def test_a_value_that_nests_too_deeply_is_not_written(leaf: JsonValue) -> None:
    value = leaf
    for _ in range(100_000):  # Python 3.12 and later nest deeper in C
        value = [value]
    with pytest.raises(ValidationError, match="nests too deeply"):
        encode(value)


def test_a_byte_order_mark_is_allowed_once() -> None:
    assert decode(b"\xef\xbb\xbf[1]") == [1]
    with pytest.raises(ValidationError):
        decode(b"\xef\xbb\xbf\xef\xbb\xbf[1]")


@pytest.mark.parametrize(
    "data", ['"é"'.encode("latin-1"), b'"\xed\xa0\x80"', '"a"'.encode("utf-16"), b'"\xff"']
)
def test_b20_bytes_that_are_no_utf8_are_refused_not_guessed(data: bytes) -> None:
    with pytest.raises(ValidationError, match="not valid JSON"):
        decode(data)


def test_half_a_character_arrives_and_is_written_as_its_escape() -> None:
    assert decode(b'"\\ud800"') == "\ud800"
    assert encode({"\ud800": "\udfff"}) == b'{"\\ud800":"\\udfff"}'
    assert encode(decode(b'["\\ud83d\\ude00", "\\ud800"]')) == '["😀","\\ud800"]'.encode()


@pytest.mark.parametrize(
    "data", [b"", b" ", b"[1", b"[1] x", b"01", b"{'a':1}", b'"\t"', b"[1,]", b"nul", b"+1", b".5"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValidationError, match="not valid JSON"):
        decode(data)


def test_of_duplicate_keys_the_last_one_wins_as_everywhere() -> None:
    assert decode(b'{"a":1,"a":2}') == {"a": 2}
    assert decode(b'{"a":1,"a":"\\ud800"}') == {"a": "\ud800"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("around", [lambda x: x, lambda x: {"a": [None, x]}, lambda x: ({"b": (x,)}, None)])
def test_a_float_that_is_no_number_is_refused_and_not_written_as_null(
    number: float, around: Callable[[float], object]
) -> None:
    with pytest.raises(ValidationError, match="NaN or Infinity"):
        encode_given(around(number))


def test_what_a_caller_hands_in_may_hold_floats_dates_and_nothing() -> None:
    given = {"a": 1.5, "b": None, "c": "NaN", "d": date(2026, 1, 31), "e": (True, Decimal("1.10"))}
    assert encode_given(given) == b'{"a":1.5,"b":null,"c":"NaN","d":"2026-01-31","e":[true,1.10]}'


def test_an_object_that_json_has_no_form_for_is_named() -> None:
    with pytest.raises(ValidationError, match="object"):
        encode_given({"a": object()})
    deep: object = 1.5
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValidationError, match="nests too deeply"):
        encode_given(deep)
