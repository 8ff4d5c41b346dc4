"""Say where each value of a loaded configuration comes from.

Marks are looked up when somebody asks, not while loading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from txojobs.config.defaults import applied_defaults, values_of_profiles
from txojobs.config.json_text import read_json
from txojobs.config.names import SECRET_NAMES, injected_name, variable_name
from txojobs.config.places import JsonPath, Places
from txojobs.errors import MissingKeyError

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.config.mapping import Config

DEFAULT = "default"
_BASE_URL = ("global", "api-base-url")


@dataclass(frozen=True, slots=True)
class Origins:
    """What a configuration was made of: the text of the main file, the secrets file, the variables."""

    org: str
    env: str
    file: str
    text: str = field(repr=False)
    secrets_path: Path
    secrets_file: str
    variables: tuple[tuple[str, str], ...] = ()
    """Injected name and the variable that set it."""

    def of(self, config: Config, path: str) -> str:
        """Return where the value at a dotted path comes from; see Config.origin."""
        parts = split(path)
        if not _leads_somewhere(config, parts):
            if path in (known := values_of_profiles(config)):
                return f"profile {known[path][1]}"
            if path in applied_defaults(config):
                return DEFAULT
            _demand(config, parts)
        head = parts[0]
        if isinstance(head, str) and head.startswith("_"):
            return self._of_injected(head)
        if parts == _BASE_URL and _leads_somewhere(config, ("environments", self.env, "api-endpoint")):
            parts = ("environments", self.env, "api-endpoint")
        mark, _ = Places(self.text, self.file).mark(parts, at_key=True)
        return str(mark)

    def _of_injected(self, key: str) -> str:
        if key in ("_org_id", "_env_type"):
            return "command line"
        variable = dict(self.variables).get(key)
        if variable:
            return f"environment variable {variable}"
        try:
            read = read_json(self.secrets_path.read_bytes(), self.secrets_file)
        except OSError:
            return "set by the program"
        for name in read.value if read.is_sound and isinstance(read.value, dict) else ():
            if injected_name(name) == key:
                return str(Places(read.text, self.secrets_file).mark((name,), at_key=True)[0])
        return "set by the program"

    def missing_secret(self, key: str) -> MissingKeyError:
        """Return the error for a secret that is in no place."""
        if key == "_token":
            return MissingKeyError(
                f"no token was asked for in this run for {self.org}-{self.env}",
                "load the configuration with require_token=True",
            )
        name = key.removeprefix("_").replace("_", "-")
        return MissingKeyError(
            f"there is no secret {name!r} for {self.org}-{self.env}",
            f"add it to {self.secrets_file}, or set the environment variable "
            f"{variable_name(self.org, self.env, name)}",
            f'{{"{name}": "..."}}' if name.endswith(SECRET_NAMES) else None,
        )


def split(path: str) -> JsonPath:
    """Return the parts of a dotted path: `a.b[0]` is a, b, 0."""
    return tuple(
        int(found[1]) if found[1] else found[0] for found in re.finditer(r"\[([0-9]+)\]|[^.\[\]]+", path)
    ) or ("",)


def _leads_somewhere(value: Any, parts: JsonPath) -> bool:
    for part in parts:
        if isinstance(value, dict):
            if part not in value:
                return False
        elif not isinstance(value, list) or not isinstance(part, int) or part >= len(value):
            return False
        value = value[part]
    return True


def _demand(value: Any, parts: JsonPath) -> None:
    """Raise the error of whoever would read this path."""
    for part in parts:
        if not isinstance(value, dict):
            break
        value = value[part]
    raise MissingKeyError(f"there is no {'.'.join(map(str, parts))!r} in the configuration", "check the path")
