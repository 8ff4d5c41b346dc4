"""The configuration of an organisation and environment: found, checked, merged with secrets, failing hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from txojobs.config.check import check_config_file, check_config_text
    from txojobs.config.listing import effective
    from txojobs.config.load import load_config
    from txojobs.config.mapping import Config, Section

__all__ = ["Config", "Section", "check_config_file", "check_config_text", "effective", "load_config"]

_HOME = {
    "Config": "mapping",
    "Section": "mapping",
    "check_config_file": "check",
    "check_config_text": "check",
    "effective": "listing",
    "load_config": "load",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: a Config needs no JSON Schema."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only for who comes in by this door

    return getattr(import_module(f"txojobs.config.{_HOME[name]}"), name)
