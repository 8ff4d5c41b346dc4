"""The job's JSON Schema and the binder are two readers of one truth: neither takes what the other refuses."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from txojobs.job.load import load_text
from txojobs.job.schema import COMMON_KEYS, job_schema
from txojobs.job.steps import COMMON
from txojobs.steps.catalogue import STEPS

SCHEMA = job_schema()
JUDGE = Draft202012Validator(SCHEMA)
JOBS = Path(__file__).parents[2] / "jobs"

GOOD_STEPS: tuple[dict[str, Any], ...] = (
    {
        "fetch": {
            "entity": "Customers",
            "select": ["A", "B"],
            "filter": "A eq 1",
            "expand": ["C"],
            "order-by": ["A desc"],
            "search": "x",
            "page-size": 10,
            "limit": 5,
            "key": ["A"],
            "headers": {"X-One": "1"},
            "query": {"sap-client": "100"},
        }
    },
    {"fetch": "Customers"},
    {"load": {"file": "data/a.csv", "sheet": "One", "types": {"A": "decimal"}, "optional": ["A"]}},
    {"load": "data/a.csv"},
    {"filter": "`1` > `0`"},
    {"filter": {"where": "A.b", "optional": ["A"]}},
    {
        "transform": {
            "add": {"X": "A", "Y": {"value": "A", "type": "text", "format": "0"}},
            "rename": {"N": "O"},
            "drop": ["D"],
            "columns": {"X": "A", "Z": {"const": [1, {"a": None}]}},
            "types": {"X": "integer"},
            "optional": ["A"],
        }
    },
    {"unnest": {"field": "A", "empty": "drop", "optional": ["A"]}},
    {"unnest": "A"},
    {"query": {"expression": "[0]", "optional": ["A"]}},
    {"query": "[0]"},
    {"save": {"file": "a.xlsx", "sheets": {"S": "first"}, "stamp": False, "when-empty": "skip"}},
    {"save": {"file": "a.csv", "formula-guard": True, "stamp": "${{ params.flag }}"}},
    {"save": "a.csv"},
)
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
SOURCES = ("fetch", "load")

# what depends on the values of a document, not on its shape: for the binder alone
OF_VALUES = re.compile(
    r"is no time zone|there is no step '|nobody reads what|is a source and reads no step"
    r"|takes .*, and \$\{\{ .* \}\} is |^default: |^enum: |must be at least 1"
    r"|^key names |transform does nothing|needs either value or const|types names |if looks at values"
    r"|is none of the fields|this save reads its sheets only|has nothing to read$|passes nothing on to"
    r"|^params has no '|cannot stand in the id of a step|has no extension|the expression is empty"
)


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


def faults(job: Any) -> list[str]:
    """What the binder says of a document, written as JSON, which is YAML as well."""
    loaded = load_text(json.dumps(job, ensure_ascii=False), file="job.yaml", stem="job")
    return [problem.message for problem in loaded.problems if problem.severity == "error"]


def breaches(job: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in JUDGE.iter_errors(job)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(good_jobs())
def test_a_job_with_options_left_out_is_judged_alike(job: dict[str, Any]) -> None:
    agree(job)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


GOOD = [
    {"version": 1, "steps": [step] if next(iter(step)) in SOURCES else [{"id": "first", "fetch": "C"}, step]}
    for step in GOOD_STEPS
    if "sheets" not in json.dumps(step) and "params" not in json.dumps(step)
]


@pytest.mark.parametrize("job", GOOD, ids=lambda job: next(iter(job["steps"][-1])))
def test_every_option_of_every_step_is_good_for_both(job: dict[str, Any]) -> None:
    assert breaches(job) == []
    assert [message for message in faults(job) if not OF_VALUES.search(message)] == []


BAD: dict[str, Any] = {
    "no version": {"steps": [{"fetch": "C"}]},
    "another version": {"version": 2, "steps": [{"fetch": "C"}]},
    "no steps": {"version": 1},
    "steps empty": {"version": 1, "steps": []},
    "steps no list": {"version": 1, "steps": {"fetch": "C"}},
    "unknown key of the job": {"version": 1, "stepz": [], "steps": [{"fetch": "C"}]},
    "reserved key": {"version": 1, "vars": {}, "steps": [{"fetch": "C"}]},
    "no verb": {"version": 1, "steps": [{"id": "a"}]},
    "two verbs": {"version": 1, "steps": [{"fetch": "C", "load": "a.csv"}]},
    "unknown verb": {"version": 1, "steps": [{"fetsch": "C"}]},
    "for-each, which is not there yet": {"version": 1, "steps": [{"fetch": "C", "for-each": "x"}]},
    "an option beside its verb": {"version": 1, "steps": [{"fetch": "C", "select": ["A"]}]},
    "unknown option": {"version": 1, "steps": [{"fetch": {"entity": "C", "where": "x"}}]},
    "required option missing": {"version": 1, "steps": [{"fetch": {"select": ["A"]}}]},
    "option without a value": {"version": 1, "steps": [{"fetch": {"entity": "C", "filter": None}}]},
    "text for a list": {"version": 1, "steps": [{"fetch": {"entity": "C", "select": "A"}}]},
    "number for a text": {"version": 1, "steps": [{"fetch": {"entity": "C", "search": 5}}]},
    "text for a number": {"version": 1, "steps": [{"fetch": {"entity": "C", "limit": "many"}}]},
    "half a row": {"version": 1, "steps": [{"fetch": {"entity": "C", "limit": 1.5}}]},
    "no such choice": {
        "version": 1,
        "steps": [{"fetch": "C"}, {"save": {"file": "a.csv", "when-empty": "no"}}],
    },
    "a mapping from ${{ }}": {
        "version": 1,
        "steps": [{"fetch": {"entity": "C", "headers": "${{ config.a }}"}}],
    },
    "verb without options": {"version": 1, "steps": [{"fetch": "C"}, {"transform": None}]},
    "unknown option of a column": {
        "version": 1,
        "steps": [{"fetch": "C"}, {"transform": {"columns": {"A": {"value": "a", "width": 5}}}}],
    },
    "id with a space": {"version": 1, "steps": [{"id": "a b", "fetch": "C"}]},
    "id that is no text": {"version": 1, "steps": [{"id": True, "fetch": "C"}]},
    "name that is a number": {"version": 1, "name": 2024, "steps": [{"fetch": "C"}]},
    "from nothing": {"version": 1, "steps": [{"fetch": "C"}, {"filter": "a", "from": []}]},
    "no time": {"version": 1, "steps": [{"fetch": "C", "timeout": 0}]},
    "time without a unit we know": {"version": 1, "steps": [{"fetch": "C", "timeout": "2 weeks"}]},
    "disabled in words": {"version": 1, "steps": [{"fetch": "C", "disabled": "yes"}]},
    "on-error": {"version": 1, "steps": [{"fetch": "C", "on-error": "ignore"}]},
    "param with an unknown option": {"version": 1, "params": {"a": {"typ": "x"}}, "steps": [{"fetch": "C"}]},
    "param with an unknown type": {"version": 1, "params": {"a": {"type": "int"}}, "steps": [{"fetch": "C"}]},
    "param written as its default": {"version": 1, "params": {"a": "SE"}, "steps": [{"fetch": "C"}]},
    "param with a bad name": {"version": 1, "params": {"1a": {}}, "steps": [{"fetch": "C"}]},
    "no mapping at all": ["version", 1],
}


@pytest.mark.parametrize("job", BAD.values(), ids=BAD.keys())
def test_both_refuse(job: Any) -> None:
    assert faults(job)
    assert breaches(job)


FINE: dict[str, Any] = {
    "x- keys hold anything": {"version": 1, "x-a": None, "x-b": [{"c": 1}], "steps": [{"fetch": "C"}]},
    "params empty": {"version": 1, "params": None, "steps": [{"fetch": "C"}]},
    "param empty": {"version": 1, "params": {"a": None}, "steps": [{"fetch": "C"}]},
    "seconds": {"version": 1, "steps": [{"fetch": "C", "timeout": 90}]},
    "one id": {"version": 1, "steps": [{"id": "a", "fetch": "C"}, {"filter": "b", "from": "a"}]},
    "condition true": {"version": 1, "steps": [{"fetch": "C", "if": True}]},
    "number from a param": {
        "version": 1,
        "params": {"n": {"type": "integer"}},
        "steps": [{"fetch": {"entity": "C", "limit": "${{ params.n }}"}}],
    },
    "list from a param": {
        "version": 1,
        "params": {"fields": {"type": "list"}},
        "steps": [{"fetch": {"entity": "C", "select": "${{ params.fields }}"}}],
    },
}


@pytest.mark.parametrize("job", FINE.values(), ids=FINE.keys())
def test_both_take(job: Any) -> None:
    assert faults(job) == []
    assert breaches(job) == []


def test_what_json_cannot_tell_apart_is_left_to_the_binder() -> None:
    job = {"version": 1, "steps": [{"fetch": {"entity": "C", "limit": 1.0}}]}
    assert breaches(job) == [], "1.0 is an integer in JSON Schema"
    assert faults(job) == ["limit takes whole number, not the number 1.0"]


def test_it_is_a_schema_of_draft_2020_12_without_one_of() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"oneOf"' not in json.dumps(SCHEMA)


def test_every_property_has_a_description() -> None:
    lacking = [path for path, sub in properties(SCHEMA, "") if not described(sub)]
    assert lacking == []


def described(sub: Any) -> bool:
    if "$ref" in sub:
        sub = SCHEMA["$defs"][sub["$ref"].rpartition("/")[2]]
    return bool(sub.get("description"))


def properties(schema: Any, path: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if isinstance(schema, list):
        schema = dict(enumerate(schema))
    for key, sub in schema.items() if isinstance(schema, dict) else ():
        if key == "properties":
            found += [(f"{path}.{name}", each) for name, each in sub.items() if each is not False]
        found += properties(sub, f"{path}.{key}")
    return found


def test_completion_offers_every_verb_and_common_key_at_once() -> None:
    step = SCHEMA["$defs"]["step"]
    assert list(step["properties"]) == [*STEPS, *COMMON]
    assert tuple(COMMON_KEYS) == COMMON
    assert step["additionalProperties"] is False


@pytest.mark.parametrize("path", sorted(JOBS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_jobs_are_good_and_bind_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schemas/job-schema.json\n")
    assert breaches(YAML(typ="safe").load(text)) == []
    loaded = load_text(text, file=path.name, stem=path.stem)
    assert loaded.problems == []
    assert loaded.job is not None
    assert loaded.job.description
    for use in loaded.job.steps:
        if use.verb == "fetch":
            assert getattr(use.sample, "key", ()), f"{path.name}: {use.key} names no key"
            assert getattr(use.sample, "order_by", ()), f"{path.name}: {use.key} has no order-by"
    assert all(param.description for param in loaded.job.params.values())
