"""JSON with exact numbers: integers of any length, fractions as Decimal, never a float.

msgspec does the work; the standard library takes over where msgspec refuses (lone surrogates, integers
beyond 64 bit). NaN and Infinity are not JSON (RFC 8259 section 6) and are refused on both ways.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from txojobs.records import JsonValue

MAX_EXPONENT = 6144
"""The exponent range of IEEE 754 decimal128: beyond it a few bytes would become megabytes of digits."""

MAX_INTEGER_DIGITS = 4300
"""The interpreter's own limit for converting text to int and back, and msgspec's."""


def _exact(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent that not even a Decimal holds
        number = None
    if number is None or abs(number.adjusted()) > MAX_EXPONENT:
        raise ValidationError(f"the number {text[:40]} is beyond 10^{MAX_EXPONENT}")
    return number


def _exact_int(text: str) -> int:
    digits = len(text.lstrip("-"))
    if digits > MAX_INTEGER_DIGITS:
        raise ValidationError(f"a whole number has {digits:,} digits, more than {MAX_INTEGER_DIGITS:,}")
    return int(text)


def _no_constant(text: str) -> Any:
    raise ValidationError(f"{text} is not a JSON number")


_decoder = msgspec.json.Decoder(float_hook=_exact)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(data: bytes) -> JsonValue:
    """Return the value of one JSON document (UTF-8, a byte order mark is allowed).

    Raises:
        ValidationError: the bytes are no JSON, hold a number beyond the limits above, or nest too deeply.
    """
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    try:
        return _decoder.decode(data)  # type: ignore[no-any-return]  # an untyped decoder gives plain JSON values
    except (msgspec.DecodeError, UnicodeDecodeError) as err:  # the latter for bytes that are no UTF-8
        first: Exception = err
    except RecursionError:
        raise ValidationError("the JSON nests too deeply") from None
    try:
        value: JsonValue = json.loads(
            data.decode("utf-8"), parse_float=_exact, parse_int=_exact_int, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValidationError("the JSON nests too deeply") from None
    except ValueError:
        raise ValidationError(f"not valid JSON: {first}") from None
    return value


def encode(value: JsonValue) -> bytes:
    """Return compact UTF-8 JSON; a lone surrogate is written as its escape.

    Raises:
        ValidationError: the value holds a Decimal that is NaN or Infinity, a whole number beyond the limit
            above, or nests too deeply.
    """
    try:
        data = _encoder.encode(value)
        # msgspec writes a Decimal that is no number as it prints; the same letters may also be honest text
        if b"NaN" not in data and b"Infinity" not in data:
            return data
    except (OverflowError, ValueError):  # what msgspec has no way to write, we may have
        pass
    except RecursionError:
        raise ValidationError("the value nests too deeply for JSON") from None
    try:
        return _encode_slowly(value)
    except RecursionError:
        raise ValidationError("the value nests too deeply for JSON") from None


def encode_given(value: object) -> bytes:
    """Return the JSON of what a caller hands in, which may hold floats and dates: see `encode`.

    Raises:
        ValidationError: as `encode`; also for a float that is no number (null in its place would be another value),
            and for an object that JSON has no form for.
    """
    try:
        plain = msgspec.to_builtins(value, builtin_types=(Decimal,), str_keys=True)
        finite = _is_finite(plain)
    except RecursionError:
        raise ValidationError("the body nests too deeply for JSON") from None
    except TypeError as err:
        raise ValidationError(
            f"the body cannot be written as JSON: {err}",
            how_to_fix="use dicts, lists, texts, numbers, dates, True, False and None only",
        ) from None
    if not finite:
        raise ValidationError(
            "the body holds a NaN or Infinity, which JSON cannot say",
            how_to_fix="write None where null is meant",
        )
    return encode(plain)


def _is_finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return not isinstance(value, list | tuple) or all(map(_is_finite, value))


def encode_lines(values: list[Any]) -> bytes | None:
    """Return each value as compact JSON on a line of its own, which ends with a line break.

    None where one of them needs the closer look of `encode`.
    """
    try:
        data = _encoder.encode_lines(values)
    except (OverflowError, ValueError, RecursionError, TypeError):
        return None
    return None if b"NaN" in data or b"Infinity" in data else data


def _encode_slowly(value: JsonValue) -> bytes:
    parts: list[str] = []
    _append(value, parts)
    text = "".join(parts)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text).encode("utf-8")


def _append(value: JsonValue, parts: list[str]) -> None:
    if isinstance(value, dict):
        for number, (key, member) in enumerate(value.items()):
            parts.append("," if number else "{")
            parts.append(json.dumps(key, ensure_ascii=False) + ":")
            _append(member, parts)
        parts.append("}" if value else "{}")
    elif isinstance(value, list | tuple):
        for number, member in enumerate(value):
            parts.append("," if number else "[")
            _append(member, parts)
        parts.append("]" if value else "[]")
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise ValidationError(f"{value} cannot be written as JSON")
        parts.append(str(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        parts.append(_digits(value))
    else:
        parts.append(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        raise ValidationError(f"a whole number has more than {MAX_INTEGER_DIGITS:,} digits") from None
