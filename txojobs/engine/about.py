"""What a person is told of a run and of what it has read: in the summary, and on the last sheet of a workbook."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs._version import __version__
from txojobs.job.wiring import needs
from txojobs.records import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.engine.report import RunReport, StepResult
    from txojobs.job.model import Job, StepUse
    from txojobs.records import JsonValue

_FIRST_PAGE = "not asked: limit"


def proof_in_words(proof: Any, *, dry_run: bool = False) -> str:
    """Return what is known of the completeness of a read."""
    if proof["strength"] == "unproven":
        if proof["count-note"] == _FIRST_PAGE:
            return "the first page only" if dry_run else "the first records only: limit"
        return f"not proven to be complete ({proof['count-note'] or 'no count'})"
    words = [f"rows = {proof['counted-by']}"] if proof["count-note"] is None else []
    if proof["links"] == "by key" and proof["strength"] == "verified":
        words.append("read in the order of the key")
    elif proof["links"].endswith("ranges") and proof["strength"] == "verified":
        words.append(f"read in {proof['links']} of the key")
    elif proof["second-reading"]:
        words.append("the keys read twice")
    if proof["duplicates"]:
        words.append(f"{proof['duplicates']:,} doubled left out")
    elif proof["key-checked"]:
        words.append("no key twice")
    return "complete: " + (", ".join(words) or "one answer")


def about_run(report: RunReport, job: Job, use: StepUse) -> list[tuple[str, JsonValue]]:
    """Return what is known so far of a run and of all that a step of it reads, topic by topic, without secrets."""
    facts: list[tuple[str, JsonValue]] = [
        ("Job", report.job),
        ("Description", job.description or None),
        ("Organisation", report.org),
        ("Environment", report.env),
        ("Begun (UTC)", f"{report.started:%Y-%m-%d %H:%M:%S}"),
        ("Run", report.run_id),
        ("Trial", f"at most {report.limit:,} records of each source" if report.limit else None),
        *((f"Parameter {name}", _shown(value)) for name, value in report.params.items()),
    ]
    above = _above(job, use)
    for result in report.steps:
        if result.key in above:
            facts += _step(result)
    facts += [
        ("SHA-256 of the job file", hashlib.sha256(job.text.encode("utf-8", "surrogatepass")).hexdigest()),
        ("txojobs", __version__),
    ]
    return [
        (topic, report.clean(value) if isinstance(value, str) else value)
        for topic, value in facts
        if value is not None
    ]


def _above(job: Job, use: StepUse) -> set[str]:
    """Return the keys of all steps whose records flow into this one."""
    found: set[str] = set()
    waiting = [*use.reads, *use.refs]
    while waiting:
        key = waiting.pop()
        each = next(each for each in job.steps if key in (each.key, each.id))
        if each.key not in found:
            found.add(each.key)
            waiting += needs(each)
    return found


def _step(result: StepResult) -> Iterator[tuple[str, JsonValue]]:
    name = f"Step {result.key}"
    if result.state == "left-out":
        yield name, f"left out: {result.why_left_out}" if result.why_left_out else "left out"
        return
    yield name, " ".join(word for word in (result.verb, result.title) if word)
    request: Any = result.notes.get("request")
    if request is not None:
        yield f"{name}, asked", request
    yield f"{name}, records", result.records
    if result.rejected:
        yield f"{name}, records put aside", result.rejected
    fetched: Any = result.notes.get("fetched")
    if fetched is not None:
        yield f"{name}, proof", proof_in_words(fetched)
        if fetched["count"] is not None:
            yield f"{name}, counted by the service", fetched["count"]
    for what in result.lacks:
        yield f"{name}, went on without", what


def _shown(value: Any) -> JsonValue:
    if value is None:
        return "(none)"
    if isinstance(value, list | tuple):
        return ", ".join(map(number_text, value))
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return value if is_number else number_text(value)
