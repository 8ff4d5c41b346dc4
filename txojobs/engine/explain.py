"""What one step does, in the words of whoever reads the job: the address that is asked, the expression, the file."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from txojobs.errors import InvalidJobError, TxoBaseError
from txojobs.files.names import split_extension
from txojobs.job.bind import bind_condition, bind_step, bind_text
from txojobs.job.scope import Scope
from txojobs.job.wiring import paths_in
from txojobs.steps.fitting import Unknown
from txojobs.steps.kinds import FileName, JmesPath
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.job.model import Job, StepUse
    from txojobs.yaml_source import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step. `reads` are the keys of what flows into it; `from_above` tells that this is the step above alone.

    `lines` say what it does: the first what matters most, the rest details, steps that it names by id among them.
    """

    key: str
    id: str | None
    verb: str
    lines: tuple[str, ...]
    reads: tuple[str, ...]
    from_above: bool

    def changed(self, change: Callable[[str], str]) -> PlannedStep:
        """Return the step with each line changed."""
        return dataclasses.replace(self, lines=tuple(change(line) for line in self.lines))


class NamingScope(Scope):
    """A scope whose unknown values bring a mark along, by which `readable` finds them in a text."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._paths: list[str] = []

    def value(self, path: str) -> object:
        """Return the value, an Unknown with its mark."""
        value = super().value(path)
        if not isinstance(value, Unknown):
            return value
        if path not in self._paths:
            self._paths.append(path)
        return Unknown(value.type, text=f"zq{self._paths.index(path)}qz")

    def readable(self, text: str) -> str:
        """Return `text` with `${{ path }}` in place of each mark, and of the quotes that it was given."""
        for number, path in enumerate(self._paths):
            mark, hole = f"zq{number}qz", f"${{{{ {path} }}}}"
            text = text.replace(f"'{mark}'", hole).replace(mark, hole)
        return text


class Explainer:
    """Explains the steps of one job. `base_urls` holds the service's address of each step that asks one."""

    def __init__(
        self, job: Job, scope: NamingScope, *, place: tuple[str, str] | None, base_urls: dict[str, str | None]
    ) -> None:
        self.job = job
        self.scope = scope
        self.place = place
        self.base_urls = base_urls

    def step(self, use: StepUse) -> PlannedStep:
        """Return the step, explained.

        Raises:
            InvalidJobError: a value that is known does not suit.
        """
        number = self.job.steps.index(use)
        above = self.job.steps[number - 1].key if number else None
        lines = (*self._work(use), *self._common(use))
        return PlannedStep(
            key=use.key,
            id=use.id,
            verb=use.verb,
            lines=tuple(self.scope.readable(line) for line in lines),
            reads=use.reads,
            from_above=use.reads == (above,),
        )

    def _work(self, use: StepUse) -> list[str]:
        try:
            step = bind_step(use, self.scope)
        except InvalidJobError:
            if not self.is_open(use.options):
                raise
            return _as_written(use.options)  # what is unknown yet decides whether it suits
        explain = _EXPLAIN.get(use.verb)
        return list(explain(self, use, step)) if explain else _as_written(use.options)

    def is_open(self, node: Node) -> bool:
        """Tell whether a node holds a `${{ }}` whose value is not known yet."""
        for path in paths_in(node):
            with contextlib.suppress(TxoBaseError):  # there is no such value: whoever binds it says so
                if isinstance(self.scope.value(path), Unknown):
                    return True
        return False

    def _common(self, use: StepUse) -> Iterator[str]:
        if use.disabled:
            yield "disabled: left out"
        if use.condition is not None and isinstance(use.condition, Scalar):
            text = self.scope.readable(bind_text(JmesPath, use.condition, self.scope))
            known = "${{" not in text
            verdict = "" if not known or bind_condition(use.condition, self.scope) else ", which is not so"
            yield f"only if {_bare(text)}{verdict}"
        if use.rejects is not None:
            name = bind_text(FileName, use.rejects, self.scope)
            yield f"rows that it cannot work on go to {self.output(name, stamped=True)}"
        if use.on_error == "continue":
            yield "if it fails, the run goes on without it"
        if use.timeout_s is not None:
            yield f"ends with an error after {use.timeout_s:,g} s"

    def output(self, name: str, *, stamped: bool) -> str:
        """Return the path of an output, `<now>` in place of the time; see files/names.py."""
        org, env = self.place or ("<org>", "<env>")
        folder, slash, last = name.replace("\\", "/").rpartition("/")
        stem, extension = split_extension(last)
        return f"output/{folder}{slash}{org}-{env}-{stem}{'_<now>' if stamped else ''}{extension}"

    def number(self, use: StepUse, option: str, value: int) -> str:
        """Return a number for people, or its `${{ }}` while it is not known."""
        entry = use.options.entries.get(option) if isinstance(use.options, Mapping) else None
        if entry is not None and isinstance(entry.value, Scalar) and self.is_open(entry.value):
            return entry.value.text.strip()
        return f"{value:,}"


