"""Ask for what changed since the last run, and note how far this one came: `incremental` of a fetch.

The value to go on from is the largest one that the service itself has sent, never a time of ours. It is asked for
with `ge`: records with that very value may have come in since. What is read again has to be told apart by its key.

While a read goes from page to page, records change behind it. So what a read of several pages took is subtracted by
the next one, beside `lookback`, which is for changes that a service stores later than the time it writes on them. Of
numbers, which tell no time, a read goes no further than the largest one that there was before its first page.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from txojobs.context import RunContext, Watermark
from txojobs.errors import StepError, ValidationError
from txojobs.records import Batch, JsonValue
from txojobs.steps.cursor import NUMBER, Cursor, cursor_of, earlier, in_text, is_ahead, literal_of
from txojobs.steps.duration import seconds_in
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from txojobs.rest.query import EntityQuery
    from txojobs.steps.fetch import Fetch


def question_of(step: "Fetch") -> dict[str, str]:
    """Return a digest of each part of what a fetch asks: what one is for another question is no use for this one."""
    query = step.request()
    expand = {path: repr(each) for path, each in query.expand.items()}
    parts: dict[str, object] = {
        "by": step.incremental.by if step.incremental else None,
        "filter": query.filter,
        "select": sorted(query.select),
        "key": list(query.key),
        "expand": sorted(expand.items()),
        "query": sorted(query.extra.items()),
        "headers": sorted(query.headers.items()),
        "annotations": [query.keep_annotations, query.labels],
    }
    return {name: digest(repr(part)) for name, part in parts.items()}


def digest(text: str) -> str:
    """Return what tells texts apart without telling them."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class ChangedSince:
    """One incremental read. `clock` is monotonic, in seconds; `wall` tells the time."""

    def __init__(
        self,
        step: "Fetch",
        ctx: RunContext,
        *,
        odata: str,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        assert step.incremental is not None  # noqa: S101  # asked by whoever makes it
        assert step.entity is not None  # noqa: S101  # a url is refused
        self._wanted = step.incremental
        self._step = step
        self._ctx = ctx
        self._odata = odata
        self._clock = clock
        self._wall = wall
        self._mark: Watermark = ctx.watermark(step.entity.in_dialect("v4"), question_of(step))
        goes_on = self._mark.value is not None and self._mark.reads_all_because is None
        self._before = in_text(self._mark.value or "") if goes_on else None
        self._last: Cursor | None = None
        self._new = self._empty = self._rows = self._ahead = 0
        self._largest: Cursor | None = None
        self._is_bounded = False
        """Whether `_largest`, of numbers, is what there was before the first page."""
        self._answers = 0
        self._since: Cursor | None = self._start()

    def _start(self) -> Cursor | None:
        """Return where to read from, None to read all."""
        if self._before is None:
            return None
        if is_ahead(self._before, self._ctx.now):
            self._ctx.warn(
                f"the watermark {self._before.text} lies ahead of the clock: what changes until then is not read; "
                "set it back with txojobs state set, or read all with --full"
            )
        amount = Decimal(0)
        if self._wanted.lookback is not None:
            amount = _amount(str(getattr(self._wanted.lookback, "text", self._wanted.lookback)), self._before)
        if self._before.kind != NUMBER:
            amount += self._mark.reading_s
        return earlier(self._before, amount) if amount else self._before

    def asked(self, query: "EntityQuery") -> "EntityQuery":
        """Return the query for what changed."""
        if self._since is None:
            return query
        changed = f"{self._wanted.by} ge {literal_of(self._since, odata=self._odata)}"
        return replace(query, filter=f"({query.filter}) and {changed}" if query.filter else changed)

    def hearing(self, ctx: RunContext) -> RunContext:
        """Return a context in which the reader tells of how many pages the records came."""

        def note(key: str, value: JsonValue) -> None:
            pages = value.get("pages") if key == "fetched" and isinstance(value, dict) else None
            if isinstance(pages, int):
                self._answers = pages
            ctx.note(key, value)

        return ctx._replace(note=note)

    def _look_how_far(self, client: Any, query: "EntityQuery", type_: str | None) -> None:
        """Ask for the largest number before the first page, where it may be one: what is larger changed meanwhile."""
        may_be = self._before.kind == NUMBER if self._before is not None else type_ in (None, "integer")
        if not may_be or not self._ctx.reads_all:
            return
        from txojobs.rest.odata import largest_of  # noqa: PLC0415  # few jobs are incremental

        value, self._is_bounded = largest_of(client, query, self._wanted.by, deadline=self._ctx.deadline())
        if value is not None:
            with suppress(ValidationError):  # that it has no order is told of the records
                self._largest = cursor_of(value, odata=self._odata, type_=type_)

    def watched(self, pages: Iterator[Batch], client: Any, query: "EntityQuery") -> Iterator[Batch]:
        """Yield the records on, and tell the run how far they came once there are no more.

        Raises:
            StepError: a record has no such field, or one that has no order.
        """
        described = self._ctx.described
        columns = described.columns or () if described is not None else ()
        type_ = next((each.type for each in columns if each.name == self._wanted.by), None)
        self._look_how_far(client, query, type_)
        begun = self._clock()
        for page in pages:
            for record in page:
                if self._wanted.by not in record:
                    raise self._absent(record)
                self._saw(record[self._wanted.by], type_)
            self._rows += len(page)
            yield page
        reached = self._reached()
        facts = self._facts()
        if self._ahead:
            self._ctx.warn(
                f"{self._ahead:,} of the values of {self._wanted.by} lie ahead of the clock: the watermark "
                "leaves them out, and their records are read each time"
            )
        if self._is_of_two_times() and reached is not None and reached.kind == NUMBER:
            facts["stays-because"] = "the run was resumed, and how far numbers went on meanwhile nobody knows"
            self._ctx.warn(f"the watermark stays where it is: {facts['stays-because']}")
        elif reached is not None:
            self._mark.reached(self._wanted.by, reached.text, reading_s=self._reading_s(begun))
        self._ctx.note("incremental", facts)

    def _is_of_two_times(self) -> bool:
        """Tell whether some of several pages are answers that an earlier process has kept: see `--resume`."""
        return self._answers != 1 and bool(getattr(self._ctx.rest(), "found", 0))

    def _reading_s(self, begun: float) -> int:
        """Return how long the read took while the service may have changed: between two pages, not within one."""
        if self._answers == 1:
            return 0
        seconds = self._clock() - begun
        if self._is_of_two_times():  # it began with the run, in another process
            seconds = max(seconds, (self._wall() - self._ctx.now).total_seconds())
        return math.ceil(seconds)

    def _saw(self, value: JsonValue, type_: str | None) -> None:
        if value is None:
            self._empty += 1
            return
        try:
            found = cursor_of(value, odata=self._odata, type_=type_)
        except ValidationError as err:
            raise StepError(
                f"{self._wanted.by}: {err}", how_to_fix=err.how_to_fix, example=err.example
            ) from err
        for other in (self._before, self._last):
            if other is not None and other.kind != found.kind:
                raise self._other_kind(other, found)
        if self._before is None or found.order > self._before.order:
            self._new += 1
        if is_ahead(found, self._ctx.now):
            self._ahead += 1
            return
        if self._last is None or found.order > self._last.order:
            self._last = found

    def _reached(self) -> Cursor | None:
        """Return how far this read came: not less far than the one before, unless all was read."""
        last = self._last
        if last is not None and last.kind == NUMBER:
            if self._is_bounded:
                last = (
                    None if self._largest is None else min(last, self._largest, key=lambda each: each.order)
                )
            elif self._answers != 1 and self._wanted.lookback is None:
                self._ctx.warn(
                    "what changed in records that were read already may be missed by the next run: the service does "
                    f"not sort by {self._wanted.by}; give incremental a lookback, so many numbers as it may use"
                )
        found = [each for each in (self._before, last) if each is not None]
        return max(found, key=lambda each: each.order, default=None)

    def _facts(self) -> dict[str, JsonValue]:
        return {
            "by": self._wanted.by,
            "watermark-before": self._mark.value,
            "since": None if self._since is None else self._since.text,
            "reads-all-because": self._mark.reads_all_because,
            "watermark-after": self._mark.value,
            "rows-new": self._new if self._since is not None else self._rows,
            "rows-without-value": self._empty,
        }

    def _absent(self, record: Mapping[str, Any]) -> StepError:
        by = self._wanted.by
        return StepError(
            f"a record has no field {by!r}, by which the fetch is incremental",
            how_to_fix=nearest(by, record) or f"its fields are {', '.join(record)}"[:400],
        )

    def _other_kind(self, other: Cursor, found: Cursor) -> StepError:
        by = self._wanted.by
        if other is self._last:
            return StepError(
                f"{by} holds {other.kind} ({other.text}) and {found.kind} ({found.text}), which have no common order",
                how_to_fix="let `by` name a field whose values are of one kind",
            )
        return StepError(
            f"{by} holds {found.kind} ({found.text}), and the watermark is {other.kind} ({other.text})",
            how_to_fix="set the watermark to a value of the field, or read all once with --full",
            example="txojobs state show JOB ORG ENV",
        )


def _amount(lookback: str, before: Cursor) -> Decimal:
    """Return what a lookback subtracts.

    Raises:
        StepError: it is a duration and the watermark a number, or the other way round.
    """
    is_bare = lookback.isdecimal()
    if is_bare == (before.kind == NUMBER):
        return seconds_in(lookback) or Decimal(0)
    fix = "write an amount, like 100" if before.kind == NUMBER else "write its unit: 90s, 10m, 2h or 1d"
    raise StepError(
        f"lookback is {lookback}, and the watermark is {before.kind} ({before.text})", how_to_fix=fix
    )
