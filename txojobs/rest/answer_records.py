"""What of an answer are its records: as the job says, or an error that says what there is instead.

An answer without the list that was named, with null in its place, or with an error inside, is never zero records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from txojobs.errors import ApiOperationError
from txojobs.rest.content import read_json, unreadable
from txojobs.rest.failures import AttemptError, Cause
from txojobs.rest.pages import refuse_error
from txojobs.rest.service_text import read_service_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.expressions import Expression, FieldWatch
    from txojobs.records import JsonValue, Record
    from txojobs.rest.answers import Answer

_LINES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "text/csv",
)
"""Bodies of one record a line."""


def read_answer(answer: Answer, *, optional: tuple[str, ...] = ()) -> JsonValue:
    """Return the JSON of an answer; one that says 200 and holds an error is none.

    Raises:
        AttemptError: it is no JSON, or an error.
    """
    if answer.media_type in _LINES:
        raise unreadable(
            answer,
            f"the answer is {answer.media_type}, one record a line, and fetch reads JSON documents",
            "ask for JSON (`headers: {Accept: application/json}`), or save the answer as a file in data/ and read "
            "it with `load`",
            cause=Cause.REFUSED,
        )
    value = read_json(answer)
    if "error" not in optional:
        refuse_error(answer, value)
    if isinstance(value, dict) and value.get("errors") and "errors" not in optional:
        raise _with_errors(answer)
    return value


def _with_errors(answer: Answer) -> AttemptError:
    """Return the failure of an answer with `errors`; what stands beside them is a part at best.

    Source: GraphQL specification, section 7.1 (a response with errors may hold partial data).
    """
    told = read_service_error(answer.body, answer.headers)
    return unreadable(
        answer,
        f"the answer says {answer.status} but holds errors: {told.message or told.code or 'without a message'}",
        "correct what the service names; if `errors` are no failures here, write optional: [errors]",
        cause=Cause.REFUSED,
    )


def records_in(
    value: JsonValue, expression: Expression | None, *, optional: tuple[str, ...], name: str
) -> tuple[list[Record], JsonValue]:
    """Return the records of an answer, and the part of it that is a record itself rather than a list of them.

    Raises:
        ApiOperationError: there is no list and no object where the records should stand.
    """
    if expression is None:
        if not isinstance(value, list):
            raise _no_list(value, name)
        return _records(value, name), None
    found = expression.evaluate(value)
    if isinstance(found, dict):
        return [found], found
    if found is None:
        if _may_lack(expression, optional):
            return [], None
        watch = field_watch(expression, optional)
        watch.saw_value(value)
        refuse_misspelt(watch, expression, name)
        raise ApiOperationError(
            f"{name}: records ({expression.text}) gives null, which is not the same as no records",
            how_to_fix="if the service writes null or nothing for an empty list, name the field as optional",
            example=f"optional: [{expression.text}]",
        )
    if not isinstance(found, list):
        raise ApiOperationError(
            f"{name}: records ({expression.text}) gives neither a list nor an object",
            how_to_fix="let it lead to the list of records",
        )
    return _records(found, name), None


def field_watch(expression: Expression, optional: tuple[str, ...]) -> FieldWatch:
    """Return a watch over the names in `records`."""
    from txojobs.expressions import FieldWatch  # noqa: PLC0415  # expressions come with the job that has one

    return FieldWatch(expression, optional=optional)


def _records(found: list[JsonValue], name: str) -> list[Record]:
    strange = next((each for each in found if not isinstance(each, dict)), None)
    if strange is not None or None in found:
        raise ApiOperationError(
            f"{name}: the list holds something that is no record",
            how_to_fix="make a record of each element",
            example='records: "tags[].{tag: @}"',
        )
    return list(cast("list[Record]", found))


def _no_list(value: JsonValue, name: str) -> ApiOperationError:
    lists = list(_lists(value, ""))[:5] if isinstance(value, dict) else []
    first = lists[0] if lists else "data"
    there = f"; lists in it: {', '.join(lists)}" if lists else ""
    kind = "an object" if isinstance(value, dict) else "neither a list nor an object"
    return ApiOperationError(
        f"{name}: the answer is {kind}, and the job does not say where the records stand{there}",
        how_to_fix='name the list with `records`; `records: "@"` takes the whole answer as one record',
        example=f"records: {first}",
    )


def _lists(value: JsonValue, path: str, depth: int = 3) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) and depth else ():
        here = f"{path}.{key}" if path else key
        if isinstance(inner, list):
            yield here
        else:
            yield from _lists(inner, here, depth - 1)


def refuse_misspelt(watch: FieldWatch, expression: Expression, name: str) -> None:
    """Raise ApiOperationError when `expression` names a field that no answer had: it would give no records."""
    for path, meant in watch.missing():
        raise ApiOperationError(
            f"{name}: there is no {path!r} in the answer, which records names: {expression.text}",
            how_to_fix=f"did you mean {meant}?"
            if meant
            else "correct `records`; when the service leaves an empty list out, name the field as optional",
            example=f"optional: [{path}]",
        )


def _may_lack(expression: Expression, optional: tuple[str, ...]) -> bool:
    from txojobs.expressions import path_text  # noqa: PLC0415

    return any(
        path_text(path[:length]) in optional
        for path in expression.paths
        for length in range(1, len(path) + 1)
    )
