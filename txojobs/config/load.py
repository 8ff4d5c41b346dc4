"""Load the configuration of an organisation and environment, with its secrets, ready for use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from txojobs.config.check import apis_of, main_problems, secrets_problems, text_problems
from txojobs.config.json_text import JsonText, read_json
from txojobs.config.key_files import key_file_breaches
from txojobs.config.mapping import Config
from txojobs.config.names import injected_name
from txojobs.config.origins import Origins
from txojobs.config.schema import load_schema
from txojobs.config.secret_files import (
    SECRETS_SUFFIX,
    SUFFIX,
    config_names,
    file_breaches,
    secrets_of_environment,
)
from txojobs.config.secret_rules import keys_in_query, variable_breaches
from txojobs.errors import ConfigurationError, Problem, ValidationError
from txojobs.workspace import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from txojobs.workspace import Workspace


def load_config(
    workspace: Workspace,
    org: str,
    env: str,
    *,
    environ: Mapping[str, str] = os.environ,
    validate: bool = True,
) -> Config:
    """Return `config/<org>-<env>-config.json` with `_org_id`, `_env_type` and one `_name` for each secret.

    The endpoint of the environment, where there is one, is the `global.api-base-url`. Without `validate` the
    schema and the rules about secrets in the main file are not asked; it must be JSON all the same.

    Raises:
        ValidationError: `org` or `env` cannot be such a name.
        ConfigurationError: the file is missing or wrong; `problems` holds everything, warnings too.
    """
    _check_place(org, env)
    folder = workspace.root / "config"
    file = f"config/{org}-{env}{SUFFIX}"
    main = _read_main(folder, org, env)
    secrets_path = folder / f"{org}-{env}{SECRETS_SUFFIX}"
    secrets, problems = _read_secrets(secrets_path, main.value)
    variables = secrets_of_environment(folder, org, env, environ)
    problems += _problems_of_variables(variables, main.value)
    if validate:
        schema = load_schema(workspace.root)
        keys = key_file_breaches(main.value, workspace.root)
        names = {*secrets, *variables}
        problems += main_problems(main, file=file, schema=schema, secrets=names, env=env, more=keys)
    else:
        problems += text_problems(main, file=file)
    _raise_errors(problems)
    origins = _origins(org, env, main.text, secrets_path, variables)
    secrets.update((name, value) for name, (_, value) in variables.items())
    return _assembled(_with_whole_paths(main.value, workspace.root), secrets, origins, problems)


def _check_place(org: str, env: str) -> None:
    check_name("an organisation", org)
    check_name("an environment", env)
    if "-" in env:
        raise ValidationError(
            f"{env!r} cannot be the name of an environment: it holds a '-'",
            how_to_fix="use a name without '-', so that <org>-<env> can be told apart",
        )


def _read_main(folder: Path, org: str, env: str) -> JsonText:
    name = f"{org}-{env}{SUFFIX}"
    try:
        return read_json((folder / name).read_bytes(), f"config/{name}")
    except FileNotFoundError:
        raise _not_found(folder, org, env) from None
    except OSError as err:
        raise ConfigurationError(f"config/{name} cannot be read: {err.strerror}") from err


def _not_found(folder: Path, org: str, env: str) -> ConfigurationError:
    import difflib  # noqa: PLC0415 - only for what is missing

    there = config_names(folder)
    close = difflib.get_close_matches(f"{org}-{env}", there, n=1, cutoff=0.6)
    fix = "Create the file in the config/ directory"
    others = [name.rpartition("-")[2] for name in there if name.rpartition("-")[0] == org]
    if f"{env}-{org}" in there:
        fix = f"the organisation comes first: {env} {org}"
    elif close:
        fix = f"did you mean {' '.join(close[0].rsplit('-', 1))}? Otherwise create the file in config/"
    elif others:
        fix = f"of {org} there is {', '.join(others)}; otherwise create the file in config/"
    found = f"; there are {', '.join(name + SUFFIX for name in there)}" if there else f"; {folder} has none"
    return ConfigurationError(
        f"Configuration file '{org}-{env}{SUFFIX}' not found{found}",
        how_to_fix=fix,
        example=f"Copy config/example.json to config/{org}-{env}{SUFFIX}",
    )


def _read_secrets(path: Path, main: Any) -> tuple[dict[str, str], list[Problem]]:
    """Return the secrets of a file, none when there is no file, and what is wrong with it."""
    file = f"config/{path.name}"
    try:
        read = read_json(path.read_bytes(), file)
    except FileNotFoundError:
        return {}, []
    except OSError as err:
        raise ConfigurationError(f"{file} cannot be read: {err.strerror}") from err
    problems = secrets_problems(read, file=file, main=main, more=file_breaches(path))
    return dict(read.value) if read.is_sound and isinstance(read.value, dict) else {}, problems


def _problems_of_variables(variables: Mapping[str, tuple[str, str]], main: Any) -> list[Problem]:
    return [
        Problem(f"environment variable {variable}: {breach.message}", None, breach.fix, breach.severity)
        for name, (variable, value) in variables.items()
        for breach in variable_breaches(name, value, apis_of(main), keys_in_query(main))
    ]


def _origins(
    org: str, env: str, text: str, secrets_path: Path, variables: Mapping[str, tuple[str, str]]
) -> Origins:
    return Origins(
        org=org,
        env=env,
        file=f"config/{org}-{env}{SUFFIX}",
        text=text,
        secrets_path=secrets_path,
        secrets_file=f"config/{secrets_path.name}",
        variables=tuple((injected_name(name), variable) for name, (variable, _) in variables.items()),
    )


def _raise_errors(problems: list[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if not errors:
        return
    first = errors[0]
    files = list(dict.fromkeys(error.where.file for error in errors if error.where))
    several = f"{len(errors)} problems in {' and '.join(files) or 'the environment'}; the first: "
    raise ConfigurationError(
        (several if len(errors) > 1 else "") + first.message,
        how_to_fix=first.fix,
        example=first.example,
        where=first.where,
        problems=problems,
    )


def _assembled(
    value: dict[str, Any], secrets: Mapping[str, str], origins: Origins, warnings: Iterable[Problem]
) -> Config:
    endpoint = _endpoint(value, origins.env)
    if endpoint is not None:
        value = {**value, "global": {**value.get("global", {}), "api-base-url": endpoint}}
    members = {**value, "_org_id": origins.org, "_env_type": origins.env}
    config = Config(members, file=origins.file, origins=origins, warnings=warnings)
    for name, secret in secrets.items():
        config.add_secret(injected_name(name), secret)
    return config


def _with_whole_paths(value: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the members with each path of a file seen from the workspace, wherever the run was started."""

    def whole(section: Any, key: str) -> Any:
        path = section.get(key) if isinstance(section, dict) else None
        return {**section, key: str(root / path)} if isinstance(path, str) and path else section

    def service(section: Any) -> Any:
        section = whole(section, "ca-bundle")
        return {**section, "auth": whole(section["auth"], "certificate")} if _has_auth(section) else section

    apis = value.get("apis")
    changed = {"global": service(value["global"])} if "global" in value else {}
    if isinstance(apis, dict):
        changed["apis"] = {name: service(section) for name, section in apis.items()}
    return {**value, **changed}


def _has_auth(section: Any) -> bool:
    return isinstance(section, dict) and isinstance(section.get("auth"), dict)


def _endpoint(value: dict[str, Any], env: str) -> Any:
    """Return the address that the environment sets; only a whole section can be merged, checked or not."""
    here = value.get("environments", {})
    settings = here.get(env, {}) if isinstance(here, dict) else {}
    usable = isinstance(settings, dict) and isinstance(value.get("global", {}), dict)
    return settings.get("api-endpoint") if usable else None
