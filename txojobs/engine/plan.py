"""What a run would do, told without asking any service: for `txojobs show`.

Each step is bound with the values that are known; what is not known yet (a required param, the configuration when no
organisation is named, the count of a step) stays `${{ path }}` in the texts. Nothing is fetched, written or locked.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from txojobs.config.names import looks_like_secret
from txojobs.engine.explain import Explainer, NamingScope, PlannedStep
from txojobs.engine.needs import ASKING, Need, base_url, checked_by, needs_of
from txojobs.job.bind import bind_text
from txojobs.job.params import param_values
from txojobs.job.scope import Scope, run_facts
from txojobs.job.wiring import paths_in
from txojobs.redact import HIDDEN, Redactor
from txojobs.steps.base import Memory
from txojobs.steps.fitting import Unknown
from txojobs.yaml_source import Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from txojobs.config.mapping import Config
    from txojobs.job.model import Job, Param, StepUse
    from txojobs.workspace import Workspace

_WORST = (Memory.BATCH, Memory.KEYS, Memory.TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedParam:
    """A param: its value as text, and where it comes from: given, default, a variable, required or none."""

    name: str
    value: str
    source: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A job, explained. `steps` stand in the order of the file."""

    name: str
    description: str
    steps: tuple[PlannedStep, ...]
    params: tuple[PlannedParam, ...]
    needs: tuple[Need, ...]
    checked_by: tuple[str, ...]
    """For each service that is asked: the snapshot of its metadata, or that there is none."""
    memory: str
    warnings: tuple[str, ...]


def make_plan(
    job: Job,
    workspace: Workspace,
    *,
    place: tuple[str, str] | None = None,
    given: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    now: datetime | None = None,
) -> Plan:
    """Return what a run for `place`, (org, env), would do; without it, what is known of any run.

    Raises:
        ConfigurationError, InvalidJobError, ValidationError: as the run would, before it asks anything.
    """
    config = _config(workspace, place, environ)
    redactor = Redactor()
    for secret in config.secret_values() if config is not None else ():
        redactor.add(secret)
    run = run_facts("<run id>", _local(now or datetime.now(timezone.utc), job.timezone))
    params = _params(job, given or {}, environ, Scope(params={}, config=config, run=run, counts={}))
    counts = {use.id: Unknown("integer") for use in job.steps if use.id}
    scope = NamingScope(params=params, config=config, run=run, counts=counts)
    apis = {use.key: _api(use, job, scope) for use in job.steps if use.verb in ASKING}
    urls = {key: base_url(config, api) if config is not None else None for key, api in apis.items()}
    asked = [scope.readable(api) for api in apis.values()]
    described = [scope.readable(apis[use.key]) for use in job.steps if getattr(use.sample, "entity", None)]
    explainer = Explainer(job, scope, place=place, base_urls=urls)
    steps = [explainer.step(use) for use in job.steps]
    return Plan(
        name=job.name,
        description=job.description,
        steps=tuple(step.changed(redactor.clean) for step in steps),
        params=tuple(
            _planned(job.params[name], value, given or {}, environ) for name, value in params.items()
        ),
        needs=needs_of(job.steps, asked, config),
        checked_by=tuple(checked_by(described, workspace.root, place)),
        memory=_memory(job),
        warnings=tuple(_warnings(job)),
    )


def _config(workspace: Workspace, place: tuple[str, str] | None, environ: Mapping[str, str]) -> Config | None:
    if place is None:
        return None
    from txojobs.config import load_config  # noqa: PLC0415  # only when an organisation is named

    return load_config(workspace, *place, environ=environ)


def _local(now: datetime, name: str) -> datetime:
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few jobs name one

    return now if name == "UTC" else now.astimezone(ZoneInfo(name))


def _params(
    job: Job, given: Mapping[str, object], environ: Mapping[str, str], scope: Scope
) -> dict[str, object]:
    """Return the value of each param, an Unknown for one that a run would have to be given."""
    absent = {
        name
        for name, param in job.params.items()
        if param.required
        and name not in given
        and param.default is None
        and not (param.env and environ.get(param.env))
    }
    known = {name: param for name, param in job.params.items() if name not in absent}
    values = param_values(dataclasses.replace(job, params=known), given, environ=environ, scope=scope)
    return {
        name: Unknown(param.type) if name in absent else values[name] for name, param in job.params.items()
    }


def _planned(
    param: Param, value: object, given: Mapping[str, object], environ: Mapping[str, str]
) -> PlannedParam:
    if isinstance(value, Unknown):
        text, source = "", "required"
    else:
        text = _value_text(value)
        from_variable = param.env is not None and bool(environ.get(param.env))
        source = (
            "given"
            if param.name in given
            else f"from {param.env}"
            if from_variable
            else "none"
            if value is None
            else "default"
        )
    if text and looks_like_secret(param.name):
        text = HIDDEN
    return PlannedParam(name=param.name, value=text, source=source, description=param.description)


def _value_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_value_text(item) for item in value)
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat() if isoformat else value)


def default_text(param: Param) -> str | None:
    """Return the default of a param as it is written in the job, None when there is none."""
    node = param.default
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return ",".join(item.text for item in node.items if isinstance(item, Scalar))
    return None


def _api(use: StepUse, job: Job, scope: Scope) -> str:
    if use.api is None:
        return job.api or "default"
    if any(isinstance(scope.value(path), Unknown) for path in paths_in(use.api)):
        return use.api.text
    return bind_text(str, use.api, scope)


def _memory(job: Job) -> str:
    """Return what the hungriest step holds, and what the disk holds instead."""
    worst = max(job.steps, key=lambda use: _WORST.index(use.cls.memory))
    text = worst.cls.memory.value
    if worst.cls.memory is not Memory.BATCH:
        text += f" ({worst.key})"
    spooled = [use.key for use in job.steps if len(job.readers(use.key)) > 1]
    return f"{text}; on disk: {', '.join(spooled)}, read by several steps" if spooled else text


def _warnings(job: Job) -> list[str]:
    """Return what a source leaves unproven."""
    found = []
    for use in job.steps:
        if use.verb not in ASKING or getattr(use.sample, "url", None):
            continue  # whether and how a REST service sorts, its query says in its own words
        fetch: Any = use.sample
        if not fetch.request().whole_order:  # the key completes it
            lacks = "no order-by" if fetch.key else "neither order-by nor key"
            found.append(f"{use.key} has {lacks}: the order may differ from run to run")
    return found
