"""The parts of a filter, as its parser builds them; each knows where it begins and ends in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from txojobs.metadata.reach import Segment


class Span(NamedTuple):
    """Where something stands: from `start` to before `end`."""

    start: int
    end: int


class Literal(NamedTuple):
    """A value. `kind` is the lexer's (`text`, `number`, `guid`, ...), or `word` for true, null, INF."""

    kind: str
    text: str
    span: Span


class Hole(NamedTuple):
    """A `${{ path }}`, whose value is not known yet. `word` touches it and says what it is: `guid${{ path }}`."""

    path: str
    span: Span
    word: str = ""


class Path(NamedTuple):
    """Names that lead from the record (also with `$it` in front), or from a variable of `any` and `all`."""

    segments: tuple[Segment, ...]
    span: Span


class Call(NamedTuple):
    """A function and its arguments."""

    name: Segment
    arguments: tuple[Node, ...]
    span: Span


class Every(NamedTuple):
    """`path/any(x: ...)` or `path/all(x: ...)`; without a variable it asks whether there is any record."""

    path: Path
    variable: str | None
    condition: Node | None
    span: Span


class Unary(NamedTuple):
    """`not` or a minus."""

    operator: str
    operand: Node
    span: Span


class Binary(NamedTuple):
    """Two operands and what stands between them; the operator is in lower case."""

    operator: str
    left: Node
    right: Node
    span: Span


class Group(NamedTuple):
    """Several values in parentheses: what `in` looks in."""

    items: tuple[Node, ...]
    span: Span


class Opaque(NamedTuple):
    """Something valid whose type is not known: `@alias`, `$it`, a function of the service."""

    span: Span


Node: TypeAlias = Literal | Hole | Path | Call | Every | Unary | Binary | Group | Opaque
