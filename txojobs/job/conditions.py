"""The `if` of a step, checked before the run: it looks at values in `${{ }}` only, and gives true or false."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from txojobs.errors import Problem, ValidationError
from txojobs.steps import templates
from txojobs.steps.fitting import Unknown, yaml_type
from txojobs.steps.kinds import JmesPath
from txojobs.yaml_source import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.job.scope import Scope
    from txojobs.steps.binder import Binder
    from txojobs.yaml_source import Node

_KINDS = {
    "string": "a text",
    "integer": "a number",
    "number": "a number",
    "date": "a date",
    "datetime": "a date",
    "list": "a list",
    "file": "a text",
}
"""What a param of each type gives; one that is not here may be true or false."""


def condition_problems(node: Node, binder: Binder, scope: Scope) -> Iterator[Problem]:
    """Yield what is wrong with an `if`, as far as it can be known before the run; `binder` notes its syntax."""
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return
    bound = binder.value(JmesPath, node, "if")
    if not isinstance(bound, JmesPath) or not isinstance(node, Scalar):
        return
    for path in bound.expression.paths:
        yield Problem(
            f"if looks at values in ${{{{ }}}} only, and {'.'.join(path)} is none",
            node.where,
            "use a filter step for what depends on a record, and quotes ('...') for a text",
            length=node.length,
        )
        return
    kind = _kind_of_verdict(bound, node, scope)
    if kind is not None:
        yield no_verdict(node, kind)


def _kind_of_verdict(condition: JmesPath, node: Scalar, scope: Scope) -> str | None:
    """Return what an `if` gives that is neither true nor false nor null, None when it may be right."""
    verdict: object = None
    if lone := templates.lone(node.text):
        verdict = scope.value(lone.path)
    elif not condition.is_sample:
        with contextlib.suppress(ValidationError):  # another value may suit where the default does not
            verdict = condition.expression.evaluate({})
    if isinstance(verdict, Unknown):
        return _KINDS.get(verdict.type or "")
    if verdict is None or isinstance(verdict, bool):
        return None
    return "a text" if isinstance(verdict, str) else yaml_type(verdict)


def no_verdict(node: Node, kind: str) -> Problem:
    """Return the problem of an `if` that gives something of a kind that is neither true nor false."""
    text = getattr(node, "text", "").strip()
    fix = "compare it with something" + (f": {text} == ..." if templates.lone(text) else "")
    return Problem(f"if must be true or false, and gives {kind}", node.where, fix, length=len(text) or 1)
