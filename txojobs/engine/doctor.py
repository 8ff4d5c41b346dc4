"""Check everything that a run of an organisation and environment needs, and say of each part how it is."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs.checkup import Check, failed, skipped
from txojobs.engine.service_metadata import check_api
from txojobs.engine.workspace_checks import asked_for, snapshot_check, workspace_checks
from txojobs.errors import ConfigurationError, TxoBaseError
from txojobs.job.snapshots import snapshot_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.config import Config
    from txojobs.redact import Redactor
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Timing
    from txojobs.workspace import Workspace


def examine(
    workspace: Workspace,
    org: str,
    env: str,
    *,
    api: str | None = None,
    offline: bool = False,
    environ: Mapping[str, str] = os.environ,
    timing: Timing | None = None,
) -> Iterator[Check]:
    """Yield a line for each part, as it is found; `api` is the one to look at, all of them when None.

    Raises:
        ConfigurationError: there is no such api.
    """
    yield from workspace_checks(workspace)
    found = _configuration(workspace, org, env, environ)
    if isinstance(found, Check):
        yield found
        yield from (skipped(name, "the configuration failed") for name in ("secrets", "snapshot", "service"))
        return
    config, redactor = found
    for problem in config.warnings:
        where = f"{problem.where.file}: " if problem.where else ""
        yield Check("configuration", "warning", f"{where}{problem.message}", problem.fix, problem.example)
    if not config.warnings:
        yield Check("configuration", "ok", f"config/{org}-{env}-config.json")
    if api is not None:
        check_api(config, api)
    with _quiet(redactor):
        for name in [api] if api is not None else _apis(config):
            checks = _service(workspace, config, name, redactor=redactor, offline=offline, timing=timing)
            yield from (_cleaned(check, redactor)._replace(api=name) for check in checks)


def _configuration(
    workspace: Workspace, org: str, env: str, environ: Mapping[str, str]
) -> Check | tuple[Config, Redactor]:
    from txojobs.config import load_config  # noqa: PLC0415  # jsonschema
    from txojobs.redact import Redactor  # noqa: PLC0415

    try:
        config = load_config(workspace, org, env, environ=environ)
    except ConfigurationError as err:
        check = failed("configuration", err)
        return check._replace(told=f"{err.where}: {check.told}" if err.where else check.told)
    redactor = Redactor()
    for secret in config.secret_values():
        redactor.add(secret)
    return config, redactor


def _apis(config: Config) -> list[str]:
    """Return the default api, where it is configured, and each other one."""
    first = ["default"] if config.get("global", {}).get("api-base-url") or "apis" not in config else []
    return [*first, *config.get("apis", {})]


def _service(
    workspace: Workspace,
    config: Config,
    api: str,
    *,
    redactor: Redactor,
    offline: bool,
    timing: Timing | None,
) -> Iterator[Check]:
    from txojobs.engine.services import Services  # noqa: PLC0415  # requests: only when a service is looked at
    from txojobs.rest.timing import Timing as RealTiming  # noqa: PLC0415

    services = Services(config, redactor=redactor, cancel=threading.Event(), state_dir=workspace.state_dir)
    with contextlib.closing(services):
        settings: ApiSettings | None = None
        try:
            settings = _settings(services, config, api, offline=offline)
        except TxoBaseError as err:
            yield failed("secrets", err)
        else:
            yield _secrets(settings)
        has_root = asked_for(workspace, api) != {"url"}
        path = snapshot_path(workspace.root, api)
        of_api = "" if api == "default" else f" --api {api}"
        saved_by = f"txojobs metadata {config['_org_id']} {config['_env_type']}{of_api} --save"
        if has_root or path.exists():
            yield snapshot_check(
                path, shown_as=path.relative_to(workspace.root).as_posix(), saved_by=saved_by
            )
        if settings is None:
            yield skipped("service", "secrets failed")
        elif not offline:
            yield from _asked(settings, timing or RealTiming(), redactor, has_root=has_root)


def _settings(services: Any, config: Config, api: str, *, offline: bool) -> ApiSettings:
    """Return what the configuration says of an api; the demo service is started only when it will be asked."""
    from txojobs.rest.settings import ApiSettings  # noqa: PLC0415

    section, key = (config.get("global", {}), "api-base-url")
    if api != "default":
        section, key = config["apis"][api], "base-url"
    if section.get(key) == "demo:" and offline:
        return ApiSettings(name=api, base_url="http://localhost")
    settings: ApiSettings = services.client(api).settings
    return settings


def _secrets(settings: ApiSettings) -> Check:
    auth = settings.auth
    if auth.type == "none":
        return Check("secrets", "ok", "none is needed")
    if auth.certificate:
        from txojobs.redact import Redactor  # noqa: PLC0415
        from txojobs.rest.client_key import read_client_key  # noqa: PLC0415  # cryptography

        try:
            read_client_key(auth.certificate, auth.passphrase, Redactor())
        except TxoBaseError as err:
            return failed("secrets", err)
        return Check("secrets", "ok", f"the private key in {auth.certificate} can be used")
    return Check("secrets", "ok", f"there is one for {auth.type}: {auth.secret_home}")


def _asked(settings: ApiSettings, timing: Timing, redactor: Redactor, *, has_root: bool) -> Iterator[Check]:
    from txojobs.rest.connection_checks import ConnectionChecks  # noqa: PLC0415
    from txojobs.rest.service_checks import NAMES, ServiceChecks  # noqa: PLC0415

    reached = True
    for check in ConnectionChecks(settings, timing=timing, redactor=redactor):
        reached = reached and (check.state != "failed" or check.name == "clock")
        yield check
    if reached:
        yield from ServiceChecks(settings, timing=timing, redactor=redactor, has_root=has_root)
    else:
        yield from (skipped(name, "the service was not reached") for name in NAMES)


def _cleaned(check: Check, redactor: Redactor) -> Check:
    fix, example = (text and redactor.clean(text) for text in (check.fix, check.example))
    return check._replace(told=redactor.clean(check.told), fix=fix, example=example)


@contextlib.contextmanager
def _quiet(redactor: Redactor) -> Iterator[None]:
    """Let what the client logs go nowhere: each line of the check-up says it."""
    from txojobs.logs import start_logging  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        start_logging(Path(folder) / "log", redactor=redactor, level=logging.WARNING, debug=False),
    ):
        yield
