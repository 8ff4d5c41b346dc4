"""The `params` section of a job: what each param is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from txojobs.errors import InvalidJobError, Problem, ValidationError
from txojobs.job import habits
from txojobs.job.model import Param
from txojobs.job.options import Reader
from txojobs.job.params import TYPES, default_of, typed
from txojobs.job.scope import Scope, run_facts
from txojobs.steps.binder import Binder
from txojobs.steps.fitting import described
from txojobs.suggest import nearest
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from txojobs.errors import Mark
    from txojobs.yaml_source import Entry, Node

OPTIONS = ("type", "default", "required", "enum", "env", "description")
_OTHER_NAMES = {
    other: f"did you mean {name!r}?"
    for name, others in {
        "string": ("str", "text", "varchar", "char", "guid", "uuid"),
        "integer": ("int", "whole", "long", "int32", "int64"),
        "number": ("float", "double", "decimal", "numeric", "money"),
        "boolean": ("bool", "flag", "switch", "bit"),
        "datetime": ("timestamp", "date-time", "datetimeoffset"),
        "list": ("array", "strings", "enum", "set"),
        "file": ("path", "filename"),
    }.items()
    for other in others
}
"""What other tools call the types of params."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def read_params(node: Node, problems: list[Problem]) -> dict[str, Param]:
    """Return the params by name; faults become problems, and leave the param out or plain."""
    if isinstance(node, Scalar) and node.value is None:
        return {}
    if not isinstance(node, Mapping):
        problems.append(
            Problem(
                f"params is a mapping of names, not {described(node)}",
                node.where,
                "write each name on a line of its own, with its options",
                example="country: {type: string, default: SE}",
            )
        )
        return {}
    params = {}
    for name, entry in node.entries.items():
        if not _NAME.fullmatch(name):
            problems.append(
                Problem(
                    f"{name!r} cannot be the name of a param", entry.key.where, "use letters, digits, - and _"
                )
            )
            continue
        params[name] = _param(name, entry, problems)
    return params


def _param(name: str, entry: Entry, problems: list[Problem]) -> Param:
    where = entry.key.where
    node = entry.value
    if isinstance(node, Scalar) and node.value is None:
        return Param(name=name, where=where, required=True)
    if not isinstance(node, Mapping):
        problems.append(
            Problem(
                f"the param {name!r} takes options: {', '.join(OPTIONS)}",
                node.where,
                "write its default so",
                example=f"{name}: {{default: {getattr(node, 'text', '...')}}}",
            )
        )
        return Param(name=name, where=where)
    _refuse_unknown(node, problems)
    reader = Reader(problems)
    entries = node.entries
    kind = reader.choice(entries.get("type"), "type", TYPES, meant=_OTHER_NAMES)
    default = entries["default"].value if "default" in entries else None
    param = Param(
        name=name,
        type=kind or "string",
        default=default,
        required=reader.flag(entries.get("required"), "required")
        if "required" in entries
        else default is None,
        enum=_enum(entries.get("enum"), problems),
        env=reader.text(entries.get("env"), "env"),
        description=reader.text(entries.get("description"), "description") or "",
        where=where,
    )
    if kind is not None or "type" not in entries:  # of no type nothing more can be said
        _check_values(param, entries, problems)
    return param


def _refuse_unknown(node: Mapping, problems: list[Problem]) -> None:
    for option, found in node.entries.items():
        if option not in OPTIONS:
            habit = habits.PARAM_OPTIONS.get(option.lower().replace("_", "-"))
            fix = habit or nearest(option, OPTIONS) or f"known: {', '.join(OPTIONS)}"
            problems.append(
                Problem(f"a param has no option {option!r}", found.key.where, fix, length=len(option))
            )


def _enum(entry: Entry | None, problems: list[Problem]) -> tuple[object, ...]:
    if entry is None:
        return ()
    if not isinstance(entry.value, Sequence) or not all(
        isinstance(item, Scalar) for item in entry.value.items
    ):
        problems.append(Problem("enum takes a list of values", entry.value.where, "enum: [SE, NO, DK]"))
        return ()
    return tuple(item.value for item in entry.value.items if isinstance(item, Scalar))


def _check_values(param: Param, entries: dict[str, Entry], problems: list[Problem]) -> None:
    """Check the choices and the default against the type, with a sample clock, and tell what may be misread."""
    for option in ("default", "enum"):
        if option in entries:
            Binder(sample_scope(), [], doubts=problems).value(object, entries[option].value, option)
    for choice in param.enum:
        try:
            typed(param, choice)
        except ValidationError as err:
            problems.append(Problem(f"enum: {err}", entries["enum"].value.where, _quote_hint(param, choice)))
    if param.default is None or (isinstance(param.default, Scalar) and param.default.value is None):
        return
    try:
        default_of(param, sample_scope())
    except InvalidJobError as err:
        problems.extend(err.problems)
    except ValidationError as err:
        value = param.default.value if isinstance(param.default, Scalar) else None
        where: Mark = param.default.where
        problems.append(Problem(f"default: {err}", where, err.how_to_fix or _quote_hint(param, value)))


def _quote_hint(param: Param, value: object) -> str | None:
    if param.type == "string" and not isinstance(value, str) and value is not None:
        return f'quote it: "{value}"'
    return None


def sample_scope() -> Scope:
    """Return a scope in which only `run.*` has values: those of some fixed day."""
    from datetime import datetime, timezone  # noqa: PLC0415  # only a job with params pays for it

    return Scope(
        params={}, config=None, run=run_facts("sample", datetime(2026, 1, 15, tzinfo=timezone.utc)), counts={}
    )
