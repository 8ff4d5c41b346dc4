"""Did you mean ...?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest_name(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `word`, or None when none is near; case and `_` are ignored."""
    import difflib  # noqa: PLC0415  # 3 ms, and only when something is wrong

    folded = {name.lower().replace("_", "-"): name for name in known}
    found = difflib.get_close_matches(word.lower().replace("_", "-"), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return "did you mean 'x'?", or None when nothing is near."""
    name = nearest_name(word, known)
    return None if name is None else f"did you mean {name!r}?"
