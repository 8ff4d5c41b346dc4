"""`fetch`: read an OData entity set, whole or not at all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from txojobs.context import RunContext
from txojobs.errors import Problem
from txojobs.records import Batch, Column, Columns, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.kinds import EntityPath, ODataText
from txojobs.steps.spec import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch(Step):
    """Read the records of an OData entity set, every page of it.

    The number of records is compared with the service's own `$count`, a declared `key` finds records that came twice,
    and every link to a next page is followed. When any of this fails, the run fails and nothing is published.

        - fetch:
            entity: Customers
            select: [CustomerNo, DisplayName]
            filter: Country eq ${{ params.country }}
            order-by: [CustomerNo]
            key: [CustomerNo]
    """

    verb: ClassVar[str] = "fetch"
    role: ClassVar[Role] = Role.SOURCE
    can_reject: ClassVar[bool] = False
    main: ClassVar[str | None] = "entity"

    entity: Annotated[EntityPath, Doc("The entity set, or a path to one.", example="Customers")]
    select: Annotated[
        tuple[str, ...],
        Doc("The fields to read; all of them when left out.", example="[CustomerNo, Country]"),
    ] = ()
    filter: Annotated[
        ODataText | None,
        Doc("What the service leaves out, in OData's words.", example="Country eq 'SE' and BalanceDue gt 0"),
    ] = None
    expand: Annotated[
        tuple[str, ...], Doc("Related records to bring along.", example="[SalesOrderLines]")
    ] = ()
    order_by: Annotated[
        tuple[str, ...], Doc("The order of the records.", example="[Country, BalanceDue desc]")
    ] = ()
    search: Annotated[
        str | None, Doc("A full-text search, where the service has one.", example="bicycle")
    ] = None
    page_size: Annotated[
        int | None, Doc("How many records a page should hold; the service may give fewer.", example="1000")
    ] = None
    limit: Annotated[
        int | None, Doc("Stop after this many records; the result is not called complete.", example="100")
    ] = None
    key: Annotated[tuple[str, ...], Doc("The fields that make a record unique.", example="[CustomerNo]")] = ()
    headers: Annotated[
        dict[str, str], Doc("Further request headers.", example="{Data-Access-Intent: ReadOnly}")
    ] = field(default_factory=dict)
    query: Annotated[
        dict[str, str], Doc("Further query parameters, passed on as they are.", example="{sap-client: '100'}")
    ] = field(default_factory=dict)

    def check(self, job: JobView) -> Iterable[Problem]:
        """Numbers must be positive, a key must be read, and what has an option of its own needs it."""
        for option in ("page-size", "limit"):
            number = getattr(self, option.replace("-", "_"))
            if number is not None and number < 1:
                yield Problem(f"{option} must be at least 1, not {number}", job.at(option))
        for name in self.key if self.select else ():
            if name not in self.select:
                yield Problem(
                    f"key names {name!r}, which select does not read", job.at("key"), f"add {name} to select"
                )
        for name in self.query:
            if name.startswith("$"):
                option = _OPTIONS.get(name, "an option of fetch")
                yield Problem(f"{name} does not belong into query", job.at("query"), f"use {option}")
        for name in self.headers:
            if name.lower() in ("authorization", "cookie", "host", "content-length"):
                yield Problem(
                    f"the header {name} cannot be set in a job",
                    job.at("headers"),
                    "credentials belong into the configuration",
                )

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the selected fields and what is expanded; None when everything is read."""
        del incoming
        if not self.select or any("*" in name for name in self.select):
            return None
        names = [name.split("/")[0] for name in (*self.select, *(each.split("(")[0] for each in self.expand))]
        return tuple(Column(name) for name in dict.fromkeys(names))

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield page after page, in the service's order."""
        del records
        return RecordStream(self.outgoing(None), self._pages(ctx))

    def _pages(self, ctx: RunContext) -> Iterator[Batch]:
        from urllib.parse import unquote  # noqa: PLC0415

        from txojobs.parallel import prefetch  # noqa: PLC0415  # requests and all that: only when a job runs
        from txojobs.rest.odata import ODataReader  # noqa: PLC0415

        asked = self.request()
        ctx.note("request", unquote(asked.url(with_count=asked.asks_for_count)))
        reader = ODataReader(ctx.rest(), self.request(ctx.limit), deadline=ctx.deadline())
        told = False
        for page in prefetch(reader.pages(), cancel=ctx.cancel, on_abandon=reader.stop):
            if not told:
                ctx.progress(reader.count)
                told = True
            if page:
                yield page
        ctx.note("fetched", reader.proof.as_json())

    def request(self, limit: int | None = None) -> Any:
        """Return the query that is sent; `limit` is `--limit`."""
        from txojobs.rest.query import EntityQuery  # noqa: PLC0415

        limits = [each for each in (self.limit, limit) if each is not None]
        return EntityQuery(
            entity=self.entity.text,
            select=self.select,
            filter=self.filter.text if self.filter else None,
            expand=",".join(self.expand) or None,
            order_by=self.order_by,
            page_size=self.page_size,
            limit=min(limits) if limits else None,
            key=self.key,
            headers=self.headers,
            extra={**({"$search": self.search} if self.search else {}), **self.query},
        )


_OPTIONS = {
    "$select": "select",
    "$filter": "filter",
    "$expand": "expand",
    "$orderby": "order-by",
    "$top": "limit",
    "$search": "search",
}
