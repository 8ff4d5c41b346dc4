"""Names of fields, checked before the run wherever `select`, `columns` or a snapshot tell what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import Problem
from txojobs.suggest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.job.model import Job, StepUse
    from txojobs.records import Columns
    from txojobs.steps.kinds import JmesPath


def check_fields(job: Job, problems: list[Problem]) -> None:
    """Set the known columns of each step, and note each expression that names a field that cannot be there."""
    for use in job.steps:
        use.columns = None
    for use in _in_order(job):
        incoming = incoming_columns(job, use)
        if incoming is not None:
            for columns, expressions in use.sample.stages(incoming):
                _check(use, expressions, {column.name for column in columns}, problems)
        described = use.described.columns if use.described is not None else None
        use.columns = use.sample.outgoing(incoming if use.reads else described)


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


def _check(use: StepUse, expressions: Iterable[JmesPath], known: set[str], problems: list[Problem]) -> None:
    optional = set(getattr(use.sample, "optional", ()))
    for expression in expressions:
        prefix = expression.prefix
        for path in sorted(expression.expression.paths):
            names = path[len(prefix) :] if path[: len(prefix)] == prefix else ()
            if not names or names[0] in known or names[0] in optional or names[0] in ("[]", "*"):
                continue
            where = expression.where if expression.where.line else use.where
            problems.append(
                Problem(
                    f"{names[0]!r} is none of the fields that come in here",
                    where,
                    _hint(names[0], expression, known),
                    length=max(1, len(expression.text)) if expression.where.line else len(use.verb),
                )
            )


def _hint(name: str, expression: JmesPath, known: set[str]) -> str:
    near = nearest_name(name, known)
    if advice := expression.advice(known):
        return advice
    may_be_text = name in expression.expression.texts
    if may_be_text and not (near is not None and near.casefold() == name.casefold()):
        return f"did you mean the text '{name}'?"
    return f"did you mean {near!r}?" if near else "the fields are: " + ", ".join(sorted(known)[:12])