def _fetch(explainer: Explainer, use: StepUse, step: Any) -> Iterator[str]:
    from txojobs.rest.urls import below  # noqa: PLC0415  # only a job that fetches

    query = step.request(described=use.described)
    base = explainer.base_urls.get(use.key) or "<base-url>"
    path = query.first().address if step.url else query.url(with_count=query.asks_for_count)
    method = step.method if step.url else "GET"
    bare = base in ("demo:", "<base-url>")
    address = f"{base}/{path.lstrip('/')}" if bare else below(base, path)
    yield f"{method} {unquote(address)}"
    one = step.url and query.paging.links == "one page"
    if step.url:
        yield "all in one answer" if one else f"pages by {query.paging.links}"
    size = step.page_size
    if not one:
        yield (
            f"pages of {explainer.number(use, 'page-size', size)} rows"
            if size
            else "pages of the service's own size"
        )
    if step.limit:
        yield f"at most {explainer.number(use, 'limit', step.limit)} rows"
    yield from _ways_of_reading(step)


def _ways_of_reading(step: Any) -> Iterator[str]:
    """Yield what a fetch asks for beside the usual: page after page, all of it, counted where that is possible."""
    if step.companies:
        names = "all companies" if step.companies == "all" else ", ".join(map(str, step.companies))
        yield f"in {names}, one after the other"
    if step.partition is not None:
        way = step.partition
        ranges = f"{len(way.at) + 1}" if way.at else f"{way.parts}"
        yield f"in {ranges} ranges of {way.by}"
    if step.parallel > 1:
        yield f"{step.parallel} pages at once, where links tell positions"
    if step.incremental is not None:
        yield f"only what is new by {step.incremental.by} since the last run, all with --full"
    if step.complete != "auto":
        yield f"complete: {step.complete}"


def _load(explainer: Explainer, use: StepUse, step: Any) -> Iterator[str]:
    del explainer, use
    parts = [step.file.text]
    parts += [f"sheet {step.sheet}"] if step.sheet else []
    parts += [f"cells {step.range}"] if step.range else []
    parts += [f"as {step.encoding}"] if step.encoding else []
    yield ", ".join(parts)
    if step.types:
        yield "as " + ", ".join(f"{name}: {kind}" for name, kind in step.types.items())


def _transform(explainer: Explainer, use: StepUse, step: Any) -> Iterator[str]:
    del explainer, use
    if step.add:
        yield f"adds {', '.join(step.add)}"
    if step.rename:
        yield "renames " + ", ".join(f"{old} to {new}" for new, old in step.rename.items())
    if step.drop:
        yield f"drops {', '.join(step.drop)}"
    if step.columns:
        number = len(step.columns)
        yield f"{number} column{'' if number == 1 else 's'}: {', '.join(step.columns)}"
    if step.types:
        yield "converts " + ", ".join(f"{name} to {kind}" for name, kind in step.types.items())


def _unnest(explainer: Explainer, use: StepUse, step: Any) -> Iterator[str]:
    del explainer, use
    yield f"one row for each element of {step.field}"
    yield "a row without elements " + ("is left out" if step.empty == "drop" else "stays")


def _save(explainer: Explainer, use: StepUse, step: Any) -> Iterator[str]:
    del use
    yield explainer.output(step.file.text, stamped=step.stamp)
    for name, ref in step.sheets.items():
        yield f"sheet {name}: {ref.text}"
    if step.sheet_per is not None:
        yield f"a sheet for each {step.sheet_per}"
    if step.about_sheet:
        yield "a last sheet tells where it comes from"
    if step.when_empty != "write":
        yield f"when there is no row: {step.when_empty}"


_EXPLAIN: dict[str, Callable[[Explainer, StepUse, Any], Iterator[str]]] = {
    "fetch": _fetch,
    "load": _load,
    "filter": lambda _explainer, _use, step: iter([_bare(step.where.text)]),
    "transform": _transform,
    "unnest": _unnest,
    "query": lambda _explainer, _use, step: iter([_bare(step.expression.text)]),
    "save": _save,
}
"""The steps that are told in words of their own; any other is shown as it is written."""


def _bare(expression: str) -> str:
    """Return the expression with bare numbers, `true` and `false`, which mean the same as those in backticks."""
    return re.sub(r"`(-?[0-9]+(?:\.[0-9]+)?|true|false)`", r"\1", expression)


def _as_written(node: Node) -> list[str]:
    """Return a line for each option, as in the file."""
    if not isinstance(node, Mapping):
        return [_flow(node)]
    return [f"{name}: {_flow(entry.value)}" for name, entry in node.entries.items()]


def _flow(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return f"[{', '.join(_flow(item) for item in node.items)}]"
    return f"{{{', '.join(f'{name}: {_flow(entry.value)}' for name, entry in node.entries.items())}}}"
