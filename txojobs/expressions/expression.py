"""An expression, parsed and compiled once, evaluated as often as there are records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.expressions.compare import truth
from txojobs.expressions.compiler import Compiler
from txojobs.expressions.errors import SPLIT, EvaluationError, ExpressionError, shorten
from txojobs.expressions.parser import parse_tree
from txojobs.expressions.paths import Survey

if TYPE_CHECKING:
    from txojobs.records import JsonValue


class Expression:
    """A JMESPath expression with exact numbers; safe to share between threads.

    `paths` are the fields that it names, as tuples (`("Address", "City")`, `("lines", "[]", "Amount")`);
    `texts` names that may have been meant as text, `unmade` names looked up in an object that the expression
    makes without them. FieldWatch turns all three into errors. `faults` are literals that a function would refuse
    for each record: known before there is one. `null_orders` are nulls that something shall be less or greater
    than, which nothing is. `divides` tells that the result may be a quotient, `quotients` are the
    members of objects that it makes which may be one.
    """

    __slots__ = ("_run", "divides", "faults", "null_orders", "paths", "quotients", "text", "texts", "unmade")

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            tree = parse_tree(text)
            survey = Survey(tree)
            compiler = Compiler(text)
            self._run = compiler.compile(tree)
        except RecursionError:
            raise ExpressionError(
                "the expression nests too deeply", offset=0, length=len(text), how_to_fix=SPLIT
            ) from None
        self.faults = tuple(compiler.faults)
        self.null_orders = tuple(compiler.null_orders)
        self.divides = compiler.divides
        self.quotients = frozenset(compiler.quotients)
        self.paths = survey.paths
        self.texts = frozenset(survey.texts)
        self.unmade = tuple(survey.unmade)

    def evaluate(self, value: JsonValue) -> JsonValue:
        """Return the result for a value, usually a record; the value is never changed.

        The result may share parts with the value.

        Raises:
            EvaluationError: an operator or a function met a value of a wrong type.
        """
        try:
            return self._run(value)  # type: ignore[no-any-return]  # closures work on Any, JSON in is JSON out
        except RecursionError:
            raise self._too_deep() from None

    def matches(self, value: JsonValue) -> bool:
        """Tell whether the result counts as true: anything but false, null, and empty text, list or object.

        Raises:
            EvaluationError: as evaluate.
        """
        return truth(self.evaluate(value))

    def _too_deep(self) -> EvaluationError:
        return EvaluationError(
            "the value nests too deeply for the expression",
            operator="",
            operand=shorten(self.text),
            value="",
            offset=0,
            length=len(self.text),
        )

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def parse(text: str) -> Expression:
    """Return the expression that a text spells.

    Raises:
        ExpressionError: with the place in the text: syntax, an unknown function, a wrong number of
            arguments, or a limit that is passed.
    """
    return Expression(text)
