"""The question to a REST collection: the first request, and what its answers mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from txojobs.rest.paging import Asked, Found, Sent, with_size
from txojobs.rest.paging_ways import OneAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.expressions import Expression
    from txojobs.records import JsonValue
    from txojobs.rest.paging import Paging


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionQuery:
    """One collection to be read.

    `url` is the address below the base address, encoded, or an absolute one of the same origin; `params` are put
    behind it, encoded. `records` finds the records in an answer, `optional` are names in it that answers may lack.
    `total` finds how many there are of all; `came` how many of them are in an answer, where these are not the
    records. `size` says where `page_size` is sent.
    """

    url: str
    method: str = "GET"
    params: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, JsonValue] | None = None
    records: Expression | None = None
    optional: tuple[str, ...] = ()
    paging: Paging = field(default_factory=OneAnswer)
    size: Sent | None = None
    page_size: int | None = None
    total: Found | None = None
    came: Expression | None = None
    key: tuple[str, ...] = ()
    limit: int | None = None
    count: bool = True

    @property
    def name(self) -> str:
        """What is read, for messages."""
        return self.url.partition("?")[0]

    def first(self) -> Asked:
        """Return the first request."""
        return self.paging.first(
            with_size(Asked(self.url, self.params, self.body), self.size, self.page_size)
        )
