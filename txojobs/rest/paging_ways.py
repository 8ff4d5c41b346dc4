"""How a collection goes on from one answer to the next, in each way that services have.

Guarantees: nothing is assumed of a service that the job does not say. An offset advances by what came, never by what
was asked for, because services cap the size of a page without a word. A short page ends nothing. Every end carries
its reason, and whether the service told it or we conclude it.

Source: RFC 8288 (Link); the ways are those of GitHub and Shopify (Link), Zendesk and Salesforce (address in the
answer), Stripe, Slack, Notion and HubSpot (cursor), Jira and SCIM (offset, RFC 7644 section 3.4.2.4), WordPress and
GitLab (page number). Jira tells of its caps in "Changing maxResults parameter for Jira Cloud REST API".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from txojobs.errors import ApiOperationError
from txojobs.rest.link_header import next_link
from txojobs.rest.origin import resolved
from txojobs.rest.pages import counted
from txojobs.rest.paging import End

if TYPE_CHECKING:
    from txojobs.records import JsonValue
    from txojobs.rest.paging import Asked, Found, Got, HasMore, Sent

TOTAL = "the total"


@dataclass(frozen=True, slots=True)
class OneAnswer:
    """All there is comes in one answer."""

    links: str = "one page"

    def first(self, asked: Asked) -> Asked:
        """Return it as it is."""
        return asked

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the end."""
        del asked, got
        return End("one answer", told=False)


@dataclass(frozen=True, slots=True)
class LinkHeader(OneAnswer):
    """The header Link names the next page."""

    links: str = "link-header"

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the request for the page with rel=next; the address is complete."""
        link = next_link(got.headers.get("Link"), got.url)
        if link is None:
            return End("no link", told=False)
        return asked._replace(url=link, params={})


@dataclass(frozen=True, slots=True)
class NextUrl:
    """The answer holds the address of the next page, absolute or relative to its own."""

    place: Found
    has_more: HasMore
    links: str = "next-url"

    def first(self, asked: Asked) -> Asked:
        """Return it as it is."""
        return asked

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the request for the address, by the same method and with the same body."""
        link = _named(self.place, self.has_more, got, "no next address")
        if isinstance(link, End):
            return link
        if not isinstance(link, str):
            hint = "; write `.href` behind it" if isinstance(link, dict) and "href" in link else ""
            raise ApiOperationError(
                f"next ({self.place}) gives no text that could be an address",
                how_to_fix=f"correct the expression{hint}",
            )
        return asked._replace(url=resolved(got.url, link.strip()), params={})


@dataclass(frozen=True, slots=True)
class Cursor:
    """The answer holds a value that the next request brings along."""

    place: Found
    sent: Sent
    has_more: HasMore
    alone: bool = False
    links: str = "cursor"

    def first(self, asked: Asked) -> Asked:
        """Return it as it is: the first request has no cursor, or one that the job writes."""
        return asked

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the request with the cursor."""
        cursor = _named(self.place, self.has_more, got, "no cursor")
        if isinstance(cursor, End):
            return cursor
        if not isinstance(cursor, str | int | Decimal) or isinstance(cursor, bool):
            raise ApiOperationError(
                f"cursor ({self.place}) gives neither a text nor a number",
                how_to_fix="correct the expression: it must give what the next request sends",
            )
        return self.sent.put(asked._replace(params={}) if self.alone else asked, cursor)


def _named(place: Found, has_more: HasMore, got: Got, what_is_missing: str) -> JsonValue | End:
    """Return what an answer names for the next request, or the end."""
    more = has_more.of(got)
    if more is False:
        return has_more.end(got)
    value = place.of(got)
    return _no(place, got, what_is_missing, more=more) if _is_nothing(value) else value


def _is_nothing(value: JsonValue) -> bool:
    """Whether a link or cursor says that there is no next page; some services write false or 0."""
    return value is None or value is False or value == 0 or (isinstance(value, str) and not value.strip())


def _no(place: Found, got: Got, reason: str, *, more: bool | None) -> End:
    if more:
        raise ApiOperationError(
            f"the service says that there is more, but {place} does not say where",
            how_to_fix="correct where the next page is looked for",
        )
    if place.told_nothing(got):
        return End(reason, told=False, doubt=f"there is no {place} in the answer")
    return End(reason, told=True)


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends a sequence whose next request we make up: the first of these that the job names, else its total."""

    has_more: HasMore
    total_pages: Found | None = None
    empty_page: bool = False

    def reached(self, got: Got) -> End | None:
        """Return the end when an answer is the last, None when it is not.

        Raises:
            ApiOperationError: nothing in the answer tells.
        """
        more = self.has_more.of(got)
        if more is not None:
            return None if more else self.has_more.end(got)
        if self.total_pages is not None:
            all_pages = counted(self.total_pages.of(got))
            if all_pages is None:
                raise _untold("total-pages", self.total_pages)
            if all_pages < got.pages and got.came:
                raise ApiOperationError(
                    f"total-pages ({self.total_pages}) says {all_pages:,}, and page {got.pages:,} holds records",
                    how_to_fix="let total-pages lead to the number of all pages, or page in another way",
                )
            return End("the last page", told=False) if got.pages >= all_pages else None
        if self.empty_page:
            return None if got.came else End("an empty page", told=False)
        if got.total is None:
            raise _untold("total")
        if not got.came:
            return End("an empty page", told=False)
        return End(TOTAL, told=False) if got.so_far >= got.total else None


def _untold(option: str, place: Found | None = None) -> ApiOperationError:
    where = f" ({place})" if place else ""
    return ApiOperationError(
        f"{option}{where} gives no number, and nothing else says how many pages there are",
        how_to_fix=f"correct {option}, or write `ends: empty-page` in paging, which reads until nothing comes",
    )


@dataclass(frozen=True, slots=True)
class Numbered:
    """The request says where to begin: at the record behind those that came, or at the page behind this one."""

    sent: Sent
    start: int
    ending: Ending
    by_page: bool

    @property
    def links(self) -> str:
        """As the report calls it."""
        return "page" if self.by_page else "offset"

    def first(self, asked: Asked) -> Asked:
        """Return the request for the first page."""
        return self.sent.put(asked, self.start)

    def sooner(self, asked: Asked) -> Asked:
        """Return the request with the number before its own."""
        return self.sent.put(asked, self.sent.number_in(asked) - 1)

    def after(self, asked: Asked, got: Got) -> Asked | End:
        """Return the request behind what came."""
        end = self.ending.reached(got)
        behind = self.sent.put(asked, self.start + (got.pages if self.by_page else got.so_far))
        if end is not None:
            return end._replace(behind=behind) if end.reason == TOTAL and got.so_far == got.total else end
        if not (got.came or self.by_page):
            raise ApiOperationError(
                "the service says that there is more, but gave nothing, so that the offset does not advance",
                how_to_fix="report it to the provider of the service, or page in another way that it offers",
            )
        return behind
