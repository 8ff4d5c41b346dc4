"""YAML text to the nodes of ruamel.yaml, within limits that hold while the text is read, not afterwards.

Loaded late: importing ruamel.yaml takes 40 ms, and only whoever reads a file pays for it.

Guarantees: never raises for anything that the text holds; time and memory are bounded by the limits; every
tag is noted, also one that stands before a quoted text.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from txojobs.errors import Mark, Problem
from txojobs.yaml_faults import explain_syntax_error
from txojobs.yaml_limits import MAX_DEPTH, MAX_NODES, TooMuch
from txojobs.yaml_slips import split_lines

_LONG_TAG = re.compile(r"(?<![^\s\[{,])![^\s'\"]{1000}")
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""What YAML does not allow in a text (YAML 1.2.2, section 5.1). Slow to compile, so only for a text that has one."""


class Composed(NamedTuple):
    """The root node (None when there is none), and where a node begins with a tag: (line, column) from 0."""

    root: Any
    tags: list[tuple[int, int]]


class _Composer(Composer):
    """Counts nodes and levels while it composes, and takes note of tags."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False  # an anchor may be set again (YAML 1.2.2, section 7.1)
        self.tags: list[tuple[int, int]] = []
        self._count = 0
        self._level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        mark = event.start_mark
        self._count += 1
        if self._count > 2 * MAX_NODES:  # keys count here, too
            raise TooMuch(f"more than {MAX_NODES:,} values", mark)
        if self._level >= MAX_DEPTH:
            raise TooMuch(f"the YAML nests deeper than {MAX_DEPTH} levels", mark)
        if getattr(event, "ctag", None) is not None:
            self.tags.append((mark.line, mark.column))
        self._level += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._level -= 1


def compose(text: str, *, file: str, problems: list[Problem]) -> Composed:
    """Return the one document of `text`, or no root and a problem why."""
    if directive := re.search(r"^%.*", text, re.MULTILINE):
        where = _mark_of(text, directive.start(), file)
        problems.append(
            Problem("YAML directives are not allowed", where, "delete this line, and the --- below")
        )
        return Composed(None, [])
    if tag := _LONG_TAG.search(text):  # ruamel takes quadratic time for it
        where = _mark_of(text, tag.start(), file)
        problems.append(Problem("YAML tags are not allowed, least of all long ones", where, "delete it"))
        return Composed(None, [])
    loader = YAML(typ="safe", pure=True)
    loader.Composer = _Composer
    try:
        root = loader.compose(text)
    except TooMuch as err:
        problems.append(Problem(str(err), _inside(err.mark, text, file), err.fix))
    except MarkedYAMLError as err:
        problems.append(explain_syntax_error(err, text, file))
    except YAMLError as err:  # a character that YAML forbids carries a position, not a mark
        problems.append(_forbidden_character(err, text, file))
    except (ValueError, OverflowError):  # an escape beyond Unicode, like "\UFFFFFFFF"
        problems.append(_impossible_escape(text, file))
    else:
        return Composed(root, loader.composer.tags)
    return Composed(None, [])


def _inside(mark: Any, text: str, file: str) -> Mark:
    """Return a mark of ruamel as ours."""
    lines = split_lines(text)
    line = min(mark.line, len(lines) - 1)
    return Mark(file, line + 1, min(mark.column, len(lines[line])) + 1)


def _mark_of(text: str, position: int, file: str) -> Mark:
    before = split_lines(text[:position])
    return Mark(file, len(before), len(before[-1]) + 1)


def _impossible_escape(text: str, file: str) -> Problem:
    """Return the problem for an escape that names no character; ruamel says only that there is one."""
    found = re.search(r"\\U(?!0010|000[0-9A-Fa-f])[0-9A-Fa-f]{8}", text)
    where = _mark_of(text, found.start(), file) if found else Mark(file, 1, 1)
    fix = "write the character itself, or the digits of one, at most \\U0010FFFF"
    return Problem("an escape names no character", where, fix, length=10 if found else 1)


def _forbidden_character(err: Any, text: str, file: str) -> Problem:
    match = re.search(_FORBIDDEN, text)
    if match is None:
        return Problem(f"this is not YAML: {err}", Mark(file, 1, 1), "look for what begins and does not end")
    return Problem(
        f"the character U+{ord(match[0]):04X} is not allowed in YAML",
        _mark_of(text, match.start(), file),
        'delete it, or write it as an escape inside double quotes, like "\\u0007"',
    )
