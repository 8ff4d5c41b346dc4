"""What a step asks of a service, checked against the snapshot of its `$metadata` before anything is requested.

Works on the text of the job: so each fault is shown where it stands, and a `${{ }}` counts by its declared type.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from txojobs.errors import Problem, ValidationError
from txojobs.job.param_specs import sample_scope
from txojobs.job.wiring import kinds_in
from txojobs.metadata.addresses import place_of
from txojobs.metadata.applying import check_apply
from txojobs.metadata.columns import column_type, columns_of
from txojobs.metadata.described import Described
from txojobs.metadata.expanding import check_expand, check_field, reached_by
from txojobs.metadata.faults import Fault
from txojobs.metadata.filter_check import check_filter, check_order
from txojobs.metadata.values import (
    CATEGORIES,
    DATE,
    FLAG,
    GUID,
    LIST,
    MOMENT,
    NUMBER,
    TEXT,
    TIME,
    spelled,
)
from txojobs.steps.kinds import EntityPath
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from txojobs.job.model import Job, StepUse
    from txojobs.job.snapshots import Snapshot, Snapshots
    from txojobs.metadata.model import Field, Service, StructuredType
    from txojobs.yaml_source import Entry, Node

_OF_PARAMS = {
    "string": TEXT,
    "file": TEXT,
    "integer": NUMBER,
    "number": NUMBER,
    "boolean": FLAG,
    "date": DATE,
    "datetime": MOMENT,
    "list": LIST,
}
"""The category of the values of each type of param."""


def check_asked(job: Job, use: StepUse, snapshots: Snapshots, problems: list[Problem]) -> Described | None:
    """Note what a step asks that its service does not have; return what is known of the records."""
    if next(kinds_in(use.sample, EntityPath), None) is None:
        return None
    api = use.api.text if use.api is not None else job.api or "default"
    try:
        snapshot = None if "${{" in api else snapshots.of(api)
    except ValidationError as err:
        where = f", line {err.where.line}" if err.where is not None else ""
        problems.append(Problem(f"{err}{where}", use.where, err.how_to_fix, length=len(use.verb)))
        return None
    return None if snapshot is None else _Asked(job, use, snapshot, problems).described()


_GROWING = ("integer", "date", "datetime")
_ORDERED = {"incremental": _GROWING, "partition": (*_GROWING, "decimal")}
"""The types of column that a fetch can go by: see steps/cursor.py and rest/ranges.py."""
_WANTED = {
    "incremental": "no moment, date or whole number, whose order is known",
    "partition": "no number, date or moment, of which parts can be computed",
}
_INSTEAD = {
    "incremental": "name the field of the last change",
    "partition": "write at: [...], the values at which a range begins",
}


class _Records(NamedTuple):
    """The records that are asked for: their type, and what messages call them."""

    kind: StructuredType
    name: str


class _Asked:
    def __init__(self, job: Job, use: StepUse, snapshot: Snapshot, problems: list[Problem]) -> None:
        self._job = job
        self._snapshot = snapshot
        self._service: Service = snapshot.service
        self._problems = problems
        options = use.options
        self._options: dict[str, Node] = (
            {name: entry.value for name, entry in options.entries.items()}
            if isinstance(options, Mapping)
            else {use.cls.main or "": options}
        )

    def described(self) -> Described | None:
        """Check all options; return what is known of the records, None where that is nothing."""
        node = self._options.get("entity")
        if not isinstance(node, Scalar):
            return None
        place = place_of(node.text, self._service, snapshot=self._snapshot.name, category_of=self._category)
        if isinstance(place, Fault):
            self._note(node, [place])
            return None
        self._refuse_v4()
        if place.kind is not None and self._service.dialect == "v4":
            for text in _scalars(self._options.get("apply")):
                of, category_of = place.name, self._category
                faults = check_apply(text.text, self._service, place.kind, of=of, category_of=category_of)
                self._note(text, faults)
        if place.kind is None or "apply" in self._options:  # it makes fields of its own
            return None
        records = _Records(place.kind, place.name)
        self._check(self._options, records, inside=False)
        for key in _scalars(self._options.get("key")):
            self._note(key, check_field(key.text, self._service, records.kind, of=records.name))
        self._expand(self._options.get("expand"), records)
        self._ordered_by("incremental", records, needs_order=True)
        self._ordered_by("partition", records, needs_order=self._is_cut_in_parts())
        columns = None if self._is_open() else columns_of(self._service, records.kind)
        return Described(self._service, records.kind, columns)

    def _refuse_v4(self) -> None:
        """Note what V4 alone can be asked."""
        if self._service.dialect != "v2":
            return
        for option in ("search", "apply"):
            for node in _scalars(self._options.get(option)):
                message = f"{option} is of OData V4, and this service speaks V2 or V3"
                self._note(node, [Fault(0, len(node.text), message, "leave it out")])
        self._refuse_v4_in(self._options.get("expand"))

    def _refuse_v4_in(self, expand: Node | None) -> None:
        for name, entry in expand.entries.items() if isinstance(expand, Mapping) else ():
            inner = entry.value.entries if isinstance(entry.value, Mapping) else {}
            for option in (each for each in ("filter", "order-by", "limit") if each in inner):
                message = f"{option} of what is expanded is of OData V4, and this service speaks V2 or V3"
                key = inner[option].key
                fix = f"leave it out, and use a step after unnest of {name}"
                self._note(key, [Fault(0, len(key.text), message, fix)])
            if "expand" in inner:
                self._refuse_v4_in(inner["expand"].value)

    def _is_open(self) -> bool:
        """Whether something that is not known yet may add fields to the records."""
        expand, query = self._options.get("expand"), self._options.get("query")
        if isinstance(expand, Mapping):
            names = list(expand.entries)
        else:
            items = expand.items if isinstance(expand, Sequence) else [expand]
            names = [each.text for each in items if isinstance(each, Scalar)]
        passed = query.entries if isinstance(query, Mapping) else {}
        return any("${{" in name or "*" in name for name in names) or any(name[:1] == "$" for name in passed)

    def _check(self, options: dict[str, Node], records: _Records, *, inside: bool) -> None:
        """Check what may be asked of any records: also of those that are expanded, `inside` of an expansion."""
        kind, of = records
        for field in _scalars(options.get("select")):
            self._note(field, check_field(field.text, self._service, kind, of=of))
        for text, check in (("filter", check_filter), ("order-by", check_order)):
            for node in _scalars(options.get(text)):
                faults = check(
                    node.text, self._service, kind, of=of, category_of=self._category, inside=inside
                )
                self._note(node, faults)

    def _expand(self, node: Node | None, records: _Records) -> None:
        kind, of = records
        if not isinstance(node, Mapping):
            for item in _scalars(node):
                faults = check_expand(item.text, self._service, kind, of=of, category_of=self._category)
                self._note(item, faults)
            return
        for name, entry in node.entries.items():
            found = reached_by(name, self._service, kind, of=of)
            if isinstance(found, Fault):
                self._note(entry.key, [found])
                continue
            inner = self._service.types.get(found.type or "")
            if inner is not None and isinstance(entry.value, Mapping):
                options = {option: each.value for option, each in entry.value.entries.items()}
                self._check(options, _Records(inner, name), inside=True)
                self._expand(options.get("expand"), _Records(inner, name))

    def _is_cut_in_parts(self) -> bool:
        node = self._options.get("partition")
        return isinstance(node, Mapping) and "parts" in node.entries

    def _ordered_by(self, option: str, records: _Records, *, needs_order: bool) -> None:
        """Check that the field by which a fetch is incremental or cut is there, and has an order to go by."""
        node = self._options.get(option)
        by = node.entries.get("by") if isinstance(node, Mapping) else None
        for name in _scalars(by.value if by is not None else None):
            faults = check_field(name.text, self._service, records.kind, of=records.name)
            field = records.kind.fields.get(name.text)
            if (
                needs_order
                and field is not None
                and column_type(self._service, field) not in _ORDERED[option]
            ):
                message = f"{name.text} is {field.type}: {_WANTED[option]}"
                faults.append(Fault(0, len(name.text), message, _INSTEAD[option]))
            self._note(name, faults)
            if field is not None and not faults and isinstance(node, Mapping):
                self._going_by(field, node.entries, records)

    def _going_by(self, field: Field, entries: dict[str, Entry], records: _Records) -> None:
        """Check the values beside `by`: each must be what the field holds."""
        back = entries.get("lookback")
        if back is not None and isinstance(back.value, Scalar) and not _has_hole(back.value):
            is_bare = back.value.text.isdecimal()
            if is_bare != (column_type(self._service, field) == "integer"):
                fix = "write its unit: 90s, 10m, 2h or 1d" if is_bare else "write an amount, like 100"
                message = f"lookback is {back.value.text}, and {field.name} is {field.type}"
                self._note(back.value, [Fault(0, len(back.value.text), message, fix)])
        begins = entries.get("at")
        for begin in begins.value.items if begins is not None and isinstance(begins.value, Sequence) else ():
            if isinstance(begin, Scalar) and not _has_hole(begin):
                self._note(begin, self._begin_faults(field, begin, records))

    def _begin_faults(self, field: Field, begin: Scalar, records: _Records) -> list[Fault]:
        """Return what is wrong with the begin of a range, which the field is compared with."""
        category = CATEGORIES.get(self._service.underlying(field.type), "")
        text = begin.text
        if isinstance(begin.value, str):
            if (
                category in (DATE, MOMENT, GUID, TIME)
                and spelled(category, text, self._service.dialect) is not None
            ):
                return []
            text = "'" + text.replace("'", "''") + "'"
        faults = check_filter(
            f"{field.name} ge {text}",
            self._service,
            records.kind,
            of=records.name,
            category_of=self._category,
        )
        return [fault._replace(offset=0, length=len(begin.text)) for fault in faults]

    def _category(self, path: str) -> str:
        """Return the category of the value of a `${{ path }}`, '' when its type is not known."""
        root, _, name = path.partition(".")
        if root == "params":
            param = self._job.params.get(name)
            return _OF_PARAMS.get(param.type, "") if param is not None else ""
        if root == "steps":
            return NUMBER
        value = sample_scope().run.get(name) if root == "run" else None
        if isinstance(value, datetime):
            return MOMENT
        return DATE if isinstance(value, date) else TEXT if isinstance(value, str) else ""

    def _note(self, node: Scalar, faults: Iterable[Fault]) -> None:
        """Turn faults in a text into problems at their place, or at its start where the place cannot be told."""
        for fault in faults:
            where = node.mark_at(fault.offset)
            is_exact = fault.offset == 0 or where != node.where
            length = fault.length if is_exact else node.length
            self._problems.append(Problem(fault.message, where, fault.fix, fault.severity, length))


def _has_hole(node: Scalar) -> bool:
    return "${{" in node.text


def _scalars(node: Node | None) -> Iterator[Scalar]:
    """Yield the texts of an option that takes one or several."""
    nodes = node.items if isinstance(node, Sequence) else () if node is None else (node,)
    for each in nodes:
        if isinstance(each, Scalar) and isinstance(each.value, str) and not _is_lone_hole(each.text):
            yield each


def _is_lone_hole(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("${{") and stripped.find("}}") == len(stripped) - 2
