"""What a run has to say when it is over: one document, the same on screen, as JSON and under logs/.

Version 1. Holds counts, names and times; never a record. Whatever leaves it, as JSON or by `clean`, shows no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.redact import Redactor

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from txojobs.errors import TxoBaseError
    from txojobs.records import JsonValue

VERSION = 1


@dataclass(slots=True, kw_only=True)
class StepResult:
    """One step: `state` is done, failed, stopped, left-out or not-reached.

    It is stopped when another step failed or the run was interrupted; left out when it is switched off, when it
    depends on a source that is, or when no step reads it any more: `why_left_out` says which.

    `seconds` is the step's own time, without the steps that it reads.
    """

    key: str
    verb: str
    title: str
    where: str
    state: str = "not-reached"
    records: int = 0
    expected: int | None = None
    rejected: int = 0
    seconds: float = 0.0
    notes: dict[str, JsonValue] = field(default_factory=dict)
    why_left_out: str | None = None
    lacks: list[str] = field(default_factory=list)
    """Parts of what the step should read that it went on without."""

    def expects(self, records: int | None) -> None:
        """Note how many records are expected."""
        self.expected = records

    def start_over(self) -> None:
        """Forget what happened; the time that was spent stays."""
        self.state, self.records, self.expected, self.rejected = "not-reached", 0, None, 0
        self.why_left_out = None
        self.notes.clear()
        self.lacks.clear()


@dataclass(slots=True, kw_only=True)
class RunReport:
    """One run: `outcome` is done, partial, failed, refused or interrupted."""

    run_id: str
    job: str
    org: str
    env: str
    started: datetime
    params: dict[str, object]
    steps: list[StepResult]
    outcome: str = "failed"
    seconds: float = 0.0
    outputs: list[Path] = field(default_factory=list)
    would_write: list[str] = field(default_factory=list)
    """The names that a dry run would have written."""
    previous: list[Path] = field(default_factory=list)
    """The newest earlier file of this job for each output, for the one who must know what still stands."""
    warnings: list[str] = field(default_factory=list)
    traffic: list[dict[str, JsonValue]] = field(default_factory=list)
    error: BaseException | None = None
    log: Path | None = None
    begun: bool = False
    """Whether a step was pulled: before that nothing was requested, and the job or its configuration is wrong."""
    dry_run: bool = False
    limit: int | None = None
    resumed: bool = False
    """Whether the run went on with what an earlier process had read."""
    answers_found: int = 0
    """How many answers of that earlier process were used."""
    can_resume: bool = False
    """Whether a later run can go on with what this one has read."""
    is_kept: bool = False
    """Publishing failed after it was decided: the outputs are complete, and the next start publishes them."""
    redactor: Redactor = field(default_factory=Redactor, repr=False)

    def clean(self, text: str) -> str:
        """Return `text` without the secrets of this run."""
        return self.redactor.clean(text)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values without the secrets of this run."""
        clean: Any = self.redactor.clean_value(self._facts())
        return dict(clean)

    def _facts(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "run-id": self.run_id,
            "job": self.job,
            "org": self.org,
            "env": self.env,
            "started": self.started.isoformat(),
            "seconds": round(self.seconds, 3),
            "outcome": self.outcome,
            "dry-run": self.dry_run,
            "limit": self.limit,
            "resumed": self.resumed,
            **({"answers-found": self.answers_found} if self.resumed else {}),
            "can-resume": self.can_resume,
            "params": {name: _plain(value) for name, value in self.params.items()},
            "steps": [_step(step) for step in self.steps],
            "outputs": [str(path) for path in self.outputs],
            "would-write": self.would_write,
            "previous": [str(path) for path in self.previous],
            "warnings": self.warnings,
            "traffic": self.traffic,
            "error": None if self.error is None else error_facts(self.error),
            "log": str(self.log) if self.log else None,
        }


def title_of(step: object) -> str:
    """Return what a bound step works on: the entity set, address or file that its headline shows."""
    named = getattr(step, "entity", None) or getattr(step, "url", None) or getattr(step, "file", None)
    return str(getattr(named, "text", ""))


def document(value: Any) -> bytes:
    r"""Return a report as indented JSON; every digit of a number stays.

    A lone surrogate, from a path that is no UTF-8, becomes visible as `\udce4`: many a reader refuses JSON that
    holds one (RFC 8259 section 8.2).
    """
    import msgspec  # noqa: PLC0415  # only when a run is over

    from txojobs.exact_json import encode  # noqa: PLC0415

    return msgspec.json.format(encode(_storable(value)), indent=2)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "id": step.key,
        "verb": step.verb,
        "title": step.title,
        "where": step.where,
        "state": step.state,
        "records": step.records,
        "rejected": step.rejected,
        "seconds": round(step.seconds, 3),
        **({} if step.why_left_out is None else {"left-out": step.why_left_out}),
        **({"lacks": step.lacks} if step.lacks else {}),
        **step.notes,
    }


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return what a report says of an error."""
    facts: TxoBaseError | Any = error
    where = getattr(facts, "where", None)
    return {
        "type": type(error).__name__,
        "problem": str(error) or type(error).__name__,
        "solution": getattr(facts, "how_to_fix", None),
        "example": getattr(facts, "example", None),
        "where": str(where) if where else None,
        "step": getattr(facts, "step", None),
        **_operation(facts),
    }


def _operation(error: TxoBaseError | Any) -> dict[str, Any]:
    """Return where a long operation can be asked for, without the values of signatures."""
    url = getattr(error, "operation_url", None)
    if url is None:
        return {}
    from txojobs.rest.operation_address import resumable  # noqa: PLC0415  # only where there was one

    return {"operation": resumable(url)}


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | Decimal | None) else str(value)
