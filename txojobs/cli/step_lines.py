"""The lines of a run in words: its headline, and each step with what it has done."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from txojobs.cli.render import clean, plural
from txojobs.engine.about import proof_in_words
from txojobs.redact import escape_foreign
from txojobs.steps.fitting import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.engine.report import RunReport, StepResult

NARROWEST = 22
"""Columns of the verb and what it works on; more where a step has a longer name, so that all lines stand in line."""
_WIDEST = 40
_UNKNOWN = 30
"""Columns for a name that is put together during the run."""


def headline(report: RunReport) -> str:
    """Return job, place and params in one line."""
    params = "  ".join(
        f"{name}={value_in_words(value)}" for name, value in report.params.items() if value is not None
    )
    kind = "  (dry run: nothing is written)" if report.dry_run else ""
    trial = ""
    if report.limit and not report.dry_run:
        first = "the first record" if report.limit == 1 else f"first {report.limit:,} records"
        trial = f"  {first} of each source"
    return escape_foreign(f"{report.job}  {report.org}-{report.env}  {params}".rstrip() + trial + kind)


def value_in_words(value: object) -> str:
    """Return the value of a param as a person would give it with `-p name=...`."""
    if isinstance(value, list | tuple):
        items = [as_text(item, "") for item in value]
        is_plain = items and all(item and "," not in item and item == item.strip() for item in items)
        text = (
            ",".join(items)
            if is_plain and not items[0].startswith("[")
            else json.dumps(items, ensure_ascii=False)
        )
    else:
        text = as_text(value, "")
        if hasattr(value, "utcoffset"):
            text = text.removesuffix("+00:00") + ("Z" if text.endswith("+00:00") else "")
    if text and not re.search(r"\s", text):
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def width_for(steps: Iterable[StepResult]) -> int:
    """Return the columns that the names of these steps take."""
    widths = [len(name_of(step)) if step.title else _UNKNOWN * _is_named(step) for step in steps]
    return min(_WIDEST, max([NARROWEST, *widths]))


def _is_named(step: StepResult) -> bool:
    return step.verb in ("fetch", "load", "save")


def name_of(step: StepResult) -> str:
    """Return the verb and what it works on; of a long name the beginning and the end."""
    name = clean(f"{step.verb} {step.title}".strip())
    if len(name) <= _WIDEST:
        return name
    half = (_WIDEST - 3) // 2
    return f"{name[: _WIDEST - 3 - half]}...{name[-half:]}"


def amount(step: StepResult) -> str:
    """Return the number of records, of how many where that is known."""
    if step.verb == "fetch" and step.expected is not None:
        return f"{step.records:,} of {step.expected:,}"
    written: Any = step.notes.get("written")
    if written:  # a workbook of several steps passes nothing on, and yet has rows
        return plural(written["rows"], "row")
    return f"{step.records:,} kept" if step.verb == "filter" else plural(step.records, "row")


def step_line(step: StepResult, *, width: int = NARROWEST, dry_run: bool = False) -> str:
    """Return a step's line of the summary."""
    parts = [f"  {name_of(step):<{width}} {amount(step):<18}"]
    if step.state in ("failed", "stopped"):
        parts.append("stopped")
    elif step.state == "left-out":
        parts = [f"  {name_of(step):<{width}} left out"]
    if step.rejected:
        parts.append(f"{step.rejected:,} put aside")
    if "encoding" in step.notes:
        parts.append(f"read as {step.notes['encoding']}")
    fetched: Any = step.notes.get("fetched")
    if fetched:
        parts += [plural(fetched["requests"], "request"), f"{step.seconds:.1f} s"]
        parts.append(proof_in_words(fetched, dry_run=dry_run))
    if "incremental" in step.notes:
        parts.append(incremental_in_words(step.notes["incremental"]))
    if "not-written" in step.notes:
        parts.append("nothing was written")
    written: Any = step.notes.get("written")
    if written:
        parts += [plural(len(written["files"]), "file")] if "files" in written else []
        parts.append("checked, not written" if dry_run else size_in_words(written["size-bytes"]))
        parts += [f"{kind}: {times:,}" for kind, times in written["conversions"].items()]
    return "   ".join(part for part in parts if part).rstrip()


def incremental_in_words(facts: Any) -> str:
    """Return what an incremental read has asked for."""
    if facts["since"] is None:
        return f"{facts['reads-all-because']}, full read"
    return f"{facts['rows-new']:,} new since {clean(facts['watermark-before'])}"


def size_in_words(size_bytes: int) -> str:
    """Return "38 KB"."""
    if size_bytes < 1000:  # noqa: PLR2004  # bytes in a kilobyte, as file managers count
        return plural(size_bytes, "byte")
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes / 1e3:.0f} KB"
