"""The watermarks of a job, for people: look at them, set one, forget them. A run of the job has them to itself."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from txojobs.engine.needs import base_url
from txojobs.engine.request import job_identity
from txojobs.engine.watermarks import asked_at, params_text
from txojobs.errors import ValidationError
from txojobs.job.bind import bind_step, bind_text
from txojobs.job.params import param_values
from txojobs.job.scope import Scope, run_facts
from txojobs.redact import HIDDEN
from txojobs.state.lock import run_lock
from txojobs.state.store import opened
from txojobs.state.watermarks import Watermark, WatermarkKey, find, of_job, put, remove
from txojobs.steps.cursor import Cursor, in_text, is_ahead
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.job.model import Job, StepUse
    from txojobs.workspace import Workspace

BY_HAND = "set by hand"


class KeptWatermarks:
    """Those of one job for one organisation and environment."""

    def __init__(
        self,
        job: Job,
        workspace: Workspace,
        *,
        org: str,
        env: str,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._job = job
        self._workspace = workspace
        self._org, self._env = org, env
        self._environ = environ
        self._identity = job_identity(job, workspace)

    def all(self) -> list[Watermark]:
        """Return all of them, in the order of their keys.

        Raises:
            FileOperationError: state.db cannot be read.
            ConfigurationError: there is none, and no such organisation and environment.
        """
        with opened(self._workspace.state_dir, create=False) as connection:
            found = [] if connection is None else of_job(connection, self._identity, self._org, self._env)
        if not found:
            self._config()  # a misspelt name has none, either
        return found

    def reset(self, *, step: str | None, params: Mapping[str, str]) -> list[Watermark]:
        """Forget those of a step (its id or entity set; None for any) that have these params; return them.

        Raises:
            JobLockedError: a run of the job goes on.
        """
        with self._alone("reset"):
            gone = [each for each in self.all() if _is_of(each, step, params)]
            if gone:
                with opened(self._workspace.state_dir) as connection:
                    assert connection is not None  # noqa: S101  # it is made
                    remove(connection, [each.key for each in gone])
        return gone

    def set(
        self, value: str, *, step: str | None, params: Mapping[str, str]
    ) -> tuple[Watermark | None, Watermark]:
        """Let the next run with these params go on from a value; return the watermark before, and the new one.

        Raises:
            ValidationError: the value is none, or it is not clear whose it is.
            JobLockedError: a run of the job goes on.
        """
        cursor = _cursor(value)
        key, by, question = self._asked(_chosen(self._job, step), params)
        new = Watermark(
            key=key,
            by=by,
            value=value,
            question=question,
            run_id=BY_HAND,
            set_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        with self._alone("set"), opened(self._workspace.state_dir) as connection:
            assert connection is not None  # noqa: S101  # it is made
            before = find(connection, key)
            known = in_text(before.value) if before is not None and before.by == by else None
            if known is not None and known.kind != cursor.kind:
                raise ValidationError(
                    f"{value!r} is {cursor.kind}, and {by} holds {known.kind}",
                    how_to_fix=f"write it like {known.text}",
                )
            put(connection, [new])
        return before, new

    def _asked(self, use: StepUse, given: Mapping[str, str]) -> tuple[WatermarkKey, str, dict[str, str]]:
        """Return whose watermark it is, the field, and what the step asks with these params."""
        from txojobs.steps.changed_since import question_of  # noqa: PLC0415  # only to set one

        config, job = self._config(), self._job
        run = run_facts("", datetime.now(timezone.utc))
        scope = Scope(params={}, config=config, run=run, counts={})
        params = param_values(job, given, environ=self._environ, scope=scope)
        scope = Scope(params=params, config=config, run=run, counts={})
        step: Any = bind_step(use, scope)
        api = bind_text(str, use.api, scope) if use.api is not None else job.api or "default"
        entity = step.entity.in_dialect("v4")
        place = (self._identity, self._org, self._env, api, entity, use.id or "")
        question = asked_at(question_of(step), base_url(config, api))
        return WatermarkKey(*place, params_text(params)), step.incremental.by, question

    def _config(self) -> Any:
        from txojobs.config import load_config  # noqa: PLC0415  # jsonschema

        return load_config(self._workspace, self._org, self._env, environ=self._environ)

    @contextlib.contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        """Keep runs of the job away: one that goes on would write its own watermark over this change."""
        command = f"txojobs state {what} {self._job.name} {self._org} {self._env}"
        name = f"{self._identity}.{self._org}.{self._env}"
        with run_lock(self._workspace.state_dir / "locks", name, owner=command):
            yield


def _cursor(value: str) -> Cursor:
    """Return what a watermark may be set to.

    Raises:
        ValidationError: it is none, or it lies ahead of the clock.
    """
    cursor = in_text(value)
    if cursor is None:
        raise ValidationError(
            f"{value[:40]!r} is no moment, date or whole number",
            how_to_fix="write it as the service does",
            example="2026-01-15T14:30:00Z",
        )
    if is_ahead(cursor, datetime.now(timezone.utc)):
        raise ValidationError(
            f"{value} lies ahead of the clock: no run would read anything until then",
            how_to_fix="write a moment from which on changes are wanted",
        )
    return cursor


def _chosen(job: Job, step: str | None) -> StepUse:
    """Return the incremental step that is meant.

    Raises:
        ValidationError: there is none, or there are several.
    """
    uses = [use for use in job.steps if getattr(use.sample, "incremental", None) is not None]
    if not uses:
        raise ValidationError(
            f"no step of {job.name} is incremental",
            how_to_fix="give a fetch `incremental`",
            example="incremental: {by: lastModifiedDateTime}",
        )
    names = [use.id or use.key for use in uses]
    if step is None:
        if len(uses) > 1:
            raise ValidationError(
                f"{job.name} has several incremental steps: {', '.join(names)}",
                how_to_fix="say which one is meant",
                example=f"--step {names[0]}",
            )
        return uses[0]
    if step not in names:
        raise ValidationError(
            f"{job.name} has no incremental step {step!r}",
            how_to_fix=nearest(step, names) or f"there are: {', '.join(names)}",
        )
    return uses[names.index(step)]


def _is_of(mark: Watermark, step: str | None, params: Mapping[str, str]) -> bool:
    """Tell whether a watermark is one of a step and has these params among its own."""
    own = params_of(mark)
    return step in (None, mark.key.step, mark.key.entity) and all(
        own.get(name) == value for name, value in params.items()
    )


def params_of(mark: Watermark) -> dict[str, str]:
    """Return the params of a watermark as texts, without those that have no value."""
    return {name: _text(value) for name, value in json.loads(mark.key.params).items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return HIDDEN if str(value).startswith(f"{HIDDEN} ") else str(value)
