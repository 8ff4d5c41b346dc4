"""The reference of the steps, read off their classes: for docs/steps.md and for `txojobs steps`.

A page cannot differ from what a step takes, because both come from the same fields and docstring.
"""

from __future__ import annotations

import inspect
import json
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from txojobs.steps.catalogue import STEPS, step_class
from txojobs.steps.spec import Option, alternatives, groups_in, in_words, options_of, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from txojobs.steps.base import Step


class OptionRow(NamedTuple):
    """One option as the page shows it; `default` is "required", a value as in YAML, or empty."""

    name: str
    type: str
    default: str
    text: str
    example: str | None


class StepPage(NamedTuple):
    """One step. `text` are the paragraphs of its docstring, `example` is YAML; `short` is the main option's name.

    `groups` are the options within options: where they stand and the rows of their own.
    """

    verb: str
    summary: str
    text: tuple[str, ...]
    example: str
    role: str
    memory: str
    short: str | None
    options: tuple[OptionRow, ...]
    groups: tuple[tuple[str, tuple[OptionRow, ...]], ...]


def step_page(verb: str) -> StepPage | None:
    """Return the page of a verb, None when there is no such step."""
    cls = step_class(verb)
    return None if cls is None else _page(verb, cls)


def _page(verb: str, cls: type[Step]) -> StepPage:
    paragraphs, example = _docstring(cls)
    options = options_of(cls)
    groups: dict[type, list[str]] = {}
    for option in options:
        for group in groups_in(option.hint):
            begin = "" if group in alternatives(option.hint) or group in groups else "each name in "
            groups.setdefault(group, []).append(begin + option.name)
    main = next((option.name for option in options if option.field == cls.main), None)
    if any(option.required and option.name != main for option in options):
        main = None
    return StepPage(
        verb=verb,
        summary=summary(cls),
        text=paragraphs,
        example=example,
        role=cls.role.value,
        memory=cls.memory.value,
        short=main,
        options=tuple(_row(option) for option in options),
        groups=tuple(
            (" and ".join(names), tuple(_row(option) for option in options_of(group)))
            for group, names in groups.items()
        ),
    )


def _docstring(cls: type) -> tuple[tuple[str, ...], str]:
    """Return the paragraphs, each on one line, and the indented example without its indentation."""
    blocks = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    examples = [block for block in blocks if block.startswith("    ")]
    paragraphs = [" ".join(block.split()) for block in blocks if not block.startswith("    ")]
    return tuple(paragraphs), textwrap.dedent("\n\n".join(examples))


def _row(option: Option) -> OptionRow:
    kind = " or ".join(in_words(member) for member in alternatives(option.hint) if member is not type(None))
    return OptionRow(option.name, kind, _default(option), option.doc.text, option.doc.example)


def _default(option: Option) -> str:
    if option.required:
        return "required"
    return json.dumps(option.default).strip('"') if isinstance(option.default, str | int | bool) else ""


START = """# Steps

This page is written by `txojobs schema --write` from the steps themselves; `txojobs steps VERB` shows the same on a
terminal. A job is a list of steps:

```yaml
version: 1
steps:
  - fetch: {entity: Customers, order-by: [CustomerNo], key: [CustomerNo]}
  - filter: BalanceDue > 0
  - save: customers.xlsx
```

Each step reads the one above, or the one that `from` names. A verb whose main option is enough takes it directly, as
`filter` and `save` do here. `${{ params.x }}` puts in a value: a param of the job, `config.<section>.<name>`,
`run.<name>` (id, now, today, month-start, ...) or `steps.<id>.count`. Expressions are described in
[expressions.md](expressions.md).
"""


def steps_markdown(common: Mapping[str, str]) -> str:
    """Return docs/steps.md; `common` holds the description of each key that may stand beside every verb."""
    pages = [page for verb in STEPS if (page := step_page(verb)) is not None]
    parts = [START, _table(("step", "role", "holds", "what it does"), map(_overview, pages))]
    parts.append("## Beside the verb\n\nEvery step may have these keys, beside its verb:\n")
    parts.append(_table(("key", "what it says"), ((_code(key), _cell(text)) for key, text in common.items())))
    parts += [_markdown(page) for page in pages]
    return "\n".join(parts)


def _overview(page: StepPage) -> tuple[str, ...]:
    return f"[{_code(page.verb)}](#{page.verb})", page.role, page.memory, _cell(page.summary)


def _markdown(page: StepPage) -> str:
    lines = [f"## {page.verb}", "", *(line for text in page.text for line in (_prose(text), ""))]
    lines += [f"Role: {page.role}. Holds in memory: {page.memory}.", ""]
    if page.short is not None:
        lines += [f"`{page.verb}: VALUE` is short for `{page.verb}: {{{page.short}: VALUE}}`.", ""]
    if page.example:
        lines += ["```yaml", page.example, "```", ""]
    lines.append(_options_table(page.options))
    for name, rows in page.groups:
        lines += [f"Options below {name}:", "", _options_table(rows)]
    return "\n".join(lines)


def _options_table(rows: Iterable[OptionRow]) -> str:
    cells = ((_code(row.name), _cell(row.type), _shown_default(row.default), _text(row)) for row in rows)
    return _table(("option", "type", "default", "what it says"), cells)


def _shown_default(text: str) -> str:
    return text if text in ("", "required") else _code(text)


def _text(row: OptionRow) -> str:
    return f"{_cell(row.text)} Example: {_code(row.example)}" if row.example else _cell(row.text)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _prose(text: str) -> str:
    """Return a paragraph on one line; Markdown must not read `<org>` as HTML."""
    parts = text.split("`")
    return "`".join(part if number % 2 else part.replace("<", "\\<") for number, part in enumerate(parts))
