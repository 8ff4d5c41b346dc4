"""The steps there are: verb to module and class. A module is imported when its verb is used.

To add a step: one file here, one line below, one test file. Third parties register their class under the
entry-point group `txojobs.steps`; it is looked at only for a verb that is not in this table.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.steps.base import Step

STEPS: dict[str, str] = {
    "fetch": "txojobs.steps.fetch:Fetch",
    "load": "txojobs.steps.load:Load",
    "filter": "txojobs.steps.filter:Filter",
    "transform": "txojobs.steps.transform:Transform",
    "unnest": "txojobs.steps.unnest:Unnest",
    "query": "txojobs.steps.query:Query",
    "save": "txojobs.steps.save:Save",
}


def step_class(verb: str) -> type[Step] | None:
    """Return the class of a verb, or None when neither we nor an installed package has it."""
    target = STEPS.get(verb)
    if target is None:
        return _third_party(verb)
    module, _, name = target.partition(":")
    cls: type[Step] = getattr(import_module(module), name)
    return cls


def _third_party(verb: str) -> type[Step] | None:
    from importlib.metadata import entry_points  # noqa: PLC0415  # 3 ms, and only for an unknown verb

    for point in entry_points(group="txojobs.steps"):
        if point.name == verb:
            cls: type[Step] = point.load()
            return cls
    return None
