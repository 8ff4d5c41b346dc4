"""From the text of a job file to a Job, or to every problem of it at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import Mark, Problem, ValidationError
from txojobs.job.fields import check_fields
from txojobs.job.filters import check_filters
from txojobs.job.model import Job
from txojobs.job.options import Reader
from txojobs.job.param_specs import read_params
from txojobs.job.steps import read_steps
from txojobs.job.wiring import wire
from txojobs.steps.fitting import described
from txojobs.suggest import nearest, nearest_name
from txojobs.workspace import check_name
from txojobs.yaml_limits import MAX_BYTES
from txojobs.yaml_source import Mapping, Scalar, Sequence, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.job.model import StepUse
    from txojobs.job.snapshots import Snapshots
    from txojobs.metadata.described import Described
    from txojobs.yaml_source import Entry, Node

TOP_LEVEL = ("version", "name", "description", "params", "api", "timezone", "steps")
RESERVED = ("vars", "defaults", "use", "tests", "on-success", "on-failure", "finally", "schedule")
VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Loaded(NamedTuple):
    """A job, or None when it has errors, and its problems in file order; warnings do not spoil a job."""

    job: Job | None
    problems: list[Problem]


def load_job(path: Path, *, shown_as: str | None = None, snapshots: Snapshots | None = None) -> Loaded:
    """Read and check a job file. `shown_as` is the name that marks carry, like `jobs/open.yaml`.

    With `snapshots` it is checked against what the services have, too, as far as they are described.
    """
    name = shown_as or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # one more is too many, and `read` says so
    except OSError as err:
        return Loaded(None, [_unreadable(path, name, err)])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as err:
        if len(data) > MAX_BYTES:
            text = " " * len(data)  # cut inside a character, perhaps
            return load_text(text, file=name, stem=path.stem)  # which says that it is too long
        line = data.count(b"\n", 0, err.start) + 1
        return Loaded(
            None,
            [Problem("the file is not UTF-8 text", Mark(name, line, 1), "save it with the encoding UTF-8")],
        )
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    loaded = load_text(text, file=name, stem=stem, snapshots=snapshots)
    if loaded.job is not None:
        loaded.job.source = path.resolve()
    return loaded


def _unreadable(path: Path, name: str, err: OSError) -> Problem:
    if path.is_symlink() and not path.exists():
        return Problem(
            f"{name} is a link that leads nowhere", Mark(name, 1, 1), "delete it, or mend the link"
        )
    if not isinstance(err, FileNotFoundError):
        fix = "name a file that you may read" if not path.is_dir() else "this is a folder: name a file in it"
        return Problem(f"the file cannot be read: {err.strerror}", Mark(name, 1, 1), fix)
    there = {each.stem: each.name for each in path.parent.glob("*.y*ml")}
    near = nearest_name(path.stem, there)  # without the ending, which all have in common
    return Problem(
        f"there is no file {name}", None, f"did you mean {there[near]!r}?" if near else "see: txojobs list"
    )


def load_text(text: str, *, file: str, stem: str, snapshots: Snapshots | None = None) -> Loaded:
    """Check the text of a job; `stem` is its name unless it names itself. `snapshots`: see load_job."""
    source = read(text, file=file)
    problems = source.problems
    job = None
    if source.root is not None:
        job = _job(source.root, file, stem, problems, snapshots)
    problems = list(dict.fromkeys(problems))  # what stands behind an alias is met several times
    problems.sort(key=lambda problem: problem.where or Mark(file, 1, 1))
    if job is None or any(problem.severity == "error" for problem in problems):
        return Loaded(None, problems)
    job.text = text
    return Loaded(job, problems)


def _job(
    root: Node, file: str, stem: str, problems: list[Problem], snapshots: Snapshots | None
) -> Job | None:
    if not isinstance(root, Mapping):
        problems.append(
            Problem(
                f"a job is a mapping with version and steps, not {described(root)}",
                root.where,
                "begin with `version: 1`, then `steps:`, and write the list of steps below it",
            )
        )
        return None
    entries = root.entries
    _check_keys(root, problems)
    reader = Reader(problems)
    job = Job(name=stem, path=file)
    job.name = _name(entries.get("name"), stem, reader, root.where)
    job.description = reader.text(entries.get("description"), "description") or ""
    job.api = reader.text(entries.get("api"), "api")
    job.api_where = entries["api"].value.where if "api" in entries else None
    zone = reader.text(entries.get("timezone"), "timezone")
    if zone is not None:
        job.timezone = zone
        _check_timezone(zone, entries["timezone"].value.where, problems)
    if "params" in entries:
        job.params = read_params(entries["params"].value, problems)
    steps = entries.get("steps")
    if steps is None:
        if not any(nearest_name(name, TOP_LEVEL) == "steps" for name in entries):  # that is told already
            problems.append(Problem("a job needs steps", root.where, "add `steps:` with a list below it"))
        return None
    if not isinstance(steps.value, Sequence) or not steps.value.items:
        problems.append(_no_list_of_steps(steps.value))
        return None
    asked: list[Problem] = []  # they hinder no other check, and no other problem hinders them
    _read_steps(job, steps.value, problems, snapshots, asked)
    problems.extend(asked)
    problems.extend(problem for use in job.steps for problem in check_filters(use))
    return job


def _read_steps(
    job: Job, node: Sequence, problems: list[Problem], snapshots: Snapshots | None, asked: list[Problem]
) -> None:
    """Read the steps, and check how they hang together where each is sound."""
    before = len(problems)
    job.steps = read_steps(job, node, problems, look_up=_looking_up(job, snapshots, asked))
    for check in (wire, check_fields):  # a step that reads none has no fields
        if any(each.severity == "error" for each in problems[before:]):
            return
        check(job, problems)


def _no_list_of_steps(node: Node) -> Problem:
    """Return the problem of `steps` without a list below it."""
    what = "an empty list" if isinstance(node, Sequence) else described(node)
    verb = next(iter(node.entries), "fetch") if isinstance(node, Mapping) else "fetch"
    return Problem(
        f"steps is a list of steps, not {what}",
        node.where,
        "begin each step on a line of its own, with '- ' in front of its verb",
        example=f"- {verb}: ...",
    )


def _looking_up(
    job: Job, snapshots: Snapshots | None, problems: list[Problem]
) -> Callable[[StepUse], Described | None] | None:
    """Return what looks up the records of a step in the snapshot of its service; None without snapshots."""
    if snapshots is None or not snapshots.there:
        return None
    from txojobs.job.asked import check_asked  # noqa: PLC0415  # only where a service is described

    return lambda use: check_asked(job, use, snapshots, problems)


def _name(entry: Entry | None, stem: str, reader: Reader, start: Mark) -> str:
    """Return the job's name, which files are named by."""
    if entry is not None:
        stem = reader.matching(entry.value, "name", _NAME) or "unnamed"
    try:
        return check_name("a job", stem)
    except ValidationError as err:
        where = entry.value.where if entry is not None else start
        fix = err.how_to_fix if entry is not None else "rename the file, or give the job a `name:`"
        reader.problems.append(Problem(err.what_went_wrong, where, fix))
        return "unnamed"


