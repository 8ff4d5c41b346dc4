"""The question to an entity set: the address of its first page and the headers of each.

`$top` is never sent: a service that is asked for the top rows may leave its next link out, and rows would be
missing without a sign. The page size is a preference.

Source: OData 4.01 Part 1 sections 8.2.8.5 (maxpagesize) and 11.2, Part 2 section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.rest.dialects import Dialect, dialect_of
from txojobs.rest.expansion import Expansion, expand_v2, expand_v4
from txojobs.rest.urls import with_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.rest.settings import ReadingSettings

_OURS = (
    "$select",
    "$filter",
    "$expand",
    "$orderby",
    "$count",
    "$inlinecount",
    "$top",
    "$skip",
    "$skiptoken",
)

_V4_ONLY = ("$search", "$apply", "$compute")

LABELS = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityQuery:
    """One entity set to be read.

    `entity` is the path below the base address, encoded (`Customers`, `Company('A')/Customers`), or an
    absolute address of the same origin. `filter` and `order_by` are OData texts, not yet encoded; `expand` names
    paths of related records. `key` names the fields that no two records share; `limit` is the most records wanted.
    `count` says whether the number of records is asked for. `extra` are further options, as they are sent.
    `adds_to_order` completes the order with fields that nobody asked for, and is left out when the service refuses
    it. `types` are the Edm types of fields, where known; `structures` are the paths in `expand` that lead into the
    record itself, not to another one. `null_dates` are texts that stand for no date, and
    with `keeps_dates` none does;
    a count that reaches `counts_up_to` says only that there are so many or more.
    """

    entity: str
    select: tuple[str, ...] = ()
    filter: str | None = None
    expand: Mapping[str, Expansion] = field(default_factory=dict)
    order_by: tuple[str, ...] = ()
    page_size: int | None = None
    key: tuple[str, ...] = ()
    limit: int | None = None
    count: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    keep_annotations: bool = False
    labels: bool = False
    odata: str = "v4"
    adds_to_order: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    structures: frozenset[str] = frozenset()
    null_dates: frozenset[str] = frozenset()
    keeps_dates: bool = False
    counts_up_to: int | None = None

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
            if self._is_ours(option.lower()):
                raise ValidationError(
                    f"the query option {option} is set by its own field", how_to_fix="leave it out here"
                )
            if option in _V4_ONLY and self.odata != "v4":
                raise ValidationError(
                    f"OData {self.odata.upper()} has no {option}", how_to_fix="leave it out"
                )
        if self.odata != "v4":
            expand_v2(self.expand)

    def _is_ours(self, option: str) -> bool:
        """Tell whether an option has a field of its own, also under the name without `$` that 4.01 allows.

        Source: OData 4.01 Part 2 section 5.1 (the `$` of a system query option may be left out).
        """
        return option in _OURS or (self.odata == "v4" and f"${option}" in _OURS)

    @property
    def dialect(self) -> Dialect:
        """The version of OData that the service speaks."""
        return dialect_of(self.odata)

    @property
    def whole_order(self) -> tuple[str, ...]:
        """The order that is asked for."""
        return (*self.order_by, *self.adds_to_order)

    @property
    def asks_for_count(self) -> bool:
        """Whether a count can be compared: a limited read is no complete one."""
        return self.count and self.limit is None

    def as_configured(self, reading: ReadingSettings) -> EntityQuery:
        """Return the query with what the configuration says of the service where the query is silent."""
        named = {name.lower() for name in self.headers}
        own = {name: text for name, text in reading.headers if name.lower() not in named}
        return replace(
            self,
            page_size=self.page_size or reading.page_size,
            headers={**own, **self.headers},
            null_dates=frozenset() if self.keeps_dates else self.null_dates or frozenset(reading.null_dates),
            counts_up_to=self.counts_up_to or reading.counts_up_to,
        )

    def url(self, *, with_count: bool) -> str:
        """Return the address of the first page, relative when `entity` is."""
        return self.address(with_count=with_count)

    def address(
        self,
        *,
        with_count: bool = False,
        filter: str | None = None,  # noqa: A002  # OData's word
        order_by: tuple[str, ...] | None = None,
        top: int | None = None,
    ) -> str:
        """Return an address that differs from the query's own in its filter, its order or its number of records.

        With `top` only records are counted: no fields and no related records are asked for.
        """
        expand, select = self._expanded() if top is None else (None, ())
        count, wanted = self.dialect.count
        options = {
            "$select": ",".join(select) or None,
            "$filter": (self.filter if filter is None else filter) or None,
            "$expand": expand,
            "$orderby": ",".join(self.whole_order if order_by is None else order_by) or None,
            "$top": top,
            count: wanted if with_count else None,
            **self.extra,
        }
        return with_query(self.entity, options)

    def _expanded(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the values of `$expand` and `$select`."""
        if self.dialect.name == "v4":
            return expand_v4(self.expand, structures=self.structures), self.select
        expand, fields = expand_v2(self.expand)
        named = self.select or any(each.select for each in self.expand.values())
        return expand, (*(self.select or ("*",)), *fields) if named else ()

    def request_headers(self) -> dict[str, str]:
        """Return the headers of each page's request; our wishes join the caller's own Prefer."""
        headers = {**self.dialect.headers, **self.headers}
        wishes = [LABELS] if self.labels else []
        if self.page_size is not None:
            size = self.page_size if self.limit is None else min(self.page_size, self.limit)
            wishes.append(f"odata.maxpagesize={size}")
        if wishes:
            name = next((name for name in headers if name.lower() == "prefer"), "Prefer")
            headers[name] = ", ".join([*([headers[name]] if headers.get(name) else []), *wishes])
        return headers
