"""What ways of paging have in common: a request, an answer, an end, and where in them things stand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from txojobs.errors import ApiOperationError
from txojobs.rest.urls import with_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.expressions import Expression
    from txojobs.records import JsonValue


class Asked(NamedTuple):
    """One request: its address without the parameters, the parameters, the body of a POST."""

    url: str
    params: Mapping[str, object]
    body: Mapping[str, JsonValue] | None

    @property
    def address(self) -> str:
        """The address with its parameters."""
        return with_query(self.url, self.params)


class Got(NamedTuple):
    """One answer. `came` is how many there were in it, `so_far` with those before, `total` what was told of all.

    `pages` is how many answers have come.
    """

    value: JsonValue
    headers: Mapping[str, str]
    url: str
    came: int
    so_far: int
    pages: int
    total: int | None


class End(NamedTuple):
    """There is no further page. `told` says that the service said so outright.

    `doubt` says what should have told it and was not in the answer, `behind` what could be asked to be sure.
    """

    reason: str
    told: bool
    doubt: str | None = None
    behind: Asked | None = None


class Paging(Protocol):
    """One way."""

    @property
    def links(self) -> str:
        """What the report calls it."""
        ...

    def first(self, asked: Asked) -> Asked:
        """Return the first request, made of what the job asks."""
        ...

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the request behind an answer, or why there is none.

        Raises:
            ApiOperationError: the answer does not say what it must.
        """
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Where in an answer something stands: by an expression on its body, or in a header."""

    expression: Expression | None = None
    header: str | None = None

    def of(self, got: Got) -> JsonValue:
        """Return what stands there, None when nothing does."""
        if self.header is not None:
            return got.headers.get(self.header)
        return None if self.expression is None else self.expression.evaluate(got.value)

    def told_nothing(self, got: Got) -> bool:
        """Whether an answer has no such place at all, so that its end is our conclusion."""
        if self.header is not None:
            return self.header not in got.headers
        assert self.expression is not None  # noqa: S101  # one of the two
        return lacks_a_name(self.expression, got)

    def __str__(self) -> str:
        return f"the header {self.header}" if self.header else repr(getattr(self.expression, "text", ""))


@dataclass(frozen=True, slots=True)
class Sent:
    """Where in a request a value goes: a query parameter, or a member of the body (`variables.after`)."""

    name: str
    in_body: bool = False

    def put(self, asked: Asked, value: JsonValue) -> Asked:
        """Return the request with the value in it."""
        if not self.in_body:
            return asked._replace(params={**asked.params, self.name: _as_parameter(value)})
        return asked._replace(body=_with(asked.body or {}, self.name.split("."), value))

    def number_in(self, asked: Asked) -> int:
        """Return the whole number that stands there; it was put."""
        value: Any = asked.params.get(self.name)
        if self.in_body:
            value = asked.body
            for name in self.name.split("."):
                value = value[name]
        return int(value)


def _with(body: Mapping[str, JsonValue], path: list[str], value: JsonValue) -> dict[str, JsonValue]:
    inner = body.get(path[0])
    below = _with(inner if isinstance(inner, dict) else {}, path[1:], value) if path[1:] else value
    return {**body, path[0]: below}


def _as_parameter(value: JsonValue) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


@dataclass(frozen=True, slots=True)
class HasMore:
    """Where an answer says whether there is more; nowhere, when it has no expression."""

    expression: Expression | None

    def of(self, got: Got) -> bool | None:
        """Return what it says, None when it is not asked.

        Raises:
            ApiOperationError: it says neither true nor false.
        """
        if self.expression is None:
            return None
        value = self.expression.evaluate(got.value)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ApiOperationError(
                f"has-more ({self.expression.text}) gives neither true nor false",
                how_to_fix="correct the expression: nothing else says whether there is more",
            )
        return value

    def end(self, got: Got) -> End:
        """Return the end of a sequence of which an answer says that there is no more.

        It is doubted where the expression names what the answer does not have: `status == 'more'` is then false, too.
        """
        reason = "the service says that there is no more"
        if self.expression is None or not lacks_a_name(self.expression, got):
            return End(reason, told=True)
        return End(reason, told=False, doubt=f"there is no {self.expression.text!r} in the answer")


def lacks_a_name(expression: Expression, got: Got) -> bool:
    """Whether an expression names a field that an answer does not have."""
    from txojobs.expressions import FieldWatch  # noqa: PLC0415  # only at an end

    watch = FieldWatch(expression)
    watch.saw_value(got.value)
    return bool(watch.missing())


def with_size(asked: Asked, sent: Sent | None, size: int | None) -> Asked:
    """Return a request that says how many records a page should hold."""
    return asked if sent is None or size is None else sent.put(asked, size)