def _check_keys(root: Mapping, problems: list[Problem]) -> None:
    for name, entry in root.entries.items():
        where = entry.key.where
        if name in TOP_LEVEL or name.startswith("x-"):
            continue
        if name in RESERVED:
            problems.append(
                Problem(f"{name!r} is reserved for a later version", where, "delete it", length=len(name))
            )
            continue
        fix = nearest(name, TOP_LEVEL) or f"known: {', '.join(TOP_LEVEL)}, and x-<anything>"
        problems.append(Problem(f"a job has no key {name!r}", where, fix, length=len(name)))
    version = root.entries.get("version")
    if version is None:
        problems.append(Problem("the version is missing", root.where, "begin the file with `version: 1`"))
    elif (
        not isinstance(version.value, Scalar) or version.value.value is True or version.value.value != VERSION
    ):
        problems.append(
            Problem(
                f"version is {described(version.value)}, and only 1 is known",
                version.value.where,
                "version: 1",
            )
        )


def _check_timezone(name: str, where: Mark, problems: list[Problem]) -> None:
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415  # few jobs name one

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        known = available_timezones()
        if not known:  # Windows has none of its own
            fix = "install the package tzdata into the Python that runs txojobs: pip install tzdata"
            problems.append(Problem("this system has no data about time zones", where, fix, length=len(name)))
            return
        fix = nearest(name, known) or "use a name like Europe/Stockholm"
        problems.append(Problem(f"{name!r} is no time zone", where, fix, length=len(name)))
