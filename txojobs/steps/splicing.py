"""Texts with `${{ }}` in them: each value resolved and put in as the kind of the text wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from txojobs.errors import Problem, TxoBaseError
from txojobs.steps import templates
from txojobs.steps.fitting import FAULT, Fault, Lone, Unknown, as_text, unknown_sample
from txojobs.steps.kinds import Kind, Spliced, StepRef

if TYPE_CHECKING:
    from txojobs.errors import Mark
    from txojobs.yaml_source import Scalar


class Resolver(Protocol):
    """Gives the value of a `${{ path }}`."""

    def value(self, path: str) -> object:
        """Return the value, an Unknown while it cannot be known.

        Raises:
            TxoBaseError: there is no such path, with the fix.
        """
        ...


class _PlainText(Kind):
    """A text that no rule governs."""

    __slots__ = ()

    @classmethod
    def splice(cls, value: object, before: str) -> str:
        return as_text(value, before)


def _instead(text: str) -> str:
    """Return what to write in place of something that is no path."""
    path, bar, rest = text.partition("|")
    name = path.strip().removeprefix("params.")
    if bar and "default" in rest and templates.is_path(name):
        return f"a default belongs to the param: params: {{{name}: {{default: ...}}}}"
    return "compute with a transform step, or in an expression around it"


class Splicer:
    """Makes texts; every fault becomes a Problem in `problems`."""

    def __init__(self, resolver: Resolver, problems: list[Problem]) -> None:
        self._resolver = resolver
        self._problems = problems
        self._saw_unknown = False
        self._pieces: list[str | Spliced] = []

    def lone(self, node: Scalar) -> Any:
        """Return the value of a text that is one `${{ }}` and nothing else, None for other texts, or FAULT."""
        hole = templates.lone(node.text)
        if hole is None:
            return None
        value = self._resolve(hole, node)
        return Lone(value) if not isinstance(value, Fault) else FAULT

    def _resolve(self, hole: templates.Hole, node: Scalar) -> Any:
        where = node.mark_at(hole.start)
        if not templates.is_path(hole.path):
            self._problems.append(
                Problem(
                    f"${{{{ }}}} holds a dotted path and nothing else, not {hole.path!r}",
                    where,
                    _instead(hole.path),
                    length=hole.end - hole.start,
                )
            )
            return FAULT
        try:
            return self._resolver.value(hole.path)
        except TxoBaseError as err:
            self._problems.append(
                Problem(
                    err.what_went_wrong,
                    where,
                    err.how_to_fix,
                    length=hole.end - hole.start,
                    example=err.example,
                )
            )
            return FAULT

    def text(self, node: Scalar) -> Any:
        """Return a text with each `${{ }}` replaced by its value as text, or FAULT."""
        return self._spliced(node, _PlainText)

    def kind(self, kind: type[Kind], node: Scalar) -> Any:
        """Return a text of a kind, each `${{ }}` put in by the kind's own rule, or FAULT."""
        if kind is StepRef and "${{" in node.text:
            self._problems.append(
                Problem("${{ }} cannot stand in the id of a step", node.where, "write the id itself")
            )
            return FAULT
        text = self._spliced(node, kind)
        if isinstance(text, Fault):
            return FAULT
        try:
            value = kind(text, node.where)
            value.is_sample = self._saw_unknown
            value.made_of(tuple(self._pieces))
            if not value.is_sample:
                value.vet()
        except TxoBaseError as err:
            offset = getattr(err, "offset", None)
            exact = offset is not None and text == node.text
            self._problems.append(
                Problem(
                    err.what_went_wrong,
                    node.mark_at(offset) if exact and offset is not None else node.where,
                    err.how_to_fix,
                    length=getattr(err, "length", 1) if exact else node.length,
                    example=err.example,
                )
            )
            return FAULT
        return value

    def _spliced(self, node: Scalar, kind: type[Kind]) -> Any:
        text = node.text
        self._saw_unknown = False
        self._pieces = []
        if fault := templates.slip(text):
            length = len(fault[1].partition(" is not ")[0])
            self._problems.append(Problem(fault[1], node.mark_at(fault[0]), fault[2], length=length))
            return FAULT
        parts: list[str] = []
        end, sound = 0, True
        for hole in templates.holes(text):
            before = text[: hole.start]
            quote = templates.enclosing_quote(text, hole.start, quotes=kind.quotes, escape=kind.escape)
            value = self._resolve(hole, node)
            if quote:
                sound = False
                self._quoted_hole(node, hole, quote)
            elif isinstance(value, Fault):
                sound = False
            else:
                self._pieces.append(text[end : hole.start])
                parts += [
                    text[end : hole.start],
                    self._splice_one(kind, value, before, node.mark_at(hole.start)),
                ]
            end = hole.end
        parts.append(text[end:])
        self._pieces.append(text[end:])
        return "".join(parts) if sound and all(isinstance(part, str) for part in parts) else FAULT

    def _splice_one(self, kind: type[Kind], value: object, before: str, where: Mark) -> Any:
        if isinstance(value, Unknown):
            self._saw_unknown = True
            value = kind.stand_in(unknown_sample(value), before)
        self._pieces.append(Spliced(value))
        try:
            return kind.splice(value, before)
        except TxoBaseError as err:
            self._problems.append(Problem(err.what_went_wrong, where, err.how_to_fix))
            return FAULT

    def _quoted_hole(self, node: Scalar, hole: templates.Hole, quote: str) -> None:
        text = node.text
        alone = text[hole.start - 1 : hole.start] == quote and text[hole.end : hole.end + 1] == quote
        self._problems.append(
            Problem(
                f"${{{{ {hole.path} }}}} stands between quotes, and brings its own",
                node.mark_at(hole.start),
                "remove the quotes" if alone else "take it out of the quotes and join texts with concat()",
                length=hole.end - hole.start,
            )
        )
