"""Look after the files of private keys that a configuration names: who can read them, whether git tracks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.config.rules import services
from txojobs.config.secret_files import file_breaches, git_breaches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.config.explain import Breach

WHAT = "file of a private key"


def key_file_breaches(value: Any, root: Path, *, ask_git: bool = False) -> Iterator[Breach]:
    """Yield what is wrong with how each `certificate` lies on the disk, seen from the workspace.

    A file that is not there is no breach: where a configuration is checked, the keys need not be.
    """
    for path, part in services(value) if isinstance(value, dict) else ():
        auth = part.get("auth")
        named = auth.get("certificate") if isinstance(auth, dict) else None
        if not isinstance(named, str) or not named or "\0" in named:
            continue
        file = root / named
        if file.is_file():
            found = [*file_breaches(file, WHAT), *(git_breaches(file, WHAT) if ask_git else ())]
            yield from (each._replace(path=(*path, "auth", "certificate"), at_key=False) for each in found)
