"""YAML text to nodes that remember where they stand: file, line and column of each key and value.

YAML 1.2, read with ruamel.yaml's composer and a walker of ours. Scalars come from their source text: `1.10` and
twenty digits stay exact, dates and `012` stay text. Anchors, aliases and merge keys work and keep the line where
they are written. No tags, no directives, one document, no duplicate keys. Limits hold before anything is built:
size, depth, and nodes counted after aliases, so that a small text cannot become a large one.

Source: YAML 1.2.2, sections 10.3 (core schema) and 3.2.1.3 (equality of keys).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from txojobs.errors import Mark, Problem
from txojobs.yaml_slips import ambiguous_scalar, cut_by_comma, cut_by_comment, explain_syntax_error

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 10_000

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+|(?<=[0-9])\.)?([eE][-+]?[0-9]{1,4})?")
_MAX_INTEGER_DIGITS = 4000


class Scalar(NamedTuple):
    """One text, number, boolean or null. `text` is what stands in the source, unescaped."""

    value: bool | int | Decimal | str | None
    text: str
    where: Mark
    plain: bool
    length: int

    def mark_at(self, offset: int) -> Mark:
        """Return the mark of a character of `text`: exact on one line without escapes, else of the start."""
        shift = {len(self.text): 0, len(self.text) + 2: 1}.get(self.length)
        return self.where if shift is None else self.where._replace(column=self.where.column + shift + offset)


class Sequence(NamedTuple):
    """A list of nodes."""

    items: tuple[Node, ...]
    where: Mark


class Mapping(NamedTuple):
    """Keys and values in the order of the source; merged keys follow the keys of the mapping itself."""

    entries: dict[str, Entry]
    where: Mark


class Entry(NamedTuple):
    """A key, where it stands, and its value."""

    key: Scalar
    value: Node


Node: TypeAlias = "Scalar | Sequence | Mapping"


class Source(NamedTuple):
    """What became of a text: its root (None when the YAML itself is broken or empty) and all problems."""

    root: Node | None
    problems: list[Problem]


def read(text: str, *, file: str) -> Source:
    """Compose `text`; `file` is the name that marks carry. Never raises for anything that the text holds."""
    problems: list[Problem] = []
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return Source(None, [Problem(f"the file is larger than {MAX_BYTES:,} bytes", Mark(file, 1, 1))])
    text = text.removeprefix("\ufeff")
    root = _compose(text, file, problems)
    if root is None:
        if not problems:
            problems.append(Problem("the file is empty", Mark(file, 1, 1)))
        return Source(None, problems)
    walker = _Walker(text, file, problems)
    try:
        return Source(walker.node(root, 1), problems)
    except _TooMuch as err:
        return Source(None, [*problems, Problem(str(err), walker.mark(err.node))])


def _compose(text: str, file: str, problems: list[Problem]) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415  # 40 ms of import: only for whoever reads a file
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    if directive := re.search(r"^%.*$", text, re.MULTILINE):
        line = text.count("\n", 0, directive.start()) + 1
        problems.append(
            Problem(
                "YAML directives are not allowed", Mark(file, line, 1), "delete this line, and the --- below"
            )
        )
        return None
    loader = YAML(typ="safe", pure=True)
    try:
        return loader.compose(text)
    except MarkedYAMLError as err:
        problems.append(explain_syntax_error(err, text, file))
    except RecursionError:
        problems.append(Problem("the YAML nests too deeply", Mark(file, 1, 1)))
    except YAMLError as err:  # a character that YAML forbids carries a position, not a mark
        problems.append(_forbidden_character(err, text, file))
    return None


def _forbidden_character(err: Any, text: str, file: str) -> Problem:
    position = getattr(err, "position", 0)
    position = position if isinstance(position, int) else 0
    before = text[:position]
    mark = Mark(file, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)
    letter = text[position : position + 1]
    return Problem(
        f"the character U+{ord(letter) if letter else 0:04X} is not allowed in YAML",
        mark,
        'delete it, or write it as an escape inside double quotes, like "\\u0007"',
    )


class _TooMuch(Exception):  # noqa: N818  # caught in this module only
    def __init__(self, message: str, node: Any) -> None:
        super().__init__(message)
        self.node = node


class _Walker:
    """Turn ruamel's nodes into ours; collect duplicate keys, tags and ambiguous scalars on the way."""

    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self.lines = text.splitlines()
        self.file = file
        self.problems = problems
        self.count = 0
        self.open: set[int] = set()
        self.warned: set[Mark] = set()

    def mark(self, node: Any) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def node(self, node: Any, depth: int, *, in_flow: bool = False) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            raise _TooMuch(f"more than {MAX_NODES:,} values, aliases counted each time they are used", node)
        if depth > MAX_DEPTH:
            raise _TooMuch(f"the YAML nests deeper than {MAX_DEPTH} levels", node)
        if id(node) in self.open:
            raise _TooMuch("an alias stands inside the value that it repeats", node)
        self._refuse_tag(node)
        kind = node.id
        if kind == "scalar":
            return self._scalar(node, in_flow=in_flow)
        flow = bool(node.flow_style)
        self.open.add(id(node))
        try:
            if kind == "sequence":
                return Sequence(
                    tuple(self.node(item, depth + 1, in_flow=flow) for item in node.value), self.mark(node)
                )
            return Mapping(self._entries(node, depth), self.mark(node))
        finally:
            self.open.discard(id(node))

    def _refuse_tag(self, node: Any) -> None:
        line = self.lines[node.start_mark.line] if node.start_mark.line < len(self.lines) else ""
        tag = re.match(r"(&\S+\s+)?(!\S*)", line[node.start_mark.column :])
        if tag is None or (node.id == "scalar" and node.style in ("'", '"')):
            return
        where = self.mark(node)
        if where not in self.warned:
            self.warned.add(where)
            self.problems.append(
                Problem(
                    f"{tag[2]} is a YAML tag, and tags are not allowed",
                    where,
                    "put the whole text in quotes when it begins with an exclamation mark",
                    length=len(tag[2]),
                )
            )

    def _scalar(self, node: Any, *, in_flow: bool) -> Scalar:
        plain = node.style is None or node.style == ""
        text = node.value
        where = self.mark(node)
        one_line = node.end_mark.line == node.start_mark.line
        length = max(1, node.end_mark.column - node.start_mark.column if one_line else len(text))
        if plain and where not in self.warned:
            self.warned.add(where)
            rest = self.lines[node.end_mark.line][node.end_mark.column :] if one_line and self.lines else ""
            problem = (
                cut_by_comment(text, rest, where, length)
                or (cut_by_comma(text, rest, where, length) if in_flow else None)
                or ambiguous_scalar(text, where)
            )
            if problem is not None:
                self.problems.append(problem)
        return Scalar(resolve(text) if plain else text, text, where, plain, length)

    def _entries(self, node: Any, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                self.problems.append(
                    Problem("a key must be a text, not a list or mapping", self.mark(key_node))
                )
                continue
            if key_node.value == "<<" and not key_node.style:
                merged.append(value_node)
                continue
            key = self._key(key_node)
            if key.text in entries:
                first = entries[key.text].key.where
                self.problems.append(
                    Problem(
                        f"{key.text!r} stands here for the second time",
                        key.where,
                        f"delete one of the two; the first is on line {first.line}",
                        length=key.length,
                    )
                )
                continue
            entries[key.text] = Entry(key, self.node(value_node, depth + 1, in_flow=bool(node.flow_style)))
        for source in merged:
            for key_text, entry in self._merge(source, depth):
                entries.setdefault(key_text, entry)
        return entries

    def _key(self, node: Any) -> Scalar:
        where = self.mark(node)
        self._refuse_tag(node)
        return Scalar(node.value, node.value, where, not node.style, max(1, len(node.value)))

    def _merge(self, source: Any, depth: int) -> Iterator[tuple[str, Entry]]:
        """Yield the entries that `<<: *name` or `<<: [*a, *b]` brings; the first source of a key wins."""
        sources = source.value if source.id == "sequence" else [source]
        for one in sources:
            walked = self.node(one, depth + 1)
            if isinstance(walked, Mapping):
                yield from walked.entries.items()
            else:
                self.problems.append(Problem("<< merges mappings only", self.mark(one)))


def resolve(text: str) -> bool | int | Decimal | str | None:
    """Return the value of a plain scalar by the core schema, without what other tools read differently."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _MAX_INTEGER_DIGITS else text
    if _DECIMAL.fullmatch(text) and any(letter.isdigit() for letter in text):
        return Decimal(text)
    return text
