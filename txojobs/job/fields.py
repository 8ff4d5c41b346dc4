"""Names of fields, checked before the run wherever `select`, `columns` or a snapshot tell what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.steps.related import by_path
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from txojobs.job.model import Job, StepUse
    from txojobs.records import Column, Columns
    from txojobs.steps.kinds import JmesPath


def check_fields(job: Job, problems: list[Problem]) -> None:
    """Set the known columns of each step, and note each expression that names a field that cannot be there."""
    for use in job.steps:
        use.columns = None
    for use in _in_order(job):
        incoming = incoming_columns(job, use)
        if incoming is not None:
            for columns, expressions in use.sample.stages(incoming):
                _check(use, expressions, {column.name: column for column in columns}, problems)
        described = use.described.columns if use.described is not None else None
        use.columns = _with_related(use, use.sample.outgoing(incoming if use.reads else described))


def _with_related(use: StepUse, columns: Columns | None) -> Columns | None:
    """Return the columns of a fetch with what its expanded ones hold, where a snapshot tells."""
    wanted = by_path(getattr(use.sample, "expand", ()))
    if use.described is None or columns is None or not wanted:
        return columns
    related = {
        name: use.described.related(name, option.select)
        for name, option in wanted.items()
        if name.isidentifier() and not any(each.startswith((f"{name}/", f"{name}(")) for each in wanted)
    }
    return tuple(each._replace(fields=related.get(each.name, each.fields)) for each in columns)


def incoming_columns(job: Job, use: StepUse) -> Columns | None:
    """Return the known columns of what a step reads: those of all its inputs, when each is known."""
    inputs = [job.step(key).columns for key in use.reads]
    if not inputs or any(columns is None for columns in inputs):
        return None
    merged = {column.name: column for columns in reversed(inputs) for column in columns or ()}
    order = dict.fromkeys(column.name for columns in inputs for column in columns or ())
    return tuple(merged[name] for name in order)


def _in_order(job: Job) -> list[StepUse]:
    """Return the steps so that each stands after those that it reads."""
    order: dict[str, StepUse] = {}

    def visit(use: StepUse, depth: int) -> None:
        if use.key in order or depth > len(job.steps):  # a circle is reported elsewhere
            return
        for key in use.reads:
            visit(job.step(key), depth + 1)
        order[use.key] = use

    for use in job.steps:
        visit(use, 0)
    return list(order.values())


def _check(
    use: StepUse, expressions: Iterable[JmesPath], known: dict[str, Column], problems: list[Problem]
) -> None:
    optional = set(getattr(use.sample, "optional", ()))
    for expression in expressions:
        prefix = expression.prefix
        for path in sorted(expression.expression.paths):
            names = path[len(prefix) :] if path[: len(prefix)] == prefix else ()
            missing = _missing(names, known, optional)
            if missing is None:
                continue
            name, there, of = missing
            where = expression.where if expression.where.line else use.where
            problems.append(
                Problem(
                    f"{name!r} is none of the fields {of}",
                    where,
                    _hint(name, expression, there),
                    length=max(1, len(expression.text)) if expression.where.line else len(use.verb),
                )
            )


def _missing(
    names: Sequence[str], known: dict[str, Column], optional: set[str]
) -> tuple[str, set[str], str] | None:
    """Return the first name on the way down that cannot be there, what is there, and where; None when all may be."""
    of = "that come in here"
    for number, name in enumerate(names):
        if name == "*" or ".".join(names[: number + 1]) in optional:
            return None
        if name == "[]":
            continue
        if name not in known:
            return name, set(known), of
        fields = known[name].fields
        if fields is None:
            return None
        known, of = {column.name: column for column in fields}, f"of {name!r}"
    return None


def _hint(name: str, expression: JmesPath, known: set[str]) -> str:
    near = nearest_name(name, known)
    if advice := expression.advice(known):
        return advice
    may_be_text = name in expression.expression.texts
    if may_be_text and not (near is not None and near.casefold() == name.casefold()):
        return f"did you mean the text '{name}'?"
    return f"did you mean {near!r}?" if near else "the fields are: " + ", ".join(sorted(known)[:12])
