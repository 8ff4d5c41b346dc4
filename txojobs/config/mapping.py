"""The configuration as scripts and steps hold it: dicts that fail hard, and secrets that do not show.

A missing key raises a KeyError that says which file lacks what; `get` stays soft. Secrets are `str` to
whoever names them (`config["_client_secret"]`, `get`, `dict(config)`, `**config`, copies, pickles). Whoever
takes all values in one sweep sees `***`: `repr`, `items()`, `values()`, `json.dumps` and writers that look at
the dict's own storage. So a configuration that ends up in a file or on a screen gives no secret away.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from txojobs.config.names import looks_like_secret
from txojobs.errors import MissingKeyError
from txojobs.redact import HIDDEN, escape_foreign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from txojobs.config.origins import Origins
    from txojobs.errors import Problem


class Section(dict[str, Any]):
    """A part of a configuration that knows its place: `path` is dotted, empty for the whole."""

    __slots__ = ("_file", "_path")

    def __init__(self, members: Mapping[str, Any], *, file: str, path: str = "") -> None:
        self._file = file
        self._path = path
        super().__init__(
            (key, _wrap(value, file=file, path=f"{path}.{key}" if path else key))
            for key, value in members.items()
        )

    def __missing__(self, key: object) -> Any:
        raise missing(self, key, file=self._file, path=self._path)

    @property
    def file(self) -> str:
        """The name of the file that it was read from, as messages show it."""
        return self._file

    def copy(self) -> Section:
        """Return a copy that fails as hard; sections below are shared."""
        return Section(dict(self), file=self._file, path=self._path)

    def __copy__(self) -> Section:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _section, (dict(self), self._file, self._path)

    def __reduce_ex__(self, _: object) -> tuple[Any, ...]:
        return self.__reduce__()

    def __repr__(self) -> str:
        shown = {
            key: HIDDEN if isinstance(value, str) and looks_like_secret(key) else value
            for key, value in super().items()
        }
        return repr(shown)


class Config(Section):
    """The whole configuration; `load_config` makes it.

    `warnings` holds what a person should hear of, such as a secrets file that others can read.
    """

    __slots__ = ("_origins", "_secrets", "warnings")

    def __init__(
        self, members: Mapping[str, Any], *, file: str, origins: Origins, warnings: Iterable[Problem] = ()
    ) -> None:
        self._secrets: dict[str, str] = {}
        self._origins = origins
        self.warnings = tuple(warnings)
        super().__init__(members, file=file)

    def add_secret(self, key: str, value: str) -> None:
        """Set a value that must not show, whatever its name."""
        super().__setitem__(key, HIDDEN)
        self._secrets[key] = value

    def secret_values(self) -> list[str]:
        """Return every secret, for a Redactor; also those that stand in an unchecked main file."""
        return [*self._secrets.values(), *_stray_secrets(self)]

    def origin(self, path: str) -> str:
        """Return where the value at a dotted path comes from: a mark, a variable, the command line.

        Raises:
            MissingKeyError: there is no such value, and no default.
        """
        return self._origins.of(self, path)

    @property
    def origins(self) -> Origins:
        """What `origin` looks things up in."""
        return self._origins

    def is_secret(self, key: object) -> bool:
        """Whether the value of this key is hidden."""
        return key in self._secrets

    def __missing__(self, key: object) -> Any:
        if isinstance(key, str) and key.startswith("_") and looks_like_secret(key):
            raise self._origins.missing_secret(key)
        return super().__missing__(key)

    def __getitem__(self, key: str) -> Any:
        return self._secrets[key] if key in self._secrets else super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, str) and (key in self._secrets or (key[:1] == "_" and looks_like_secret(key))):
            self.add_secret(key, value)
            return
        self._secrets.pop(key, None)
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        _ = self[key]  # a missing key fails with the message of a reader
        self._secrets.pop(key, None)
        super().__delitem__(key)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys; being defined makes `dict(config)` and `**config` ask for each value."""
        return super().__iter__()

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401 - this is that get

    def pop(self, key: str, /, *default: Any) -> Any:
        """Remove a key and return its value, or `default`."""
        if default and key not in self:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the member that came last."""
        key, value = super().popitem()
        return key, self._secrets.pop(key, value)

    def clear(self) -> None:
        """Remove everything."""
        self._secrets.clear()
        super().clear()

    def setdefault(self, key: str, default: Any = None, /) -> Any:
        """Return the value; set it first when there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **members: Any) -> None:
        """Take over the members of a mapping or of pairs."""
        for key, value in dict(*others, **members).items():
            self[key] = value

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, dict):
            return NotImplemented
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Any) -> Any:
        return {**other, **self} if isinstance(other, dict) else NotImplemented

    def __ior__(self, other: Any) -> Config:  # type: ignore[override]  # noqa: PYI034 - nobody inherits from it
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        return dict(self) == (dict(other) if isinstance(other, Config) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # as every dict

    def copy(self) -> Config:
        """Return a copy with the same secrets and origins; sections below are shared."""
        return _config(dict(self), self._file, self._origins, self.warnings, tuple(self._secrets))

    def __reduce__(self) -> tuple[Any, ...]:
        return _config, (dict(self), self._file, self._origins, self.warnings, tuple(self._secrets))


def _section(members: dict[str, Any], file: str, path: str) -> Section:
    return Section(members, file=file, path=path)


def _config(
    members: dict[str, Any],
    file: str,
    origins: Origins,
    warnings: tuple[Problem, ...],
    secret: tuple[str, ...],
) -> Config:
    config = Config({}, file=file, origins=origins, warnings=warnings)
    for key, value in members.items():
        if key in secret:
            config.add_secret(key, value)
        else:
            dict.__setitem__(config, key, value)
    return config


def _wrap(value: Any, *, file: str, path: str) -> Any:
    if isinstance(value, dict) and not isinstance(value, Section):
        return Section(value, file=file, path=path)
    if isinstance(value, list):
        return [_wrap(member, file=file, path=f"{path}[{number}]") for number, member in enumerate(value)]
    return value


def _stray_secrets(value: Any) -> Iterator[str]:
    members: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        members = dict.items(value)
    elif isinstance(value, list):
        members = enumerate(value)
    for key, member in members:
        if isinstance(member, str):
            if isinstance(key, str) and member not in ("", HIDDEN) and looks_like_secret(key):
                yield member
        else:
            yield from _stray_secrets(member)


def missing(section: Mapping[str, Any], key: object, *, file: str, path: str) -> MissingKeyError:
    """Return the error for a key that a section does not have."""
    import difflib  # noqa: PLC0415 - only for what is missing

    name = escape_foreign(str(key))
    whole = f"{path}.{name}" if path else name
    close = difflib.get_close_matches(name, [str(known) for known in section], n=1, cutoff=0.6)
    where = f"the section {path!r} of {file}" if path else file
    fix = f"add {name!r} to {where}"
    if close:
        fix = f"did you mean {close[0]!r}? Otherwise {fix}"
    return MissingKeyError(f"{file} has no {whole!r}", fix, _example(path, name))


def _example(path: str, name: str) -> str:
    example = f"{json.dumps(name)}: ..."
    known = {"api-base-url": '"https://api.example.com"', "api-endpoint": '"https://test-api.example.com"'}
    if name in known:
        example = f"{json.dumps(name)}: {known[name]}"
    for part in reversed(path.split(".") if path else []):
        example = f"{json.dumps(part)}: {{{example}}}"
    return example
