"""A part of the configuration that knows its path and says exactly which value does not fit.

A section may have several parts: a value is that of the first part that has it, key by key, and an error
names the part in which the value stands.
"""

from __future__ import annotations

from typing import Any

from txojobs.errors import ConfigurationError

FIX = "correct it in the configuration"


class Section:
    """A section; `path` is where a missing key would be added."""

    def __init__(self, path: str, *parts: tuple[str, Any]) -> None:
        self.path = path
        self._parts = [(where, part) for where, part in parts if part is not None]
        for where, part in self._parts:
            if not hasattr(part, "keys"):
                raise ConfigurationError(f"{where} must be an object, not {part!r}", how_to_fix=FIX)

    @property
    def is_given(self) -> bool:
        """Whether it stands in the configuration at all."""
        return bool(self._parts)

    def get(self, key: str) -> Any:
        """Return a value, None when no part has it."""
        return next((part[key] for _, part in self._parts if key in part), None)

    def section(self, key: str) -> Section:
        """Return the section of that name, with a part for each part that has it."""
        found = [(f"{where}.{key}", part[key]) for where, part in self._parts if key in part]
        return Section(f"{self.path}.{key}", *found)

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(key, "text")
        return value.strip()

    def texts(
        self, key: str, default: tuple[str, ...], *, wanted: str = "a list of texts"
    ) -> tuple[str, ...]:
        """Return a list of texts, none of them empty."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
            raise self.wrong(key, wanted)
        return tuple(value)

    def named_texts(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return the names and texts of an object."""
        value = self.get(key)
        if value is None:
            return ()
        if not hasattr(value, "keys") or not all(isinstance(value[name], str) for name in value):
            raise self.wrong(key, "an object of texts")
        return tuple((name, value[name]) for name in value)

    def number(self, key: str, default: float, *, least: float = 0.0, most: float | None = None) -> float:
        """Return a finite number within the bounds."""
        value = self.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
            raise self.wrong(key, f"a number of at least {least:g}")
        if most is not None and value > most:
            raise self.wrong(key, f"at most {most:g}")
        return float(value)

    def whole(self, key: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a whole number within the bounds."""
        number = self.number(key, default, least=least, most=most)
        if number != int(number):
            raise self.wrong(key, "a whole number")
        return int(number)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def one_of(self, key: str, default: str, known: tuple[str, ...]) -> str:
        """Return one of the known texts."""
        value = self.text(key, default)
        if value not in known:
            raise self.wrong(key, f"one of {', '.join(known)}")
        return value

    def wrong(self, key: str, wanted: str) -> ConfigurationError:
        """Return the error for a value that is there and does not fit."""
        where = next((where for where, part in self._parts if key in part), self.path)
        return ConfigurationError(f"{where}.{key} must be {wanted}, not {self.get(key)!r}", how_to_fix=FIX)
