"""The params of a job: from the command line, the environment or the default to a typed value."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from txojobs.errors import InvalidJobError, Problem, ValidationError
from txojobs.job.scope import ABSENT_ROOTS
from txojobs.steps.binder import Binder
from txojobs.steps.casting import cast
from txojobs.steps.fitting import FAULT, Unknown
from txojobs.steps.kinds import FilePath
from txojobs.suggest import nearest
from txojobs.yaml_source import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from txojobs.job.model import Job, Param
    from txojobs.job.scope import Scope

TYPES = ("string", "integer", "number", "boolean", "date", "datetime", "list", "file")


def param_values(
    job: Job, given: Mapping[str, object], *, environ: Mapping[str, str], scope: Scope
) -> dict[str, object]:
    """Return the value of each param: given, else from its variable, else the default, else None.

    Raises:
        InvalidJobError: an unknown name, a value of the wrong type or outside `enum`, a missing required one;
            all of them at once.
    """
    problems: list[Problem] = []
    for name in given:
        if name not in job.params:
            known = ", ".join(job.params) or "it has none"
            problems.append(
                Problem(
                    f"{job.name} has no param {name!r}", None, nearest(name, job.params) or f"known: {known}"
                )
            )
    values: dict[str, object] = {}
    for name, param in job.params.items():
        try:
            values[name] = _value(param, given, environ, scope)
        except InvalidJobError as err:
            problems.extend(err.problems)
        except ValidationError as err:
            problems.append(Problem(err.what_went_wrong, param.where, err.how_to_fix, example=err.example))
    if problems:
        raise InvalidJobError(f"the params of {job.name} are not right", problems)
    return values


def _value(param: Param, given: Mapping[str, object], environ: Mapping[str, str], scope: Scope) -> object:
    if param.name in given:
        return checked(param, typed(param, given[param.name]))
    if param.env and environ.get(param.env):
        return checked(param, typed(param, environ[param.env]))
    if param.default is not None:
        return default_of(param, scope)
    if param.required:
        source = f", or set {param.env}" if param.env else ""
        raise ValidationError(
            f"the param {param.name!r} needs a value"
            + (f": {param.description}" if param.description else ""),
            how_to_fix=f"give it with -p {param.name}=VALUE{source}",
        )
    return None


def default_of(param: Param, scope: Scope) -> object:
    """Return the default as a value of the param's type; it may hold `${{ run.* }}`.

    Raises:
        InvalidJobError: a `${{ }}` in it is wrong; its problems have their marks.
        ValidationError: the value is none of the param's type, or is not allowed.
    """
    problems: list[Problem] = []
    value = Binder(_RunOnly(scope), problems).value(object, param.default, "default")  # type: ignore[arg-type]  # not None here
    if value is FAULT:
        raise InvalidJobError(f"the default of {param.name} is not right", problems)
    return None if value is None else checked(param, typed(param, value))


class _RunOnly:
    """Lets a default see `run.*` and nothing else: all other values may depend on params themselves."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def value(self, path: str) -> object:
        value = self._scope.value(path) if path.split(".", maxsplit=1)[0] in ("run", *ABSENT_ROOTS) else None
        if value is None:
            raise ValidationError(
                f"a default can look at run.* only, not at {path}", how_to_fix="write the value itself"
            )
        return value


def sample_of(param: Param, scope: Scope) -> object:
    """Return what stands for the param while a job is checked: its default, else an Unknown of its type."""
    if param.default is None or (isinstance(param.default, Scalar) and param.default.value is None):
        return Unknown(param.type)
    try:
        return default_of(param, scope)
    except (ValidationError, InvalidJobError):  # reported where the param is checked
        return Unknown(param.type)


def typed(param: Param, value: object) -> object:
    """Return `value`, a text from a command line or a YAML value, as the param's type.

    Raises:
        ValidationError: it is none.
    """
    value = _readable(param, value) if isinstance(value, str) and param.type != "file" else value
    try:
        return _READERS[param.type](value)
    except (ValidationError, ValueError, TypeError):
        raise ValidationError(
            f"{param.name} takes {_WORDS[param.type]}, not {str(value)[:60]!r}",
            how_to_fix=_hint(param, value),
        ) from None


