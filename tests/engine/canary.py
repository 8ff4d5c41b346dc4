"""Secrets that nobody can overlook: one for each place where a run holds one, and the search for any part of them.

A canary is found by any ten letters of its core, so half a secret is found, too. The core has only letters and
digits: percent-encoding, JSON and HTML leave it as it is. Its Base64 is looked for by itself, and everything once
more with line breaks and the marks of a debug log taken out.
"""

from __future__ import annotations

import base64
import random
import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WINDOW = 10
_GAP = re.compile(rb"(?:\r?\n    [|<>] |\s|\\[nrt]|%0[AaDd])+")


@dataclass(frozen=True)
class Canary:
    """One secret: `value` is what is configured or handed out, `core` the part by which it is found."""

    slot: str
    value: str
    core: str

    def traces(self) -> Iterator[bytes]:
        """Yield the texts of which none may turn up."""
        spellings = [self.core.encode(), self.core.lower().encode()]
        for before in range(3):  # Base64 has three alignments
            text = base64.b64encode(b"\0" * before + self.core.encode())
            spellings.append(text[-(-8 * before // 6) : 8 * (before + len(self.core)) // 6])
        for text in spellings:
            yield from (text[start : start + WINDOW] for start in range(len(text) - WINDOW + 1))


def canary(slot: str, before: str = "", after: str = "") -> Canary:
    """Return a new secret; `before` and `after` hold what is written otherwise in addresses, JSON or HTML."""
    dice = random.SystemRandom()
    pairs = [dice.choice(string.ascii_letters) + dice.choice(string.digits) for _ in range(11)]
    core = "".join(pairs)  # a digit in each pair: that a machine made it must not be left to chance
    return Canary(slot, f"{before}{core}{after}", core)


def found_in(places: Mapping[str, bytes], canaries: Iterable[Canary]) -> list[str]:
    """Return in which places which canaries sing; empty when all are silent."""
    found = []
    for place, content in places.items():
        joined = _GAP.sub(b"", content)
        for each in canaries:
            if any(trace in content or trace in joined for trace in each.traces()):
                found.append(f"{each.slot} in {place}")  # noqa: PERF401  # a comprehension of three is no clearer
    return found


def files_below(*folders: Path) -> dict[str, bytes]:
    """Return every byte of every file below the folders, and the names of the files."""
    found = {}
    for folder in folders:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        found.update({str(path.relative_to(folder.parent)): path.read_bytes() for path in paths})
        found[f"names in {folder.name}"] = "\n".join(map(str, paths)).encode("utf-8", "surrogateescape")
    return found


class Witness:
    """Looks at the command lines of a process and its children, and at the environment of the children."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}
        self.children = 0

    def look(self, pid: int) -> None:
        """Take down what the system tells about a process now; where it tells nothing, nothing."""
        family = [pid]
        for each in family:
            family += _children_of(each)
        for each in family:
            self._keep(f"/proc/{each}/cmdline")
        self.children = max(self.children, len(family) - 1)
        for each in family[1:]:
            self._keep(f"/proc/{each}/environ")

    def _keep(self, name: str) -> None:
        try:
            self.seen[name] = Path(name).read_bytes()
        except OSError:  # it has ended, or this system has no /proc
            return


def _children_of(pid: int) -> list[int]:
    try:
        listed = [Path(path).read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(word) for text in listed for word in text.split()]
