"""Exact arithmetic on int and Decimal.

A sum, difference or product keeps every digit or is refused; only a quotient may be rounded, to 38
significant digits or more. Nothing depends on the caller's decimal context.

Source: General Decimal Arithmetic Specification 1.70, as Python's decimal module implements it.
"""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from typing import TYPE_CHECKING, TypeAlias

from txojobs.expressions.errors import NO_VALUE, Refused
from txojobs.expressions.literal import MAX_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Number: TypeAlias = "int | Decimal"

EXACT_DIGITS = 1000
"""Digits of an exact result; the longest numbers of databases have 38, their products 76."""

QUOTIENT_DIGITS = 38

_MAX_BITS = int(EXACT_DIGITS * 3.33)
_MAX_PLACES = 100


def _context(digits: int, *, rounds: bool) -> Context:
    traps = [Overflow, InvalidOperation, Subnormal, DivisionByZero]
    return Context(
        prec=digits,
        rounding=ROUND_HALF_EVEN,
        Emin=-MAX_EXPONENT,
        Emax=MAX_EXPONENT,
        traps=traps if rounds else [Inexact, *traps],
    )


# Operations read the settings of a context and raise its flags; nobody changes the one or reads the other, so
# these are constants.
_EXACT = _context(EXACT_DIGITS, rounds=False)
_QUOTIENT = _context(QUOTIENT_DIGITS, rounds=True)
_ROUNDING = _context(MAX_EXPONENT + _MAX_PLACES + EXACT_DIGITS, rounds=True)


def _too_long() -> Refused:
    return Refused(
        f"cannot give an exact result of more than {EXACT_DIGITS:,} digits",
        0,
        NO_VALUE,
        "round the numbers first",
    )


def _plain(number: Decimal) -> Decimal:
    # 0 * -1.5 is -0.0 to the standard; nobody wants to read that in a file
    return number or number.copy_abs()


def _combined(
    whole: Callable[[int, int], int],
    exact: Callable[[Number, Number], Decimal],
    left: Number,
    right: Number,
) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        result = whole(left, right)
        if result.bit_length() > _MAX_BITS:
            raise _too_long()
        return result
    try:
        return _plain(exact(left, right))
    except DecimalException:
        raise _too_long() from None


def add(left: Number, right: Number) -> Number:
    """Return the exact sum."""
    return _combined(int.__add__, _EXACT.add, left, right)


def sub(left: Number, right: Number) -> Number:
    """Return the exact difference."""
    return _combined(int.__sub__, _EXACT.subtract, left, right)


def mul(left: Number, right: Number) -> Number:
    """Return the exact product."""
    return _combined(int.__mul__, _EXACT.multiply, left, right)


def total(numbers: Iterable[Number]) -> Number:
    """Return the exact sum of any number of numbers; 0 of none."""
    whole, fraction = 0, Decimal(0)
    fractions = False
    for number in numbers:
        if isinstance(number, int):
            whole += number
        else:
            fractions = True
            try:
                fraction = _EXACT.add(fraction, number)
            except DecimalException:
                raise _too_long() from None
    return add(fraction, whole) if fractions else whole


def div(left: Number, right: Number) -> Decimal:
    """Return the quotient, exact where 38 digits hold it, else rounded half even at the last of them.

    Operands of more than 38 digits keep the digits of both.
    """
    if right == 0:
        raise Refused("cannot divide by zero", 1, right, "guard it: if(x == 0, null, div(y, x))")
    digits = _digits(left), _digits(right)
    context = _QUOTIENT if max(digits) <= QUOTIENT_DIGITS else _context(sum(digits), rounds=True)
    try:
        return _plain(context.divide(Decimal(left), Decimal(right)))
    except DecimalException:
        raise _too_long() from None


def _digits(number: Number) -> int:
    if isinstance(number, int):
        return number.bit_length() * 302 // 1000 + 1
    return len(number.as_tuple().digits)


def mod(left: Number, right: Number) -> Number:
    """Return the remainder; it has the sign of the divisor, as in a spreadsheet."""
    if right == 0:
        raise Refused("cannot divide by zero", 1, right)
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    try:
        rest = _EXACT.remainder(Decimal(left), Decimal(right))
        return _EXACT.add(rest, right) if rest and (rest < 0) != (right < 0) else _plain(rest)
    except DecimalException:
        raise _too_long() from None


def round_half_up(number: Number, places: Number = 0) -> Number:
    """Return the number rounded to `places` decimals, halves away from zero as a spreadsheet does.

    The result has exactly that many decimals; with 0 or fewer places it is a whole number.
    """
    if places < -_MAX_PLACES or places > _MAX_PLACES or places != int(places):
        raise Refused(f"rounds to a whole number of decimals from -{_MAX_PLACES} to {_MAX_PLACES}", 1, places)
    exponent = Decimal((0, (1,), -int(places)))
    try:
        rounded = Decimal(number).quantize(exponent, rounding=ROUND_HALF_UP, context=_ROUNDING)
    except DecimalException:
        raise _too_long() from None
    return _plain(rounded) if places > 0 else _whole(rounded)


def ceiling(number: Number) -> Number:
    """Return the smallest whole number that is not below."""
    return number if isinstance(number, int) else _whole(number.to_integral_value(rounding=ROUND_CEILING))


def floor(number: Number) -> Number:
    """Return the largest whole number that is not above."""
    return number if isinstance(number, int) else _whole(number.to_integral_value(rounding=ROUND_FLOOR))


def _whole(number: Decimal) -> Number:
    # 1E+6000 stays as it is: as an int it would have more digits than can be written
    return int(number) if number.adjusted() < EXACT_DIGITS else number


def absolute(number: Number) -> Number:
    """Return the number without its sign; `abs()` of a Decimal would round it to the context."""
    return abs(number) if isinstance(number, int) else number.copy_abs()
