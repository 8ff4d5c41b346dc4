"""What `${{ path }}` may name: params, config, run and steps.<id>.count.

A path must exist; a misspelt one is an error with the nearest name, never an empty text.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from txojobs.errors import ValidationError
from txojobs.job.habits import RUN_FACTS
from txojobs.steps.fitting import Unknown
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOTS = ("params", "config", "run", "steps")
ABSENT_ROOTS = {
    "env": "give a param the variable's name with `env: NAME`, and use ${{ params.<name> }}",
    "secrets": "secrets belong into the configuration's secrets file; the client uses them by itself",
    "state": "it is not available yet",
    "each": "it exists below for-each only",
    "row": "fields of a record are named in expressions, without ${{ }}",
}


def run_facts(run_id: str, now: datetime) -> dict[str, object]:
    """Return what `run.<name>` may name; `now` is aware, in the job's time zone."""
    today = now.date()
    month = today.replace(day=1)
    previous = (month - timedelta(days=1)).replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    return {
        "id": run_id,
        "now": now,
        "today": today,
        "yesterday": today - timedelta(days=1),
        "tomorrow": today + timedelta(days=1),
        "week-start": today - timedelta(days=today.weekday()),
        "month-start": month,
        "month-end": following - timedelta(days=1),
        "previous-month-start": previous,
        "previous-month-end": month - timedelta(days=1),
        "year-start": today.replace(month=1, day=1),
        "previous-year-start": date(today.year - 1, 1, 1),
    }


class Scope:
    """The values that `${{ }}` sees. `config` is None while a job is checked without org and env."""

    def __init__(
        self,
        *,
        params: Mapping[str, object],
        config: Mapping[str, Any] | None,
        run: Mapping[str, object],
        counts: Mapping[str, object],
    ) -> None:
        self.params = params
        self.config = config
        self.run = run
        self.counts = counts

    def value(self, path: str) -> object:
        """Return the value of a dotted path; see binder.Resolver."""
        root, *rest = path.split(".")
        if root in ABSENT_ROOTS:
            raise ValidationError(f"there is no {root!r} in ${{{{ }}}}", how_to_fix=ABSENT_ROOTS[root])
        if root not in ROOTS:
            raise _unknown(root, ROOTS, "${{ }}")
        if root == "steps":
            return self._count(rest)
        if root == "config":
            return self._config(rest)
        values = self.params if root == "params" else self.run
        if len(rest) != 1:
            raise ValidationError(
                f"{path} names no value", how_to_fix=f"write {root}.<name>: {_some(values)}"
            )
        if rest[0] not in values:
            raise _undeclared(rest[0], values) if root == "params" else _unknown(rest[0], values, root)
        return values[rest[0]]

    def _count(self, rest: list[str]) -> object:
        if len(rest) != 2 or rest[1] != "count":  # noqa: PLR2004  # the id and the word count
            raise ValidationError(
                f"steps.{'.'.join(rest)} names no value",
                how_to_fix="write steps.<id>.count: its number of records",
            )
        if rest[0] not in self.counts:
            raise _unknown(rest[0], self.counts, "the ids of the steps")
        return self.counts[rest[0]]

    def _config(self, rest: list[str]) -> object:
        if any(name.startswith("_") for name in rest):
            raise ValidationError("a job cannot read secrets: config._* is closed", how_to_fix="remove it")
        if not rest:
            raise ValidationError("config alone names no value", how_to_fix="write config.<section>.<name>")
        if self.config is None:
            return Unknown()
        value: Any = self.config
        for depth, name in enumerate(rest):
            if not isinstance(value, dict) or name not in value:
                place = "config" + "".join(f".{part}" for part in rest[:depth])
                known = [key for key in value if not key.startswith("_")] if isinstance(value, dict) else []
                raise _unknown(name, known, place)
            value = value[name]
        if isinstance(value, dict):
            raise _unknown("", [key for key in value if not key.startswith("_")], "config." + ".".join(rest))
        return _exact(value)


def _exact(value: Any) -> Any:
    """Return a value of the configuration without binary floats: each number is the decimal that was written."""
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if not isinstance(value, float):
        return value
    from txojobs.config.json_text import WrittenFloat  # noqa: PLC0415  # few jobs read such a number

    return Decimal(value.text if isinstance(value, WrittenFloat) else repr(value))


def _undeclared(name: str, params: Mapping[str, object]) -> ValidationError:
    """Return the error for a param that the job does not have: one is misspelt, or was never declared."""
    near = nearest(name, params)
    known = f"declare it below params; declared are: {', '.join(list(params)[:12])}" if params else None
    return ValidationError(
        f"params has no {name!r}",
        how_to_fix=near or known or "declare it below params, at the top of the job",
        example=None if near else f"params: {{{name}: {{type: string, description: ...}}}}",
    )


def _unknown(name: str, known: Iterable[str], place: str) -> ValidationError:
    what = f"{place} has no {name!r}" if name else f"{place} is a section, not a value"
    habit = RUN_FACTS.get(name) if place == "run" else None
    return ValidationError(what, how_to_fix=habit or nearest(name, known) or _some(known))


def _some(known: Iterable[str]) -> str:
    names = list(known)
    return "known: " + ", ".join(names[:12]) if names else "there is none"