def _hint(param: Param, value: object) -> str | None:
    """Return how to write what was given, where that can be told."""
    text = value.strip() if isinstance(value, str) else ""
    if param.type == "number" and re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text):
        whole = f"{text.replace(',', '')} or " if re.search(r"\b[0-9]{1,3},[0-9]{3}$", text) else ""
        return f"write {whole}{text.replace(',', '.')}: a number has a decimal point, and no separators of thousands"
    if param.type in ("number", "integer") and re.fullmatch(r"[-+]?[0-9]{1,3}([,.' ][0-9]{3})+", text):
        return f"write {re.sub('[^-0-9]', '', text)}, without separators of thousands"
    if param.type == "boolean":
        return "write true or false"
    if param.type in ("date", "datetime"):
        return "write year, month and day in this order; a job may also use ${{ run.today }}"
    if param.type in ("number", "integer"):
        return "write digits alone" + (
            ", and a decimal point where one is needed" if param.type == "number" else ""
        )
    if param.type == "list":
        return f"write -p {param.name}=A,B; texts with commas as a list of JSON: -p '{param.name}=[\"A, B\"]'"
    return None


def _readable(param: Param, text: str) -> str:
    """Return a text of the command line or the environment as UTF-8, whatever the terminal's encoding is.

    Raises:
        ValidationError: it is no UTF-8 (PEP 383: each strange byte is a lone surrogate by then).
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape").decode("utf-8")
        except UnicodeError:
            raise ValidationError(
                f"{param.name} takes {_WORDS[param.type]}, and {text[:60]!r} is not in UTF-8",
                how_to_fix="set the terminal, or the script that starts this, to UTF-8",
            ) from None
    return text


def checked(param: Param, value: object) -> object:
    """Return `value` when `enum` allows it."""
    if param.enum:
        allowed = [typed(param, choice) for choice in param.enum]
        if value not in allowed:
            shown = ", ".join(str(choice) for choice in allowed)
            raise ValidationError(
                f"{param.name} cannot be {str(value)[:60]!r}",
                how_to_fix=nearest(str(value), map(str, allowed)) or f"one of {shown}",
            )
    return value


def _string(value: object) -> object:
    if isinstance(value, str):
        return value
    raise TypeError


def _number(value: object) -> object:
    number = cast(value, "decimal")  # type: ignore[arg-type]  # cast refuses what is no JSON value
    return number if isinstance(number, Decimal) else Decimal(number)  # type: ignore[arg-type]  # an int


def _date(value: object) -> object:
    return date.fromisoformat(str(cast(_iso(value), "date")))


def _datetime(value: object) -> object:
    text = str(cast(_iso(value), "datetime")).replace("Z", "+00:00")
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    # Python 3.10 reads three or six digits of a fraction, and no version more than six
    return datetime.fromisoformat(whole + dot + digits[:6].ljust(6 if dot else 0, "0") + rest[len(digits) :])


def _iso(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    raise TypeError


def _list(value: object) -> object:
    if isinstance(value, str) and value.strip().startswith("["):
        return _json_list(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError


def _json_list(text: str) -> list[object]:
    """Return a list that is written as in JSON, for texts that hold commas."""
    import json  # noqa: PLC0415  # few lists are

    found = json.loads(text, parse_float=Decimal)
    if not isinstance(found, list) or any(isinstance(each, list | dict) for each in found):
        raise TypeError
    return found


_READERS: dict[str, Callable[[object], object]] = {
    "string": _string,
    "integer": lambda value: cast(value, "integer"),  # type: ignore[arg-type]  # as above
    "number": _number,
    "boolean": lambda value: cast(value, "boolean"),  # type: ignore[arg-type]  # as above
    "date": _date,
    "datetime": _datetime,
    "list": _list,
    "file": lambda value: FilePath(_string(value)),
}
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date like 2026-01-15",
    "datetime": "a date and time like 2026-01-15T14:30:00Z",
    "list": "a list, or texts separated by commas",
    "file": "a file name",
}
