"""Job documents that both judges take or refuse, one by one, and what the schema is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.job.judging import GOOD_STEPS, OF_VALUES, SCHEMA, SOURCES, breaches, faults
from txojobs.job.load import load_text
from txojobs.job.schema import COMMON_KEYS
from txojobs.job.steps import COMMON
from txojobs.steps.catalogue import STEPS

JOBS = Path(__file__).parents[2] / "jobs"

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
    "a mapping from a param": {
        "version": 1,
        "params": {"x": {"default": "SE"}},
        "steps": [{"fetch": {"entity": "C", "headers": "${{ params.x }}"}}],
    },
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
    "a value in a description": {"version": 1, "description": "${{ run.today }}", "steps": [{"fetch": "C"}]},
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
    assert faults(job) == ["limit takes a whole number, not the number 1.0"]


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


def test_a_source_that_names_a_step_is_told_so() -> None:
    job = {"version": 1, "steps": [{"fetch": "C", "from": "nothing"}]}
    assert faults(job) == ["this fetch is a source and reads no step"]
