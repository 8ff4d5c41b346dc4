"""The job's JSON Schema and the binder are two readers of one truth: neither takes what the other refuses."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.job.judging import GOOD_STEPS, OF_VALUES, SOURCES, breaches, faults

COMMON_VALUES: dict[str, Any] = {
    "id": "second",
    "from": ["first"],
    "api": "helpdesk",
    "if": "${{ params.number }} > 0",
    "timeout": "10m",
    "on-error": "continue",
    "rejects": "rejected.csv",
    "description": "Words.",
    "disabled": True,
}
PARAMS: dict[str, Any] = {
    "flag": {"type": "boolean", "default": True, "required": False, "description": "A flag."},
    "number": {"type": "number", "default": 1.5, "enum": [1.5, 2], "env": "NUMBER"},
    "list": {"type": "list", "default": ["a", "b"]},
    "bare": {},
}


@st.composite
def good_jobs(draw: st.DrawFn) -> dict[str, Any]:
    step = copy.deepcopy(draw(st.sampled_from(GOOD_STEPS)))
    verb = next(iter(step))
    if isinstance(step[verb], dict):
        for name in draw(st.lists(st.sampled_from(sorted(step[verb])), unique=True)):
            del step[verb][name]
    for name in draw(st.lists(st.sampled_from(sorted(COMMON_VALUES)), unique=True)):
        step[name] = copy.deepcopy(COMMON_VALUES[name])
    first = {"id": "first", "fetch": "Customers"}
    job: dict[str, Any] = {"version": 1, "steps": [step] if verb in SOURCES else [first, step]}
    extra = {
        "name": "a-job",
        "description": "Words.",
        "api": "bc",
        "timezone": "Europe/Stockholm",
        "x-anything": {"a": [1]},
    }
    for name in draw(st.lists(st.sampled_from(sorted(extra)), unique=True)):
        job[name] = extra[name]
    job["params"] = copy.deepcopy(PARAMS)
    return job


# text that suits an expression, a file name and an OData filter alike; numbers as YAML and JSON both write them
REPLACEMENTS: tuple[Any, ...] = (
    None, True, False, 0, 7, -1, 1.5, "a.csv", "", "${{ params.list }}", [], ["a.csv"], [1], [None],
    {}, {"a": "a.csv"}, {"value": "a.csv"}, {"file": "a.csv"}, [["a"]], "fetch",
)  # fmt: skip


@st.composite
def spoilt_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """A good job with one to three things put in, replaced, renamed or taken out anywhere."""
    job = draw(good_jobs())
    for _ in range(draw(st.integers(1, 3))):
        places = list(containers(job))
        place = places[draw(st.integers(0, len(places) - 1))]
        value = copy.deepcopy(draw(st.sampled_from(REPLACEMENTS)))
        action = draw(st.sampled_from(("put", "replace", "rename", "take")))
        if isinstance(place, list):
            spoil_list(place, action, value, draw)
            continue
        keys = sorted(place)
        key = draw(st.sampled_from(keys)) if keys else "new"
        if action == "put":
            place[
                draw(st.sampled_from(("new", "save", "fetch", "id", "x-new", "value", "limit", "type")))
            ] = value
        elif action == "replace":
            place[key] = value
        elif key in place:
            old = place.pop(key)
            if action == "rename":
                place[f"{key}s"] = old
    return job


def spoil_list(items: list[Any], action: str, value: Any, draw: st.DrawFn) -> None:
    if action == "put" or not items:
        items.append(value)
    elif action == "take":
        items.pop(draw(st.integers(0, len(items) - 1)))
    else:
        items[draw(st.integers(0, len(items) - 1))] = value


def containers(value: Any) -> list[Any]:
    """Every mapping and list of a document, itself first."""
    found: list[Any] = [value]
    members = value.values() if isinstance(value, dict) else value
    for member in members:
        if isinstance(member, dict | list):
            found += containers(member)
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(good_jobs())
def test_a_job_with_options_left_out_is_judged_alike(job: dict[str, Any]) -> None:
    agree(job)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt_jobs())
def test_a_spoilt_job_is_judged_alike(job: dict[str, Any]) -> None:
    agree(job)


def agree(job: dict[str, Any]) -> None:
    found, breached = faults(job), breaches(job)
    if breached:
        assert found, f"only the schema refuses: {breached}"
    else:
        shape = [message for message in found if not OF_VALUES.search(message)]
        assert not shape, f"only the binder refuses: {shape}"
