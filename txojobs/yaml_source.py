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
from txojobs.yaml_limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, TOO_LARGE, TooMuch
from txojobs.yaml_slips import cut_by_comma, cut_by_comment, quoted, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,4})?")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+(?=[^#\s])")
_MAX_INTEGER_DIGITS = 4000


class Scalar(NamedTuple):
    """One text, number, boolean or null. `text` is its value as text, without escapes and folds.

    `length` counts what stands on the first line of the source. `source` is all that stands there, from `where` on.
    `anchor` is the name behind an & in front of it.
    """

    value: bool | int | Decimal | str | None
    text: str
    where: Mark
    plain: bool
    length: int
    source: str = ""
    anchor: str | None = None

    def mark_at(self, offset: int) -> Mark:
        """Return the mark of a character of `text`, or that of the start where it cannot be told."""
        lead = 0 if self.plain else 1  # a quote
        if self.source[lead : lead + len(self.text)] == self.text:
            place: int | None = lead + offset  # as in most jobs
        else:
            from txojobs.yaml_positions import position_in  # noqa: PLC0415  # folded, escaped or a block

            place = position_in(self.source, self.text, offset, plain=self.plain)
        if place is None:
            return self.where
        file, line, column = self.where
        lines, start = self.source.count("\n", 0, place), self.source.rfind("\n", 0, place)
        return Mark(file, line + lines, place - start if lines else column + place)


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
    from txojobs.yaml_compose import compose  # noqa: PLC0415  # loads ruamel.yaml

    problems: list[Problem] = []
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return Source(
            None, [Problem(f"the file is larger than {MAX_BYTES:,} bytes", Mark(file, 1, 1), TOO_LARGE)]
        )
    text = text.removeprefix("\ufeff")
    composed = compose(text, file=file, problems=problems)
    if composed.root is None:
        return Source(None, problems or [_empty(file)])
    walker = _Walker(text, file, problems)
    walker.refuse_tags(composed.tags)
    root: Node | None = None
    try:
        root = walker.node(composed.root, 1)
    except TooMuch as err:
        problems.append(Problem(str(err), walker.mark_of(err.mark), err.fix))
    return Source(root, list(dict.fromkeys(problems)))  # what stands behind an alias is met several times


def _empty(file: str) -> Problem:
    fix = "write a version and steps, or let `txojobs new` write a job"
    return Problem("the file is empty", Mark(file, 1, 1), fix)


