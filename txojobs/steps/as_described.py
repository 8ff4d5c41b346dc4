"""Give the values of a service the types that its snapshot tells, and say where the service does otherwise.

Numbers that come as text (Edm.Decimal, Edm.Int64 and Edm.Double of V2 and of `IEEE754Compatible=true`) become exact
numbers, times of day of V2 (Edm.Time) the text that V4 writes, in structures and related records, too. A value that
is not what the snapshot says stays as it came, and is told: once for each field. Holds the names of fields, nothing
else.

Source: OData JSON Format 4.01 section 7.1 (primitive values) and 4.1.1 (IEEE754Compatible); OData V2 JSON Format
section 4.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from txojobs.exact_json import MAX_EXPONENT
from txojobs.metadata.model import element_type
from txojobs.steps.time_of_day import time_since_midnight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from txojobs.context import RunContext
    from txojobs.metadata.described import Described
    from txojobs.metadata.model import Service, StructuredType
    from txojobs.records import Batch, JsonValue, Record

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?")
_NO_NUMBERS = ("INF", "-INF", "NaN")
"""What Edm.Double holds beside numbers, and JSON has no number for."""


def whole(text: str) -> JsonValue:
    """Return the integer that a text is, or the text."""
    return int(text) if _WHOLE.fullmatch(text) else text


def fraction(text: str) -> JsonValue:
    """Return the number that a text is, or the text; no digit is lost, and no exponent makes megabytes of them."""
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    return number if abs(number.adjusted()) <= MAX_EXPONENT else text


class _Kind(NamedTuple):
    """How values of an Edm type come: of which Python types, and how a text becomes one of them (or of `gives`)."""

    comes_as: frozenset[type]
    read: Callable[[str], JsonValue] | None = None
    gives: frozenset[type] = frozenset()


def clock(text: str) -> JsonValue:
    """Return the time of day that a text is, None when it is none."""
    return text if _CLOCK.fullmatch(text) else time_since_midnight(text)


_TEXT = _Kind(frozenset({str}))
_INTEGER = _Kind(frozenset({int}), whole)
_FRACTION = _Kind(frozenset({int, Decimal}), fraction)
_KINDS: dict[str, _Kind] = {
    **dict.fromkeys(("Edm.String", "Edm.Guid", "Edm.Date", "Edm.TimeOfDay"), _TEXT),
    **dict.fromkeys(("Edm.DateTime", "Edm.DateTimeOffset", "Edm.Duration"), _TEXT),
    "Edm.Time": _Kind(frozenset(), clock, frozenset({str})),
    "Edm.Boolean": _Kind(frozenset({bool})),
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), _INTEGER),
    **dict.fromkeys(("Edm.Decimal", "Edm.Double", "Edm.Single"), _FRACTION),
}
"""The others (streams, binary, places on earth, what anybody may put in) are taken as they come."""


class _Plan(NamedTuple):
    """What is known of the fields of one type: the plain ones, and what has fields of its own."""

    plain: dict[str, tuple[str, _Kind]]
    inner: dict[str, StructuredType]


def described_for(ctx: RunContext, name: str, *, odata: str) -> Described | None:
    """Return what the snapshot tells, None (and a warning) where it is of another dialect than the configuration."""
    described = ctx.described
    if described is None or described.service.dialect == ("v4" if odata == "v4" else "v2"):
        return described
    version = described.service.version
    ctx.warn(
        f"{name}: the snapshot is of OData {version}, and the configuration says odata: {odata}; it is not used"
    )
    return None


class AsDescribed:
    """Reads the records of one step. `name` is what messages call them; `tell` takes what differs."""

    def __init__(self, described: Described, *, name: str, tell: Callable[[str], None]) -> None:
        self._service: Service = described.service
        self._described = described
        self._name = name
        self._tell = tell
        self._plans: dict[str, _Plan] = {}
        self._told: set[str] = set()

    def typed(
        self, batches: Iterator[Batch], *, all_fields: bool, ours: Iterable[str] = ()
    ) -> Iterator[Batch]:
        """Yield the batches with values of their types.

        `all_fields` tells that no field was selected, `ours` are fields that do not come from the service.
        """
        kind = self._described.kind
        columns = self._described.columns if all_fields else None
        known = None if columns is None else {*kind.fields, *kind.navigation, *ours}
        seen: set[str] = set()
        for page in batches:
            batch = [
                record.copy() for record in page
            ]  # whoever reads the pages still looks at the last record
            self._type(batch, kind, "")
            if known is not None:
                seen.update(*batch)
            yield batch
        if seen and columns is not None and known is not None:
            self._tell_of_names(seen, known, [column.name for column in columns])

    def _tell_of_names(self, seen: set[str], known: set[str], wanted: list[str]) -> None:
        more = sorted(name for name in seen - known if "@" not in name and not name.startswith("__"))
        if more:
            self._tell(f"{self._name}: the service sends {_listed(more)}, which the snapshot does not have")
        absent = [name for name in wanted if name not in seen]
        if absent:
            self._tell(f"{self._name}: no record has {_listed(absent)}, which the snapshot says there is")

    def _plan(self, kind: StructuredType) -> _Plan:
        plan = self._plans.get(kind.name)
        if plan is None:
            plan = self._plans[kind.name] = _Plan({}, {})
            narrower = [self._service.types[name] for name in self._service.subtypes.get(kind.name, ())]
            for each in (*narrower, kind):  # records may be of a narrower type; the own fields count first
                for name, field in each.fields.items():
                    self._add(plan, name, self._service.underlying(element_type(field.type)))
                for name, way in each.navigation.items():
                    self._add(plan, name, way.type)
        return plan

    def _add(self, plan: _Plan, name: str, type_name: str) -> None:
        if type_name in _KINDS:
            plan.plain[name] = (type_name, _KINDS[type_name])
        elif type_name in self._service.types:
            plan.inner[name] = self._service.types[type_name]

    def _type(self, records: Iterable[Record], kind: StructuredType, path: str) -> None:
        """Give the values of records their types, field by field: the records of a page are alike."""
        records = list(records)
        plan = self._plan(kind)
        for name in set[str]().union(*records):
            if name in plan.plain:
                type_name, of = plan.plain[name]
                self._type_field(records, name, type_name, of, path)
            elif name in plan.inner:
                inner = [item for record in records for item in _inside(record.get(name))]
                if inner:
                    self._type(inner, plan.inner[name], f"{path}{name}/")

    def _type_field(self, records: list[Record], name: str, type_name: str, of: _Kind, path: str) -> None:
        came = {type(record[name]) for record in records if name in record} - {type(None)}
        if came <= of.comes_as:
            return
        for record in records:
            if name in record:
                record[name] = self._value(record[name], type_name, of, f"{path}{name}")

    def _value(self, value: JsonValue, type_name: str, of: _Kind, path: str) -> JsonValue:
        if value is None or type(value) in of.comes_as:
            return value
        if isinstance(value, list):  # a collection, told by its elements
            return [self._value(item, type_name, of, path) for item in value]
        if isinstance(value, str) and of.read is not None:
            read = of.read(value)
            if type(read) in of.comes_as | of.gives or (value in _NO_NUMBERS and type_name != "Edm.Decimal"):
                return read
        if path not in self._told:
            self._told.add(path)
            self._tell(
                f"{self._name}: {path} is {type_name} in the snapshot, and came as {_shown(value)}; it stays so"
            )
        return value


def _inside(value: JsonValue) -> list[Record]:
    if isinstance(value, dict):
        return [value]
    return (
        cast("list[Record]", [item for item in value if isinstance(item, dict)])
        if isinstance(value, list)
        else []
    )


def _listed(names: list[str]) -> str:
    most = 12
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _shown(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        most = 40
        return "the text " + repr(value if len(value) <= most else value[:most] + "...")
    return "a structure" if isinstance(value, dict) else f"the number {value}"
