"""Gather the secrets of an organisation and environment, and look after the file that holds them.

A variable of the environment wins over the file and may stand without it; an empty one counts as not set,
which is how build servers hand over a secret that does not exist. Secrets never come by command line.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.config.explain import Breach
from txojobs.config.names import SECRET_NAMES, variable_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX = "-config.json"
SECRETS_SUFFIX = "-config-secrets.json"
_GIT_PATIENCE_S = 10.0
_NO_ANSWER = -1


def config_names(folder: Path) -> list[str]:
    """Return the `<org>-<env>` of each configuration in a folder, sorted; hidden files are none."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"[!.]*{SUFFIX}"))


def secrets_of_environment(
    folder: Path, org: str, env: str, environ: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return the secrets that variables hold: kebab-case name -> (variable, value).

    `TXO_ACME_PROD_X_API_KEY` belongs to acme-prod, unless there is a configuration acme-prod-x.
    """
    prefix = variable_prefix(org, env)
    named = {name: environ[name] for name in environ if name.startswith(prefix) and len(name) > len(prefix)}
    if not named:
        return {}
    others = [variable_prefix(*name.rsplit("-", 1)) for name in config_names(folder) if "-" in name]
    closer = tuple(other for other in others if other.startswith(prefix) and other != prefix)
    return {
        name[len(prefix) :].lower().replace("_", "-"): (name, value.rstrip("\r\n"))
        for name, value in named.items()
        if value.strip() and not name.startswith(closer or ("\0",))
    }


def secrets_of_everybody(root: Path | None, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the secrets of every organisation and environment of a workspace, to be hidden; never raises."""
    found = [value for name, value in environ.items() if name.startswith("TXO_")]
    for path in [] if root is None else (root / "config").glob(f"*{SECRETS_SUFFIX}"):
        with contextlib.suppress(OSError):
            found += _values_in(path.read_bytes())
    return found


def _values_in(raw: bytes) -> list[str]:
    """Return the secrets of a file; of one that is no object of texts each word that is no name."""
    import json  # noqa: PLC0415 - only for a bug
    import re  # noqa: PLC0415

    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(raw)
        if isinstance(told, dict) and all(isinstance(value, str) for value in told.values()):
            return list(told.values())
    words = re.findall(r"[^\s{}\[\]\"',:=]{4,}", raw.decode("utf-8", "replace"))
    return [word for word in words if not word.endswith(SECRET_NAMES)]


def file_breaches(path: Path, what: str = "secrets file") -> list[Breach]:
    """Return what is wrong with how a file of secrets lies on the disk; `what` names it in messages."""
    if os.name == "nt" or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return []
    fix = f"let only its owner read it: chmod 600 {_to_type(path)}"
    return [Breach((), f"other users of this machine can read this {what}", fix, severity="warning")]


def _to_type(path: Path) -> str:
    """Return a path as a shell takes it here: from the current folder where that is above it, else whole."""
    import shlex  # noqa: PLC0415 - only for what is wrong

    whole = path.resolve()
    here = Path.cwd()
    return shlex.quote(str(whole.relative_to(here) if here in whole.parents else whole))


def git_breaches(path: Path, what: str = "secrets file") -> list[Breach]:
    """Return a breach when git tracks the file; nothing where there is no repository or no git."""
    code, relative = _git(path, "ls-files", "--error-unmatch", "--", magic=":(literal)")
    if code == 0:
        fix = "take it out of git, add it to .gitignore, and change every secret in it"
        example = f"git rm --cached {relative}"
        return [Breach((), f"git tracks this {what}: whoever has the repository has it", fix, example)]
    return [] if code in (None, 1) else [_unknown_to_git(what)]


def git_ignores(path: Path) -> bool | None:
    """Return whether git leaves a path out, there or not; None where no git says so."""
    code, _ = _git(path, "check-ignore", "-q", "--")
    return {0: True, 1: False}.get(code) if code is not None else None


def _git(path: Path, *words: str, magic: str = "") -> tuple[int | None, str]:
    """Return the exit code of a git command about a path, None where there is no git, and git's name of the path."""
    import shutil  # noqa: PLC0415 - validation only; a run must start fast
    import subprocess  # noqa: PLC0415

    path = path.absolute()
    top = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    git = shutil.which("git")
    if top is None or git is None:
        return None, ""
    relative = path.relative_to(top).as_posix()
    # the hook of another repository, and our secrets, are none of this git's business
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "TXO_"))}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command; the name stands behind --
            [git, "-c", "core.fsmonitor=false", *words, f"{magic}{relative}"],
            cwd=top,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return _NO_ANSWER, relative
    return done.returncode, relative


def _unknown_to_git(what: str) -> Breach:
    message = f"git could not say whether it tracks this {what}"
    return Breach((), message, "run git status here", severity="warning")
