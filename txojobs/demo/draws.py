"""Numbers that look random and are the same on every Python and every machine.

The random module keeps its promise of the same numbers for `random()` only; here each value depends on its
row and column alone, so that a new column changes no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_WORD = 0xFFFF_FFFF_FFFF_FFFF


def draw(row: int, column: int, below: int) -> int:
    """Return a whole number from 0 up to, not including, `below`.

    The mixing steps are those of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", 2014).
    """
    mixed = (row * 0x9E37_79B9_7F4A_7C15 + column * 0xD1B5_4A32_D192_ED03) & _WORD
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9) & _WORD
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB) & _WORD
    return (mixed ^ (mixed >> 31)) % below


def pick(row: int, column: int, choices: Sequence[T]) -> T:
    """Return one of `choices`."""
    return choices[draw(row, column, len(choices))]
