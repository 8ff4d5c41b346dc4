"""From a YAML node to the value of an option, by the type of its field; every fault becomes a Problem.

The binder knows no step and no root of `${{ }}`: types come from `spec`, values from a resolver.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from txojobs.errors import Mark, Problem
from txojobs.steps import templates
from txojobs.steps.fitting import (
    FAULT,
    Fault,
    Lone,
    Unknown,
    all_or_fault,
    coerced,
    described,
    fits,
    may_become,
    only_kinds,
    sample,
    yaml_type,
)
from txojobs.steps.mending import mended
from txojobs.steps.spec import Option, alternatives, in_words, is_group, is_kind, options_of, with_article
from txojobs.steps.splicing import Splicer
from txojobs.suggest import nearest, nearest_name
from txojobs.yaml_slips import ambiguous_scalar
from txojobs.yaml_source import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.steps.splicing import Resolver

T = TypeVar("T")


class Binder:
    """Binds options; `problems` grows, in the order in which faults are met.

    `doubts`, where given, gets a warning for each value that is no fault, and that another tool may read differently.
    """

    def __init__(
        self, resolver: Resolver, problems: list[Problem], *, doubts: list[Problem] | None = None
    ) -> None:
        self.resolver = resolver
        self.problems = problems
        self.doubts = doubts
        self._texts = Splicer(resolver, problems)

    def options(self, cls: type[T], node: Node, where: Mark, name: str) -> T | None:
        """Return `cls` made of the options in `node`, or None when any of them is at fault."""
        main = getattr(cls, "main", None)
        options = options_of(cls)
        if main is not None and not isinstance(node, Mapping):
            option = next(option for option in options if option.field == main)
            value = self.value(option.hint, node, name)
            if isinstance(value, Fault):
                return None
            missing = [each.name for each in options if each.required and each.field != main]
            if missing:
                self.problems.append(
                    Problem(f"{name} lacks {missing[0]!r}", where, f"write {name} with its options below it")
                )
                return None
            return cls(**{main: value})
        if not isinstance(node, Mapping):
            self._mismatch(name, f"options: {', '.join(option.name for option in options)}", node)
            return None
        return self._mapping(cls, options, node, where, name)

    def _mapping(
        self, cls: type[T], options: tuple[Option, ...], node: Mapping, where: Mark, name: str
    ) -> T | None:
        known = {option.name: option for option in options}
        strangers = [text for text in node.entries if text not in known]
        sound = self._refuse_unknown(name, node, known)
        sound = self._one_of(cls, node, where, name, strangers=strangers) and sound
        values: dict[str, object] = {}
        for option in options:
            entry = node.entries.get(option.name)
            if entry is None:
                if option.required and not any(
                    nearest_name(word, known) == option.name for word in strangers
                ):
                    example = option.doc.example and f"{option.name}: {option.doc.example}"
                    self.problems.append(
                        Problem(
                            f"{name} lacks {option.name!r}",
                            where,
                            f"add it below {name}: {option.doc.text}",
                            example=example,
                            length=len(name),
                        )
                    )
                    sound = False
                continue
            value = self.value(option.hint, entry.value, option.name, example=option.doc.example)
            if isinstance(value, Fault):
                sound = False
            else:
                values[option.field] = value
        return cls(**values) if sound else None

    def _one_of(self, cls: Any, node: Mapping, where: Mark, name: str, *, strangers: list[str]) -> bool:
        """Tell whether one of the options that exclude each other is there, where a class names such."""
        names: tuple[str, ...] = getattr(cls, "exactly_one", ())
        there = [each for each in names if each in node.entries]
        if len(there) == 1 or not names:
            return True
        if there:
            second = node.entries[there[1]].key.where
            problem = Problem(f"{name} takes {' or '.join(names)}, not both", second, f"delete {there[1]}")
            self.problems.append(problem._replace(length=len(there[1])))
        elif not any(nearest_name(word, names) for word in strangers):
            fix = f"add one of them below {name}"
            self.problems.append(Problem(f"{name} lacks {' or '.join(names)}", where, fix, length=len(name)))
        return False

    def _refuse_unknown(self, name: str, node: Mapping, known: Iterable[str]) -> bool:
        sound = True
        for text, entry in node.entries.items():
            if (
                text not in known
                and isinstance(entry.value, Scalar)
                and not entry.value.text
                and entry.value.plain
            ):
                sound = False
                fix = "a list stands in brackets, [A, B], and a text with a comma in quotes"
                message = f"{name} has no option {text!r}, and it has no value"
                self.problems.append(
                    Problem(message, entry.key.where, nearest(text, known) or fix, length=len(text))
                )
            elif text not in known:
                sound = False
                self.problems.append(
                    Problem(
                        f"{name} has no option {text!r}",
                        entry.key.where,
                        nearest(text, known) or f"known options: {', '.join(known)}",
                        length=len(text),
                    )
                )
        return sound

    def value(self, hint: Any, node: Node, name: str, *, example: str | None = None) -> Any:
        """Return the value of one option, or FAULT; `example` shows one where no fix can be told."""
        if isinstance(node, Scalar) and isinstance(node.value, str) and not only_kinds(hint):
            hole = self._texts.lone(node)
            if isinstance(hole, Fault):
                return FAULT
            if hole is not None:
                return self._typed(hint, hole, node, name)
        for member in alternatives(hint):
            if fits(member, node):
                return self._member(member, node, name)
        self._mismatch(name, in_words(hint), node, example)
        return FAULT

    def _member(self, hint: Any, node: Node, name: str) -> Any:
        origin = get_origin(hint)
        if origin is tuple and isinstance(node, Sequence):
            return all_or_fault(tuple, [self.value(get_args(hint)[0], item, name) for item in node.items])
        if origin is dict and isinstance(node, Mapping):
            return self._named(get_args(hint)[1], node)
        if is_group(hint):
            found = self.options(hint, node, node.where, name)
            return FAULT if found is None else found
        if is_kind(hint) and isinstance(node, Scalar):
            return self._texts.kind(hint, node)
        if hint is object:
            return self._any(node)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return self._texts.text(node)
        assert isinstance(node, Scalar)  # noqa: S101  # fits has let nothing else through
        if hint is Decimal and isinstance(node.value, int):
            return Decimal(node.value)
        return node.value

    def _any(self, node: Node) -> Any:
        """Return any YAML as plain values."""
        if isinstance(node, Sequence):
            return all_or_fault(list, [self.value(object, item, "value") for item in node.items])
        if isinstance(node, Mapping):
            return self._named(object, node)
        if self.doubts is not None and node.plain and (doubt := ambiguous_scalar(node.text, node.where)):
            self.doubts.append(doubt)
        return self._texts.text(node) if isinstance(node.value, str) else node.value

    def _named(self, hint: Any, node: Mapping) -> Any:
        """Return a mapping of names to values; a name is a plain text."""
        values = {text: self.value(hint, entry.value, text) for text, entry in node.entries.items()}
        sound = not any(isinstance(value, Fault) for value in values.values())
        for text, entry in node.entries.items():
            if "${{" in text or templates.slip(text):
                sound = False
                fix = "write the name itself"
                self.problems.append(
                    Problem("${{ }} cannot stand in a name", entry.key.where, fix, length=len(text))
                )
        return values if sound else FAULT

    # -- texts with ${{ }} --------------------------------------------------------------------------------------

    def _typed(self, hint: Any, lone: Lone, node: Scalar, name: str) -> Any:
        """Return the value of a lone `${{ }}` when it suits the hint."""
        value = lone.value
        members = alternatives(hint)
        if isinstance(value, Unknown):
            for member in members:
                if may_become(value.type, member):
                    return value.text if str in members and value.text is not None else sample(member)
        else:
            for member in members:
                if (fitting := coerced(member, value)) is not FAULT:
                    return fitting
        kind = value.type if isinstance(value, Unknown) else yaml_type(value)
        self.problems.append(
            Problem(
                f"{name} takes {with_article(in_words(hint))}, and {node.text.strip()} is {kind}",
                node.where,
                "use a value of that type, or declare the param with it",
                length=node.length,
            )
        )
        return FAULT

    # -- problems -----------------------------------------------------------------------------------------------

    def _mismatch(self, name: str, wanted: str, node: Node, example: str | None = None) -> None:
        fix = mended(node, wanted) or (None if example else f"write {with_article(wanted)}")
        self.problems.append(
            Problem(
                f"{name} takes {with_article(wanted)}, not {described(node)}",
                node.where,
                fix,
                length=getattr(node, "length", 1),
                example=f"{name}: {example}" if fix is None and example else None,
            )
        )