class _Walker:
    """Turn ruamel's nodes into ours; collect duplicate keys and cut texts on the way."""

    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self.lines = split_lines(text)
        self.file = file
        self.problems = problems
        self.count = 0
        self.open: set[int] = set()
        self.meant: dict[tuple[int, int], int] = {}
        """Where a node with a tag begins -> the column of its exclamation mark, both from 0."""

    def line(self, number: int) -> str:
        """Return a line, counted from 0; after the last one there is nothing."""
        return self.lines[number] if number < len(self.lines) else ""

    def mark_of(self, mark: Any) -> Mark:
        """Return a mark of ruamel as ours; one behind the last line becomes the end of that."""
        if mark.line >= len(self.lines):
            return Mark(self.file, len(self.lines), len(self.lines[-1]) + 1)
        return Mark(self.file, mark.line + 1, min(mark.column, len(self.lines[mark.line])) + 1)

    def mark(self, node: Any) -> Mark:
        """Return where a node begins, behind its anchor."""
        where = self.mark_of(node.start_mark)
        anchor = _PROPERTIES.match(self.line(where.line - 1), where.column - 1)
        return where._replace(column=anchor.end() + 1) if anchor else where

    def refuse_tags(self, tags: list[tuple[int, int]]) -> None:
        """Note each tag; (line, column) is where its node begins, perhaps with an anchor."""
        for number, column in tags:
            line = self.line(number)
            start, length = _tag_in(line, column)
            self.meant[(number, column)] = start
            self.problems.append(
                Problem(
                    f"{line[start : start + min(length, 40)]} is a YAML tag, and tags are not allowed",
                    Mark(self.file, number + 1, start + 1),
                    "put the whole text in quotes when it begins with an exclamation mark",
                    length=length,
                    example=quoted(line, start),
                )
            )

    def node(self, node: Any, depth: int, *, in_flow: bool = False) -> Node:
        """Return our node. `in_flow` tells that it stands inside {...} or [...]."""
        self._count(node, depth)
        if node.id == "scalar":
            return self._scalar(node, in_flow=in_flow)
        flow = bool(node.flow_style)
        self.open.add(id(node))
        try:
            if node.id == "sequence":
                return Sequence(
                    tuple(self.node(item, depth + 1, in_flow=flow) for item in node.value), self.mark(node)
                )
            return Mapping(self._entries(node, depth), self.mark(node))
        finally:
            self.open.discard(id(node))

    def _count(self, node: Any, depth: int) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            message = f"more than {MAX_NODES:,} values, aliases counted each time they are used"
            raise TooMuch(message, node.start_mark)
        if depth > MAX_DEPTH:
            raise TooMuch(f"the YAML nests deeper than {MAX_DEPTH} levels", node.start_mark)
        if id(node) in self.open:
            fix = "remove the alias, or the anchor that it names"
            raise TooMuch("an alias stands inside the value that it repeats", node.start_mark, fix)

    def _problem(self, message: str, where: Mark, fix: str | None = None, *, length: int = 1) -> None:
        self.problems.append(Problem(message, where, fix, length=length))

    def _scalar(self, node: Any, *, in_flow: bool) -> Scalar:
        tag = self.meant.get((node.start_mark.line, node.start_mark.column))
        if tag is not None and not node.style:
            return self._with_its_tag(node, tag)
        text, where, length = self._place(node)
        plain = not node.style
        if plain:
            rest = self.line(where.line - 1)[where.column - 1 + length :]
            problem = (cut_by_comment(text, rest, where, length) if length == len(text) else None) or (
                cut_by_comma(text, rest, where, length) if in_flow else None
            )
            if problem is not None:
                self.problems.append(problem)
        value = resolve(text) if plain else text
        return Scalar(value, text, where, plain, max(length, 1), self._source(node, where), node.anchor)

    def _with_its_tag(self, node: Any, start: int) -> Scalar:
        """Return an unquoted text as it was meant: nobody needs to hear of the tag and of what it has left, too."""
        number = node.start_mark.line
        line = self.line(number)
        end = node.end_mark.column if node.end_mark.line == number else len(line)
        text = line[start:end].rstrip()
        where = Mark(self.file, number + 1, start + 1)
        return Scalar(text, text, where, plain=False, length=len(text), source=text)

    def _place(self, node: Any) -> tuple[str, Mark, int]:
        """Return a scalar's text, its mark, and the length of what stands on its first line."""
        where = self.mark(node)
        line = self.line(where.line - 1)
        last = node.end_mark.column if node.end_mark.line == where.line - 1 else len(line.rstrip())
        return node.value, where, max(0, last - where.column + 1)

    def _source(self, node: Any, where: Mark) -> str:
        """Return what stands from `where` to the end of a node, its lines ended by LF."""
        first, last = where.line - 1, node.end_mark.line
        if first == last:
            return self.lines[first][where.column - 1 : node.end_mark.column]
        lines = self.lines[first : last + 1] or [""]
        lines[0] = lines[0][where.column - 1 :]
        if last < len(self.lines):
            lines[-1] = lines[-1][: node.end_mark.column]
        return "\n".join(lines)

    def _entries(self, node: Any, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: list[Any] = []
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                fix = "quote the whole text when it is an expression, and write a value as ${{ path }}"
                self._problem("a key must be a text, not a list or mapping", self.mark(key_node), fix)
                continue
            if key_node.value == "<<" and not key_node.style:
                merged.append(value_node)
                continue
            text, where, length = self._place(key_node)
            source = self._source(key_node, where)
            key = Scalar(text, text, where, not key_node.style, max(1, length), source)
            if text in entries:
                fix = f"delete one of the two; the first is on line {entries[text].key.where.line}"
                self._problem(f"{text!r} stands here for the second time", where, fix, length=key.length)
                continue
            value = self.node(value_node, depth + 1, in_flow=bool(node.flow_style))
            if isinstance(value, Scalar) and value.plain and not value.text:
                value = value._replace(where=where, length=key.length)  # nothing stands there to point at
            entries[text] = Entry(key, value)
        for each in merged:
            for key_text, entry in self._merge(each, depth):
                entries.setdefault(key_text, entry)
        return entries

    def _merge(self, source: Any, depth: int) -> Iterator[tuple[str, Entry]]:
        """Yield the entries that `<<: *name` or `<<: [*a, *b]` brings; the first source of a key wins."""
        sources = source.value if source.id == "sequence" else [source]
        for one in sources:
            walked = self.node(one, depth + 1)
            if isinstance(walked, Mapping):
                yield from walked.entries.items()
            else:
                self._problem(
                    "<< merges mappings only", self.mark(one), "merge an alias of a mapping: <<: *name"
                )


def _tag_in(line: str, column: int) -> tuple[int, int]:
    """Return where a tag stands in a line, and its length; `column` is where its node begins."""
    found = re.search(r"!\S*(?=\s+$)", line[:column]) or re.compile(r"!\S*").search(line, column)
    return (found.start(), len(found[0])) if found else (column, 1)


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
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text
