"""What to read from an entity set, and the request that asks for it.

Guarantees: `$top` is never sent (a limit is ours, a page size is a preference), values of the caller's own
options are encoded, and names of fields are identifiers.

Source: OData 4.01 Part 1 sections 8.2.8.5 (maxpagesize) and 11.2, Part 2 section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.rest.urls import with_query

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = ("$select", "$filter", "$expand", "$orderby", "$count", "$top", "$skip", "$skiptoken")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityQuery:
    """One entity set to be read.

    `entity` is the path below the base address, encoded (`Customers`, `Company('A')/Customers`), or an
    absolute address of the same origin. `filter`, `expand` and `order_by` are OData texts, not yet encoded.
    `key` names the fields that no two records share; `limit` is the most records wanted.
    """

    entity: str
    select: tuple[str, ...] = ()
    filter: str | None = None
    expand: str | None = None
    order_by: tuple[str, ...] = ()
    page_size: int | None = None
    key: tuple[str, ...] = ()
    limit: int | None = None
    count: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    keep_annotations: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            ValidationError: see its message.
        """
        if not self.entity:
            raise ValidationError("the name of the entity set is missing")
        if self.select and (missing := [name for name in self.key if name not in self.select]):
            raise ValidationError(
                f"the key field {missing[0]!r} is not in `select`, so it would not be sent",
                how_to_fix=f"add {missing[0]} to `select`",
            )
        for name, value in (("page_size", self.page_size), ("limit", self.limit)):
            if value is not None and value < 1:
                raise ValidationError(f"{name} must be at least 1, not {value}")
        for option in self.extra:
            if option.lower() in _OURS:
                raise ValidationError(
                    f"the query option {option} is set by its own field", how_to_fix="take it out of `extra`"
                )

    @property
    def asks_for_count(self) -> bool:
        """Whether a count can be compared: a limited read is no complete one."""
        return self.count and self.limit is None

    def url(self, *, with_count: bool) -> str:
        """Return the address of the first page, relative when `entity` is."""
        options = {
            "$select": ",".join(self.select) or None,
            "$filter": self.filter or None,
            "$expand": self.expand or None,
            "$orderby": ",".join(self.order_by) or None,
            "$count": True if with_count else None,
            **self.extra,
        }
        return with_query(self.entity, options)

    def request_headers(self) -> dict[str, str]:
        """Return the headers of each page's request; the page size joins the caller's own Prefer."""
        headers = {
            "Accept": "application/json;odata.metadata=minimal",
            "OData-MaxVersion": "4.0",
            **self.headers,
        }
        size = self.page_size
        if size is not None:
            size = size if self.limit is None else min(size, self.limit)
            name = next((name for name in headers if name.lower() == "prefer"), "Prefer")
            wishes = [headers[name]] if headers.get(name) else []
            headers[name] = ", ".join([*wishes, f"odata.maxpagesize={size}"])
        return headers
