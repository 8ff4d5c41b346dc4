"""The keys of a job that are no options of a step: read one by one, each fault a Problem."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.steps.duration import seconds_in
from txojobs.steps.fitting import described, flag_hint
from txojobs.suggest import nearest
from txojobs.yaml_source import Entry, Node, Scalar, Sequence

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping


_ONE = "write one of them, or leave it out"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Reader:
    """Reads values of fixed types; None stands for a fault that is already noted, or for a missing key."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def text(self, entry: Entry | None, name: str) -> str | None:
        """Return a text without `${{ }}`."""
        if entry is None:
            return None
        node = entry.value
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            fix = (
                f'quote it: "{node.text}"'
                if isinstance(node, Scalar) and node.text
                else "write a text, or leave it out"
            )
            self._refuse(node, f"{name} takes a text, not {described(node)}", fix)
            return None
        if "${{" in node.text:
            self._refuse(node, f"{name} cannot hold ${{{{ }}}}", "write the text itself")
            return None
        return node.value

    def matching(self, node: Node, name: str, pattern: re.Pattern[str]) -> str | None:
        """Return a text that can be a name."""
        if (
            not isinstance(node, Scalar)
            or not isinstance(node.value, str)
            or not pattern.fullmatch(node.text)
        ):
            fix = "use letters, digits, - and _, and begin with a letter"
            if isinstance(node, Scalar) and node.text and pattern.fullmatch(node.text):
                fix = f'quote it: "{node.text}"'
            self._refuse(node, f"{name} takes a name, not {described(node)}", fix)
            return None
        return node.text

    def choice(
        self, entry: Entry | None, name: str, choices: Iterable[str], *, meant: Mapping[str, str] = _NOTHING
    ) -> str | None:
        """Return one of `choices`; `meant` says what to write in place of a word that is none of them."""
        if entry is None:
            return None
        known = list(choices)
        if not isinstance(entry.value, Scalar) or entry.value.text not in known:
            message = f"{name} takes one of {', '.join(known)}, not {described(entry.value)}"
            word = getattr(entry.value, "text", "")
            self._refuse(entry.value, message, meant.get(word.lower()) or nearest(word, known) or _ONE)
            return None
        return entry.value.text

    def flag(self, entry: Entry | None, name: str) -> bool:
        """Return true or false; false when it is missing."""
        if entry is None:
            return False
        if not isinstance(entry.value, Scalar) or not isinstance(entry.value.value, bool):
            message = f"{name} takes true or false, not {described(entry.value)}"
            self._refuse(entry.value, message, flag_hint(entry.value) or "write true or false")
            return False
        return entry.value.value

    def seconds(self, entry: Entry | None, name: str) -> float | None:
        """Return a duration like 90, 30s, 10m or 2h in seconds."""
        if entry is None:
            return None
        node = entry.value
        if isinstance(node, Scalar) and isinstance(node.value, int | Decimal | str):
            found = seconds_in(node.text)
            if found and not isinstance(node.value, bool):
                return float(found)
        self._refuse(node, f"{name} takes a duration, not {described(node)}", "write 90s, 10m or 2h")
        return None

    def names(self, entry: Entry | None, name: str) -> list[Scalar]:
        """Return a text, or a list of texts, as a list of scalars."""
        if entry is None:
            return []
        nodes = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        found = [node for node in nodes if isinstance(node, Scalar) and isinstance(node.value, str)]
        if len(found) != len(nodes) or not found:
            self._refuse(entry.value, f"{name} takes the id of a step, or a list of ids", "write an id")
            return []
        return found

    def _refuse(self, node: Node, message: str, fix: str | None = None) -> None:
        self.problems.append(Problem(message, node.where, fix, length=getattr(node, "length", 1)))
