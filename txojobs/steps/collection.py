"""The part of `fetch` that reads a REST collection: its options, and the query that they make."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from txojobs.records import number_text
from txojobs.steps.base import Step
from txojobs.steps.kinds import JmesPath
from txojobs.steps.paging_options import Paging, PagingKind, as_group
from txojobs.steps.spec import Doc
from txojobs.steps.url_text import UrlText

if TYPE_CHECKING:
    from txojobs.steps.fetch import Fetch


QueryParameters = Annotated[
    dict[str, str | int | Decimal | bool | tuple[str, ...] | None],
    Doc(
        "Query parameters, encoded; a list repeats its name, null is left out.", example="{sap-client: '100'}"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Collection(Step):
    """The options that a collection has beside those that it shares with an entity set."""

    url: Annotated[
        UrlText | None,
        Doc(
            "A REST collection, below the address of the service. Stands in place of `entity`, and needs `paging`.",
            example="/v1/customers",
        ),
    ] = None
    method: Annotated[
        Literal["GET", "POST"],
        Doc(
            "url: POST for a query that is sent as a body. It must only ask: it is sent again after a lost answer."
        ),
    ] = "GET"
    body: Annotated[
        dict[str, object] | None,
        Doc("url: the body of a POST query, sent as JSON.", example="{filter: {status: open}}"),
    ] = None
    records: Annotated[
        JmesPath | None,
        Doc(
            "url: where an answer holds the records; left out when the answer is the list. An object is one record.",
            example="data",
        ),
    ] = None
    paging: Annotated[
        PagingKind | Paging | None,
        Doc("url: how the next page is asked for, and what ends the sequence.", example="link-header"),
    ] = None
    total: Annotated[
        JmesPath | None,
        Doc(
            "url: where an answer tells how many there are of all; compared with what came.",
            example="meta.total",
        ),
    ] = None
    total_header: Annotated[str | None, Doc("url: the header that tells it.", example="X-Total-Count")] = None


def collection_query(step: "Fetch", limit: int | None) -> Any:
    """Return the query that a fetch of a collection sends; `limit` is `--limit`."""
    from txojobs.rest.collection_query import CollectionQuery  # noqa: PLC0415  # only when something is asked
    from txojobs.rest.paging import Sent  # noqa: PLC0415

    assert step.url is not None  # noqa: S101  # whoever calls has looked
    options = as_group(step.paging or "none")
    limits = [each for each in (step.limit, limit) if each is not None]
    return CollectionQuery(
        url=step.url.text,
        method=step.method,
        params=parameters(step.query),
        headers=step.headers,
        body=step.body,  # type: ignore[arg-type]  # the binder gives JSON values
        records=_expression(step.records),
        optional=step.optional,
        paging=_way(options),
        size=Sent(options.size_as, options.in_ == "body") if options.size_as else None,
        page_size=step.page_size,
        total=_found(step.total, step.total_header),
        came=_expression(options.came),
        key=step.key,
        limit=min(limits) if limits else None,
        count=step.complete != "none",
    )


def parameters(query: "dict[str, Any]") -> "dict[str, Any]":
    """Return query parameters as they are sent: a number with its digits, null left out, a list as it is."""
    return {
        name: value if isinstance(value, list | tuple) else number_text(value)
        for name, value in query.items()
        if value is not None
    }


def _expression(path: JmesPath | None) -> Any:
    return None if path is None else path.expression


def _found(path: JmesPath | None, header: str | None) -> Any:
    from txojobs.rest.paging import Found  # noqa: PLC0415

    return Found(_expression(path), header) if path is not None or header is not None else None


def _way(options: Paging) -> Any:
    from txojobs.rest import paging_ways as ways  # noqa: PLC0415
    from txojobs.rest.paging import Found, HasMore, Sent  # noqa: PLC0415

    more = HasMore(_expression(options.has_more))
    sent = Sent(options.as_ or "", options.in_ == "body")
    match options.kind:
        case "link-header":
            return ways.LinkHeader()
        case "next-url":
            return ways.NextUrl(Found(_expression(options.next), options.next_header), more)
        case "cursor":
            place = Found(_expression(options.cursor), options.cursor_header)
            return ways.Cursor(place, sent, more, alone=options.alone)
        case "offset" | "page":
            by_page = options.kind == "page"
            pages = _found(options.total_pages, options.total_pages_header)
            ending = ways.Ending(more, total_pages=pages, empty_page=options.ends is not None)
            start = int(by_page) if options.start is None else options.start
            return ways.Numbered(sent, start, ending, by_page=by_page)
        case _:
            return ways.OneAnswer()
