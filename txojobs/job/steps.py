"""The `steps` section of a job: each step's verb, its options and the keys that every step may have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from txojobs.errors import Mark, Problem, ValidationError
from txojobs.job import habits
from txojobs.job.conditions import condition_problems
from txojobs.job.model import StepUse
from txojobs.job.options import Reader
from txojobs.job.param_specs import sample_scope
from txojobs.job.params import sample_of
from txojobs.job.scope import Scope
from txojobs.job.wiring import kinds_in
from txojobs.steps import templates
from txojobs.steps.base import Role
from txojobs.steps.binder import Binder
from txojobs.steps.catalogue import STEPS, step_class
from txojobs.steps.files import checked_extension
from txojobs.steps.fitting import Unknown, described
from txojobs.steps.kinds import FileName, StepRef
from txojobs.steps.spec import options_of
from txojobs.suggest import nearest
from txojobs.yaml_source import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from txojobs.job.model import Job
    from txojobs.metadata.described import Described
    from txojobs.steps.base import Step
    from txojobs.yaml_source import Entry, Node

    LookUp: TypeAlias = Callable[[StepUse], Described | None]

COMMON = ("id", "from", "api", "if", "timeout", "on-error", "rejects", "description", "disabled")
LATER = ("for-each",)
_ON_ERROR = dict.fromkeys(
    ("ignore", "skip", "warn", "pass", "resume", "next"),
    "write continue: the run goes on without this step and what reads it, and ends with exit code 3",
) | dict.fromkeys(("stop", "abort", "raise", "error", "exit"), "write fail, or leave it out")
"""What other tools call it."""
MAX_STEPS = 200
"""Each step is a generator around the one that it reads, and Python nests about a thousand calls."""
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def read_steps(
    job: Job, node: Sequence, problems: list[Problem], *, look_up: LookUp | None = None
) -> list[StepUse]:
    """Return the steps that are sound; each fault of the others is in `problems`.

    `look_up` says what a snapshot tells of the records that a step asks for.
    """
    if len(node.items) > MAX_STEPS:
        message = f"a job has at most {MAX_STEPS} steps, and this one has {len(node.items):,}"
        problems.append(Problem(message, node.items[MAX_STEPS].where, "split it into several jobs"))
        return []
    ids = _ids(node, problems)
    base = sample_scope()
    scope = Scope(
        params={name: sample_of(param, base) for name, param in job.params.items()},
        config=None,
        run=base.run,
        counts=dict.fromkeys(ids, Unknown("integer")),
    )
    uses = []
    for number, item in enumerate(node.items, 1):
        use = _StepReader(scope, problems, look_up).step(item, number)
        if use is not None:
            uses.append(use)
    return uses


def _ids(node: Sequence, problems: list[Problem]) -> dict[str, Mark]:
    found: dict[str, Mark] = {}
    for item in node.items:
        entry = item.entries.get("id") if isinstance(item, Mapping) else None
        if entry is None:
            continue
        name = Reader(problems).matching(entry.value, "id", _ID)
        if name in found:
            problems.append(
                Problem(
                    f"the id {name!r} is taken", entry.value.where, f"the first is on line {found[name].line}"
                )
            )
        elif name is not None:
            found[name] = entry.value.where
    return found


class _View:
    """What a step may know of its job while it is checked: see base.JobView."""

    def __init__(self, verb: str, options: Node, where: Mark, described: Described | None) -> None:
        self.described = described
        self._verb = verb
        self._options = options
        self._where = where

    def at(self, option: str) -> Mark:
        if isinstance(self._options, Mapping):
            entry = self._options.entries.get(option)
            return entry.key.where if entry else self._where
        return self._options.where if option != self._verb else self._where


class _StepReader:
    def __init__(self, scope: Scope, problems: list[Problem], look_up: LookUp | None) -> None:
        self.look_up = look_up
        self.scope = scope
        self.problems = problems
        self.reader = Reader(problems)
        self.binder = Binder(scope, problems, doubts=problems)

    def step(self, node: Node, number: int) -> StepUse | None:
        """Return the step, or None when its verb or its options are at fault."""
        if not isinstance(node, Mapping):
            self._not_a_step(node)
            return None
        verb = self._verb(node)
        if verb is None:
            return None
        entry = node.entries[verb]
        cls = step_class(verb)
        if cls is None:
            self._unknown_verb(verb, entry)
            return None
        where = entry.key.where
        use = self._common(node, verb, cls, entry, number)
        if use is not None:
            use.described = self.look_up(use) if self.look_up is not None else None
            for problem in use.sample.check(_View(verb, entry.value, where, use.described)):
                self.problems.append(problem._replace(where=problem.where or where))
        return use

    def _common(self, node: Mapping, verb: str, cls: type[Step], entry: Entry, number: int) -> StepUse | None:
        entries = node.entries
        api, rejects, condition = (entries.get(key) for key in ("api", "rejects", "if"))
        if condition is not None:
            self.problems += condition_problems(condition.value, self.binder, self.scope)
        if rejects is not None:
            self._check_rejects(rejects, verb, cls)
        if api is not None:
            self.binder.value(str, api.value, "api")
        sample = self.binder.options(cls, entry.value, entry.key.where, verb)
        reads = self._reads(entries.get("from"), verb, cls, sample)
        timeout_s = self.reader.seconds(entries.get("timeout"), "timeout")
        on_error = self.reader.choice(
            entries.get("on-error"), "on-error", ("fail", "continue"), meant=_ON_ERROR
        )
        description = self.reader.text(entries.get("description"), "description")
        disabled = self.reader.flag(entries.get("disabled"), "disabled")
        if sample is None:
            return None
        name = getattr(entries["id"].value, "text", None) if "id" in entries else None
        values = [each.value for each in (entry, condition, rejects, api) if each is not None]
        return StepUse(
            key=name or self._key(verb, number),
            id=name,
            number=number,
            verb=verb,
            cls=cls,
            options=entry.value,
            where=entry.key.where,
            reads=reads,
            waits_for=tuple(dict.fromkeys(_counted(values))),
            sample=sample,
            api=api.value if api and isinstance(api.value, Scalar) else None,
            condition=condition.value if condition else None,
            timeout_s=timeout_s,
            on_error=on_error or "fail",
            rejects=rejects.value if rejects else None,
            disabled=disabled,
            description=description or "",
        )

    def _reads(self, entry: Entry | None, verb: str, cls: type[Step], sample: Step | None) -> tuple[str, ...]:
        """Return the ids that `from` names; each id that the step names must be there."""
        names = self.reader.names(entry, "from")
        reads_above = sample is None or sample.reads_above()
        for name in names if reads_above and cls.role is not Role.SOURCE else ():
            self._known_step(name.text, name.where)
        for ref in kinds_in(sample, StepRef):
            self._known_step(ref.text, ref.where)
        if entry is not None and not reads_above:
            what = "is a source and reads no step" if cls.role is Role.SOURCE else "reads its sheets only"
            self._problem(f"this {verb} {what}", entry.key.where, "remove `from`", length=len("from"))
        return tuple(name.text for name in names)

    def _known_step(self, name: str, where: Mark) -> None:
        ids = self.scope.counts
        if name not in ids:
            known = "ids in this job: " + ", ".join(ids) if ids else "give a step an `id:`"
            self._problem(f"there is no step {name!r}", where, nearest(name, ids) or known, length=len(name))

    def _key(self, verb: str, number: int) -> str:
        """Return a key for a step without id, which is the id of no other."""
        key = f"{verb}-{number}"
        return key if key not in self.scope.counts else f"{key}+"  # no id ends so

    def _check_rejects(self, entry: Entry, verb: str, cls: type[Step]) -> None:
        name = self.binder.value(FileName, entry.value, "rejects")
        where, length = entry.value.where, getattr(entry.value, "length", 1)
        if isinstance(name, FileName) and not name.is_sample:
            try:
                checked_extension(name.text)
            except ValidationError as err:
                self._problem(err.what_went_wrong, where, err.how_to_fix, length=length)
        if not cls.can_reject:
            message = f"{verb} puts no record aside, so that `rejects` does nothing here"
            self.problems.append(
                Problem(message, entry.key.where, "delete it", severity="warning", length=len("rejects"))
            )

    # -- the verb -----------------------------------------------------------------------------------------------

    def _verb(self, node: Mapping) -> str | None:
        """Return the one key that is a verb, or note what is wrong with the keys."""
        rest = [name for name in node.entries if name not in COMMON]
        verbs = [name for name in rest if name in STEPS]
        if len(rest) == 1 and rest[0] not in LATER:
            return rest[0]
        if not rest:
            known = ", ".join(STEPS)
            self._problem("this step has no verb", node.where, f"add one of {known}")
            return None
        if len(verbs) > 1:
            entry = node.entries[verbs[1]]
            fix = "begin a new step with '- ' in front of it"
            self._problem(
                f"a step has one verb, and this one has {' and '.join(verbs)}", entry.key.where, fix
            )
            return None
        if len(verbs) == 1:
            misplaced = [self._stray(name, verbs[0], node.entries) for name in rest if name != verbs[0]]
            return None if any(misplaced) else verbs[0]
        if third := next((name for name in rest if step_class(name)), None):
            return third
        self._unknown_verb(rest[0], node.entries[rest[0]])
        return None

    def _stray(self, name: str, verb: str, entries: dict[str, Entry]) -> bool:
        """Note a key that is none; true when it is an option of the verb that stands at the wrong place."""
        entry, node = entries[name], entries[verb]
        cls = step_class(verb)
        options = [option.name for option in options_of(cls)] if cls else []
        if name in LATER:
            self._problem(f"{name} is not available yet", entry.key.where, "delete it", length=len(name))
        elif name in options:
            value = getattr(node.value, "text", "")
            main = getattr(cls, "main", None)
            below = f", and write `{main.replace('_', '-')}: {value}` above it" if main and value else ""
            fix = f"indent it below {verb}:{below}"
            self._problem(f"{name} is an option of {verb}", entry.key.where, fix, length=len(name))
        else:
            habit = habits.KEYS.get(name.lower().replace("_", "-"))
            fix = habit or nearest(name, [*COMMON, *options]) or f"known beside {verb}: {', '.join(COMMON)}"
            self._problem(f"a step has no key {name!r}", entry.key.where, fix, length=len(name))
        return name in options

    def _unknown_verb(self, name: str, entry: Entry) -> None:
        if name in LATER:
            self._problem(f"{name} is not available yet", entry.key.where, "delete it", length=len(name))
            return
        habit = habits.VERBS.get(name.lower().replace("_", "-"))
        fix = habit or nearest(name, [*STEPS, *COMMON]) or f"known: {', '.join(STEPS)}"
        self._problem(f"there is no step {name!r}", entry.key.where, fix, length=len(name))

    def _not_a_step(self, node: Node) -> None:
        text = getattr(node, "text", "")
        fix = f"write `- {text}:` with its options" if text in STEPS else "write `- verb: options`"
        self._problem(
            f"a step is a mapping with a verb, not {described(node)}", node.where, fix, length=len(text) or 1
        )

    def _problem(self, message: str, where: Mark, fix: str | None, *, length: int = 1) -> None:
        self.problems.append(Problem(message, where, fix, length=length))


def _counted(nodes: list[Any]) -> Iterator[str]:
    """Yield each id that a `${{ steps.<id>.count }}` in the nodes names."""
    for node in nodes:
        if isinstance(node, Scalar):
            for hole in templates.holes(node.text):
                parts = hole.path.split(".")
                if parts[0] == "steps" and len(parts) > 1:
                    yield parts[1]
        elif isinstance(node, Sequence):
            yield from _counted(list(node.items))
        elif isinstance(node, Mapping):
            yield from _counted([entry.value for entry in node.entries.values()])
