"""A job, read and checked: its params, its steps, and which step reads which.

Options stay YAML nodes until the step is about to run: what `${{ }}` names may only then be known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.errors import Mark
    from txojobs.metadata.described import Described
    from txojobs.records import Columns
    from txojobs.steps.base import Step
    from txojobs.yaml_source import Node, Scalar


class Param(NamedTuple):
    """One parameter of a job. `default` is a node, because it may hold `${{ run.* }}`; None means there is none."""

    name: str
    where: Mark
    type: str = "string"
    default: Node | None = None
    required: bool = False
    enum: tuple[object, ...] = ()
    env: str | None = None
    description: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class StepUse:
    """A step as a job uses it.

    `key` is unique in the job: the id, or the verb with the number of the step. `reads` and `refs` hold keys: what
    flows in from above or `from`, and what the step asks for by StepRef. `sample` is the step bound with sample
    values; it serves the checks only.
    """

    key: str
    id: str | None
    number: int
    verb: str
    cls: type[Step]
    options: Node
    where: Mark
    reads: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    """Keys of the steps whose count an option looks at: they must have finished before this one is bound."""
    sample: Step
    api: Scalar | None = None
    condition: Node | None = None
    timeout_s: float | None = None
    on_error: str = "fail"
    rejects: Node | None = None
    disabled: bool = False
    description: str = ""
    columns: Columns | None = None
    """What is known of its outgoing columns before the run."""
    described: Described | None = None
    """What a snapshot of the service tells of the records that a source asks for."""

    def nodes(self) -> list[Node]:
        """Return each part of the step in which `${{ }}` may stand."""
        return [node for node in (self.options, self.condition, self.rejects, self.api) if node is not None]


@dataclass(kw_only=True, eq=False)
class Job:
    """A job of version 1. `steps` stand in the order of the file."""

    name: str
    path: str
    description: str = ""
    params: dict[str, Param] = field(default_factory=dict)
    api: str | None = None
    api_where: Mark | None = None
    timezone: str = "UTC"
    steps: list[StepUse] = field(default_factory=list)
    text: str = ""
    source: Path | None = None
    """The file it was read from, with links resolved; None for a job that was made of a text."""

    def step(self, key: str) -> StepUse:
        """Return the step with this key."""
        return next(use for use in self.steps if use.key == key)

    def readers(self, key: str) -> list[StepUse]:
        """Return the steps that read this one, in file order; one that reads it twice stands twice."""
        return [use for use in self.steps for read in (*use.reads, *use.refs) if read == key]
