"""What a function is: its arguments, its null rule, its example and its Python; and the check of a call.

The table itself is `table.FUNCTIONS`. A call is checked when the expression is parsed, the types of values
when it is evaluated.
"""

from __future__ import annotations

from decimal import Decimal
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from txojobs.expressions.errors import ExpressionError
from txojobs.expressions.slips import CLOCK, FUNCTION_ALIASES, WORDS, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import JsonValue

NULL_GIVES_NULL = "null gives null"
NULLS_SKIPPED = "nulls are left out"
NULL_SEEN = "null is a value like any other"


class Function(NamedTuple):
    """One function of the expression language.

    `takes` has a word for each argument: types of TYPES joined by `|`; `?` at the end means optional, `...`
    one or more of this kind. An argument whose types do not include null makes the result null when it is
    null. `example` stands alone, `result` is what it gives. A lazy `call` takes the value and the compiled
    arguments, any other the values of the arguments.
    """

    group: str
    signature: str
    takes: tuple[str, ...]
    gives: str
    nulls: str
    summary: str
    example: str
    result: JsonValue
    call: Callable[..., Any]
    lazy: bool = False
    vets: tuple[int, Callable[[Any], None]] | None = None
    """Which argument, and what raises Refused for a bad value of it: so a literal is found before the run."""

    @property
    def fewest(self) -> int:
        """The number of arguments that a call has at least."""
        return sum(not word.endswith("?") for word in self.takes)

    @property
    def most(self) -> int | None:
        """The number of arguments that a call has at most; None without a limit."""
        return None if self.takes[-1].endswith("...") else len(self.takes)

    def word(self, argument: int) -> str:
        """Return the types that an argument may have, without marks."""
        return self.takes[min(argument, len(self.takes) - 1)].rstrip("?.")


TYPES: dict[str, frozenset[type]] = {
    "any": frozenset((bool, int, Decimal, str, list, dict, type(None))),
    "number": frozenset((int, Decimal)),
    "text": frozenset((str,)),
    "boolean": frozenset((bool,)),
    "list": frozenset((list,)),
    "object": frozenset((dict,)),
    "null": frozenset((type(None),)),
    "&": frozenset((FunctionType,)),
}


def allowed_types(word: str) -> frozenset[type]:
    """Return the Python types that a word of `takes` stands for."""
    return frozenset().union(*(TYPES[name] for name in word.split("|")))


def check_call(
    name: str, arguments: list[dict[str, Any]], *, known: dict[str, Function], place: tuple[int, int]
) -> None:
    """Refuse a call of a function that is unknown or takes other arguments.

    Raises:
        ExpressionError: at the name, or at an argument that needs or must not have an `&`.
    """
    start, end = place
    function = known.get(name)
    if function is None:
        raise _unknown(name, start, known)
    few, most, given = function.fewest, function.most, len(arguments)
    if given < few or (most is not None and given > most):
        wanted = str(few) if most == few else f"at least {few}" if most is None else f"{few} to {most}"
        raise ExpressionError(
            f"{name}() takes {wanted} argument{'' if wanted == '1' else 's'}, not {given}",
            offset=start,
            length=end - start,
            how_to_fix=f"write {function.signature}",
            example=function.example,
        )
    for index, argument in enumerate(arguments):
        is_reference = argument["type"] == "expref"
        if is_reference != (function.word(index) == "&"):
            at, to = argument["span"]
            raise ExpressionError(
                f"{name}() takes a value here, without &"
                if is_reference
                else f"{name}() takes an expression for each element here, which begins with &",
                offset=at,
                length=to - at,
                how_to_fix=f"write {function.signature}",
                example=function.example,
            )


def _unknown(name: str, offset: int, known: dict[str, Function]) -> ExpressionError:
    if name.lower() in WORDS:
        fix, example = WORDS[name.lower()]
    elif name.lower() in CLOCK:
        fix, example = "write ${{ run.today }} or ${{ run.now }}, which stay the same for the whole run", None
    else:
        meant = name.lower() if name.lower() in known else FUNCTION_ALIASES.get(name.lower())
        meant = meant or nearest(name, known)
        fix = f"did you mean {meant}()?" if meant else "see the list of functions in docs/expressions.md"
        example = known[meant].example if meant else None
    return ExpressionError(
        f"there is no function {name}()", offset=offset, length=len(name), how_to_fix=fix, example=example
    )
