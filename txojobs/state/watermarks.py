"""Watermarks: how far incremental reads have come, one for each job, place, entity, step and set of params."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, NamedTuple

from txojobs.state.store import changing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


class WatermarkKey(NamedTuple):
    """Whose watermark it is. `step` is the id of the step, '' for one without; `params` is JSON, names in order."""

    job: str
    org: str
    env: str
    api: str
    entity: str
    step: str
    params: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """How far a read has come.

    `value` is the largest one of the field `by` that was read, as the service wrote it. `reading_s` is how long the
    read took while the service may have changed: 0 for one page. `question` holds a digest of each part of what was
    asked. `set_at` is ISO 8601 in UTC.
    """

    key: WatermarkKey
    by: str
    value: str
    reading_s: int = 0
    question: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    set_at: str = ""


_KEY = WatermarkKey._fields
_REST = tuple(each.name for each in fields(Watermark) if each.name != "key")
_COLUMNS = ", ".join(f'"{name}"' for name in (*_KEY, *_REST))
_ORDER = ", ".join(_KEY)
_IS = " AND ".join(f"{name} = ?" for name in _KEY)


def find(connection: sqlite3.Connection, key: WatermarkKey) -> Watermark | None:
    """Return one watermark, None when there is none."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM watermark WHERE {_IS}", key).fetchone()  # noqa: S608  # columns of ours
    return None if row is None else _watermark(row)


def of_job(connection: sqlite3.Connection, job: str, org: str, env: str) -> list[Watermark]:
    """Return all watermarks of a job in one place, in the order of their keys."""
    query = (
        f"SELECT {_COLUMNS} FROM watermark WHERE job = ? AND org = ? AND env = ? ORDER BY {', '.join(_KEY)}"  # noqa: S608  # columns of ours
    )
    return [_watermark(row) for row in connection.execute(query, (job, org, env))]


def put(connection: sqlite3.Connection, watermarks: Iterable[Watermark]) -> None:
    """Keep watermarks, all of them or none; each replaces the one of its key."""
    marks = ", ".join("?" * len((*_KEY, *_REST)))
    with changing(connection):
        connection.executemany(
            f"INSERT OR REPLACE INTO watermark ({_COLUMNS}) VALUES ({marks})",  # noqa: S608  # columns of ours
            [_row(each) for each in watermarks],
        )


def remove(connection: sqlite3.Connection, keys: Iterable[WatermarkKey]) -> None:
    """Forget watermarks, all of them or none."""
    with changing(connection):
        connection.executemany(f"DELETE FROM watermark WHERE {_IS}", list(keys))  # noqa: S608  # columns of ours


def _row(each: Watermark) -> tuple[object, ...]:
    question = json.dumps(each.question, sort_keys=True)
    return (*each.key, each.by, each.value, each.reading_s, question, each.run_id, each.set_at)


def _watermark(row: tuple[object, ...]) -> Watermark:
    key = WatermarkKey(*map(str, row[: len(_KEY)]))
    by, value, reading_s, question, run_id, set_at = row[len(_KEY) :]
    return Watermark(
        key=key,
        by=str(by),
        value=str(value),
        reading_s=int(str(reading_s)),
        question=dict(json.loads(str(question))),
        run_id=str(run_id),
        set_at=str(set_at),
    )
