"""Check configuration and secrets files: every problem at once, each with its line and column."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from txojobs.config.addresses import address_breaches
from txojobs.config.explain import Breach, schema_breaches
from txojobs.config.json_text import JsonText, read_json
from txojobs.config.key_files import key_file_breaches
from txojobs.config.places import Places, dotted
from txojobs.config.rules import clear_text_breaches, environment_breaches, main_breaches
from txojobs.config.schema import fits, load_schema
from txojobs.config.secret_files import (
    SECRETS_SUFFIX,
    SUFFIX,
    file_breaches,
    git_breaches,
    secrets_of_environment,
)
from txojobs.config.secret_rules import keys_in_query, secret_breaches
from txojobs.errors import Mark, Problem
from txojobs.redact import escape_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from txojobs.config.schema import Schema


def check_config_text(
    text: str | bytes,
    *,
    file: str = "config.json",
    schema: Schema | None = None,
    secrets: Collection[str] = (),
    env: str | None = None,
) -> list[Problem]:
    """Return the problems of a main configuration, in the order of the file; an empty list when it is good.

    `secrets` are the names of the secrets that belong to it, in kebab-case; `env` its environment.
    """
    read = read_json(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, file)
    return main_problems(read, file=file, schema=schema, secrets=secrets, env=env)


def check_config_file(
    path: Path, *, workspace_root: Path | None = None, environ: Mapping[str, str] = os.environ
) -> list[Problem]:
    """Return the problems of a main configuration, or of a secrets file when its name says it is one.

    For a secrets file this includes who can read it and whether git tracks it. Marks name the file relative
    to the workspace, which is the folder above the file's when not given.
    """
    root = path.absolute().parent.parent if workspace_root is None else workspace_root
    file = shown_path(path, root)
    try:
        data = path.read_bytes()
    except OSError as err:
        return [
            Problem(
                f"the file cannot be read: {err.strerror}", Mark(file, 1, 1), "name a file that you may read"
            )
        ]
    read = read_json(data, file)
    org_env = path.name.removesuffix(SECRETS_SUFFIX).removesuffix(SUFFIX)
    if path.name.endswith(SECRETS_SUFFIX):
        main = _object_in(path.with_name(org_env + SUFFIX))
        breaches = [*file_breaches(path), *git_breaches(path)]
        return secrets_problems(read, file=file, main=main, more=breaches)
    org, _, env = org_env.rpartition("-")
    secrets: set[str] = set()
    if org and path.name.endswith(SUFFIX):
        secrets = set(secrets_of_environment(path.parent, org, env, environ))
        beside = _object_in(path.with_name(org_env + SECRETS_SUFFIX))
        secrets |= {name for name, value in beside.items() if value}
    keys = key_file_breaches(read.value, root, ask_git=True)
    return main_problems(
        read, file=file, schema=load_schema(root), secrets=secrets, env=env or None, more=keys
    )


def shown_path(path: Path, root: Path) -> str:
    """Return a path as messages name it: relative to the workspace where it lies in it, with `/`."""
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.as_posix()


def main_problems(
    read: JsonText,
    *,
    file: str,
    schema: Schema | None = None,
    secrets: Collection[str] = (),
    env: str | None = None,
    more: Iterable[Breach] = (),
) -> list[Problem]:
    """Return the problems of a main configuration that was read, and `more` that its place on the disk has."""
    if not read.is_sound:
        return read.problems
    if not isinstance(read.value, dict):
        return text_problems(read, file=file)
    schema = load_schema() if schema is None else schema
    breaches = [*main_breaches(read.value, schema["properties"]), *more]
    breaches += clear_text_breaches(read.value, secrets, env)
    breaches += environment_breaches(read.value, env)
    breaches += address_breaches(read.value)
    if not fits(read.value, schema, schema):
        said = {breach.path for breach in breaches}  # a rule says it better than the schema
        for breach in schema_breaches(read.value, schema):
            if breach.path not in said:
                breaches.append(breach)
                said.add(breach.path)  # one message for one place: an empty text also misses its pattern
    return _placed(read, file, breaches)


def text_problems(read: JsonText, *, file: str) -> list[Problem]:
    """Return what keeps a main configuration from being used at all: no JSON, no object, duplicate keys."""
    if not read.is_sound:
        return read.problems
    whole = (
        []
        if isinstance(read.value, dict)
        else [Breach((), "a configuration is one object {...}", example=_WHOLE)]
    )
    return _placed(read, file, whole)


def secrets_problems(
    read: JsonText, *, file: str, main: Any = None, more: Iterable[Breach] = ()
) -> list[Problem]:
    """Return the problems of a secrets file that was read, beside its `main` one; no message shows a value."""
    if not read.is_sound:
        return [*_placed(JsonText("{}", {}, []), file, more), *(_mute(problem) for problem in read.problems)]
    return _placed(read, file, [*more, *secret_breaches(read.value, apis_of(main), keys_in_query(main))])


_WHOLE = '{"global": {"api-base-url": "https://api.example.com/v2.0"}}'

_QUOTES_THE_FILE = ("is no JSON value", "has no quotes", "is not a number that JSON can hold")


def _mute(problem: Problem) -> Problem:
    """Keep back the words of a syntax error that would show a secret written without quotes."""
    if any(words in problem.message for words in _QUOTES_THE_FILE):
        return problem._replace(message="a text here has no quotes", fix='write it in quotes: "..."')
    return problem


def _placed(read: JsonText, file: str, breaches: Iterable[Breach]) -> list[Problem]:
    breaches = list(breaches)
    problems = list(read.problems)
    if not breaches and not read.has_duplicates:
        return problems
    places = Places(read.text, file)
    for breach in breaches:
        mark, length = places.mark(breach.path, at_key=breach.at_key)
        problems.append(
            Problem(breach.message, mark, breach.fix, breach.severity, max(length, 1), breach.example)
        )
    for path, first, second, length in places.repeated:
        message = f"{escape_foreign(dotted(path))} stands here a second time, first in line {first.line}"
        problems.append(Problem(message, second, "keep one of the two", length=length))
    return sorted(problems, key=lambda problem: problem.where or Mark(file, 0, 0))


def _object_in(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one where there is none to be read."""
    try:
        read = read_json(path.read_bytes(), path.name)
    except OSError:
        return {}
    return read.value if read.is_sound and isinstance(read.value, dict) else {}


def apis_of(main: Any) -> list[str]:
    """Return the names of the services beside the default one in a main configuration of any shape."""
    apis = main.get("apis") if isinstance(main, dict) else None
    return list(apis) if isinstance(apis, dict) else []
