"""Late binding: from the YAML of a step, and the values known by now, to the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.errors import InvalidJobError, Problem
from txojobs.job.conditions import no_verdict
from txojobs.steps.binder import Binder
from txojobs.steps.fitting import FAULT, yaml_type
from txojobs.steps.kinds import JmesPath, Kind

if TYPE_CHECKING:
    from txojobs.job.model import StepUse
    from txojobs.job.scope import Scope
    from txojobs.steps.base import Step
    from txojobs.yaml_source import Node


def bind_step(use: StepUse, scope: Scope) -> Step:
    """Return the step with the values of `${{ }}` in it.

    Raises:
        InvalidJobError: a value does not suit its option.
    """
    problems: list[Problem] = []
    step = Binder(scope, problems).options(use.cls, use.options, use.where, use.verb)
    if step is None:
        raise InvalidJobError(f"{use.verb} cannot be given its values", problems)
    problems.extend(
        problem._replace(where=problem.where or use.where)
        for problem in step.check(_Everywhere(use))
        if problem.severity == "error"
    )
    if problems:
        raise InvalidJobError(f"{use.verb} cannot be given its values", problems)
    return step


def bind_text(kind: Any, node: Node, scope: Scope) -> str:
    """Return a text with its values: of a kind, or a plain one for `str`.

    Raises:
        InvalidJobError: as bind_step.
    """
    problems: list[Problem] = []
    value = Binder(scope, problems).value(kind, node, "text")
    if value is FAULT:
        raise InvalidJobError("a value does not suit", problems)
    return value.text if isinstance(value, Kind) else str(value)


def bind_condition(node: Node, scope: Scope) -> bool:
    """Return whether an `if` is true.

    Raises:
        InvalidJobError: it cannot be evaluated, or gives neither true nor false.
    """
    problems: list[Problem] = []
    found = Binder(scope, problems).value(bool | JmesPath, node, "if")
    if found is FAULT:
        raise InvalidJobError("`if` cannot be evaluated", problems)
    verdict = found if isinstance(found, bool) else found.expression.evaluate({})
    if verdict is None or isinstance(verdict, bool):
        return bool(verdict)
    problem = no_verdict(node, yaml_type(verdict))
    raise InvalidJobError(problem.message, [problem])


class _Everywhere:
    """Says of each option that it stands where its step does: see base.JobView."""

    def __init__(self, use: StepUse) -> None:
        self._use = use
        self.described = use.described

    def at(self, option: str) -> Any:
        del option
        return self._use.where
