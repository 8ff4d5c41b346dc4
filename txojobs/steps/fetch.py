"""`fetch`: read an OData entity set or a REST collection, whole or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from txojobs.errors import Problem
from txojobs.records import Columns, RecordStream
from txojobs.steps.base import JobView, Role
from txojobs.steps.collection import Collection, QueryParameters, collection_query
from txojobs.steps.incremental import WantedChanges
from txojobs.steps.kinds import EntityPath, ODataText
from txojobs.steps.odata_options import (
    OnCompanyError,
    Parallel,
    WantedCompanies,
    check_fetch,
    columns_of_fetch,
    entity_query,
)
from txojobs.steps.partition_options import PartitionBy
from txojobs.steps.related import Expand
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fetch(Collection):
    """Read the records of an OData entity set or a REST collection, every page of it.

    The number of records is compared with the service's own count, a declared `key` finds records that came twice
    (and completes the order of an entity set; some 85 bytes of each are kept), and every page is followed. When any
    of this fails, the source is read once more; when it fails again, the run fails and nothing is published. The
    configuration says which version of OData the service speaks (`odata: v2`, `v3` or `v4`); what arrives looks the
    same, once a [snapshot](metadata.md) tells which texts of V2 are numbers. Of a REST service the job says where
    records and next page stand ([rest.md](rest.md)). It takes either `entity` or `url`.

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
    exactly_one: ClassVar[tuple[str, ...]] = ("entity", "url")

    entity: Annotated[
        EntityPath | None, Doc("The entity set, a path to one, or a bound function.", example="Customers")
    ] = None
    select: Annotated[
        tuple[str, ...],
        Doc("The fields to read; all of them when left out.", example="[CustomerNo, Country]"),
    ] = ()
    optional: Annotated[
        tuple[str, ...], Doc("Names in select, expand or records that all may lack.", example="[Lines/No]")
    ] = ()
    filter: Annotated[
        ODataText | tuple[ODataText, ...] | None,
        Doc(
            "What the service shall send, in OData's words. Of a list of conditions, all must hold; one whose param "
            "is null falls away. `guid${{ params.id }}` says that a text is a GUID (date, datetime, "
            "datetimeoffset, time and the name of an enumeration do the same).",
            example="Country eq 'SE' and BalanceDue gt 0",
        ),
    ] = None
    expand: Annotated[
        tuple[str, ...] | dict[str, Expand],
        Doc(
            "Related records to bring along: a list of paths, or paths with options of their own.",
            example="{SalesOrders/SalesOrderLines: {select: [LineNo, Quantity]}}",
        ),
    ] = ()
    order_by: Annotated[
        tuple[str, ...], Doc("The order of the records.", example="[Country, BalanceDue desc]")
    ] = ()
    search: Annotated[str | None, Doc("A full-text search by the service (V4).", example="bicycle")] = None
    apply: Annotated[
        ODataText | None,
        Doc(
            "An aggregation by the service (V4).",
            example="groupby((Country),aggregate(BalanceDue with sum as Due))",
        ),
    ] = None
    page_size: Annotated[
        int | None, Doc("How many records a page should hold; the service may give fewer.", example="1000")
    ] = None
    limit: Annotated[
        int | None, Doc("Stop after this many records; the result is not called complete.", example="100")
    ] = None
    key: Annotated[tuple[str, ...], Doc("The fields that make a record unique.", example="[CustomerNo]")] = ()
    complete: Annotated[
        Literal["auto", "count", "verify", "none"],
        Doc(
            "How to prove that all records came. auto: compare with `$count` or total where the service gives it; "
            "count: it must give it; verify: read in the order of the key, or the keys a second time, which also "
            "notices what changes meanwhile; none: compare nothing."
        ),
    ] = "auto"
    on_duplicate: Annotated[
        Literal["fail", "keep-first", "keep-last"],
        Doc("What to do when a key comes twice.", example="keep-last"),
    ] = "fail"
    labels: Annotated[
        bool, Doc("Bring along what a service shows for a code, as `<field>_label`, where it can.")
    ] = False
    annotations: Annotated[
        bool, Doc("Keep the service's own notes in the records, `@odata.etag` for one.")
    ] = False
    headers: Annotated[
        dict[str, str], Doc("Further request headers.", example="{Data-Access-Intent: ReadOnly}")
    ] = field(default_factory=dict)
    query: QueryParameters = field(default_factory=dict)
    incremental: WantedChanges = None
    companies: WantedCompanies = None
    on_company_error: OnCompanyError = "fail"
    parallel: Parallel = 1
    partition: PartitionBy = None

    def check(self, job: JobView) -> Iterable[Problem]:
        """Numbers must be positive, a key must be read, and what has an option of its own needs it."""
        return check_fetch(self, job)

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return the fields that come, None when the service decides; `incoming` is what it has, where described."""
        return columns_of_fetch(self, incoming)

    def run(self, ctx: "RunContext", records: RecordStream) -> RecordStream:
        """Yield page after page, in the service's order."""
        from txojobs.steps.fetching import pages_of  # noqa: PLC0415  # requests and all that: only when a job runs

        del records
        known = self.outgoing(ctx.described.columns if ctx.described is not None else None)
        if self.outgoing(None) is not None:
            return RecordStream(known, pages_of(ctx, self))
        return RecordStream(None, pages_of(ctx, self), known or ())  # more may come than the snapshot says

    def request(self, limit: int | None = None, *, odata: str = "v4", described: Any = None) -> Any:
        """Return the query that is sent; `limit` is `--limit`, `described` what a snapshot tells."""
        if self.url is not None:
            return collection_query(self, limit)
        return entity_query(self, limit, odata=odata, described=described)
