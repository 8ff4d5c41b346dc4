"""What every step has in common: its role, what it holds in memory, and the methods that the engine calls."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.context import RunContext
    from txojobs.errors import Mark, Problem
    from txojobs.metadata.described import Described
    from txojobs.records import Columns, RecordStream
    from txojobs.steps.kinds import JmesPath
    from txojobs.workspace import Workspace


class Role(Enum):
    """What a step does with the stream. WRITER changes a service: its input is spooled and proven first."""

    SOURCE = "source"
    TRANSFORM = "transform"
    SINK = "sink"
    WRITER = "writer"


class Memory(Enum):
    """What `run()` holds at most: one batch, one entry per key, or all rows."""

    BATCH = "one page at a time"
    KEYS = "one entry per key"
    TABLE = "all rows"


class JobView(Protocol):
    """What a step may know of its job while it is checked, before any request."""

    described: Described | None
    """What a snapshot tells of the records that the step asks for."""

    def at(self, option: str) -> Mark:
        """Return where an option of this step stands, or the step itself when it is left out."""
        ...


class Step:
    """One step, bound: a frozen dataclass whose fields are the options that YAML takes.

    The steps and their groups of options leave out `eq` and `repr`, which nobody asks them for: making these methods
    would take a twentieth of the time of `validate`.

    `main` names the option that may stand directly after the verb (`filter: EXPRESSION`).
    """

    __slots__ = ()

    verb: ClassVar[str]
    role: ClassVar[Role]
    memory: ClassVar[Memory] = Memory.BATCH
    main: ClassVar[str | None] = None
    can_reject: ClassVar[bool] = True
    """Whether it may put single records aside, so that `rejects: FILE` means something."""

    def check(self, job: JobView) -> Iterable[Problem]:
        """Yield what is wrong across options; the binder has checked each of them."""
        del job
        return ()

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the columns of the records that `run` will yield, or None when they are not known."""
        return incoming

    def named(self) -> Iterable[JmesPath]:
        """Return each expression that names fields of the incoming records, for the rule of absent fields."""
        return ()

    def stages(self, incoming: Columns) -> Iterable[tuple[Columns, Iterable[JmesPath]]]:
        """Yield the fields that there are, and the expressions that name some of them, for each stage of the step."""
        yield incoming, self.named()

    def reads_above(self) -> bool:
        """Tell whether the step reads the stream above it (or that of `from`)."""
        return self.role is not Role.SOURCE

    def ready(self, workspace: Workspace) -> None:
        """Raise when something that the step needs is not there; asked of every step before the first one runs.

        Raises:
            ValidationError: a file is missing, say.
        """

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Return the outgoing stream; work begins when it is pulled. A source ignores `records`."""
        raise NotImplementedError
