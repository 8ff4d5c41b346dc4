"""The JSON Schema of a job, for editors: completion, descriptions on hover, and a squiggle under what is wrong.

It is assembled from the catalogue and the fields of the steps, so it cannot say anything else than the binder does.
No `oneOf`: the verb is the key, so an editor knows at once which step is being written and completes its options. All
verbs and common keys are properties of one object; that a step has exactly one verb is said beside them. What depends
on values (the expression parses, the step that is named exists) is for `txojobs validate`.

Source: JSON Schema draft 2020-12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from txojobs.job.param_specs import OPTIONS
from txojobs.job.params import TYPES
from txojobs.job.steps import COMMON
from txojobs.steps.catalogue import STEPS, step_class
from txojobs.steps.spec import group_schema, groups_in, nests, options_of, step_schema

if TYPE_CHECKING:
    from txojobs.steps.base import Step

FILE = "schemas/job-schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT = {"type": "string"}
_FIXED = {"type": "string", "not": {"pattern": r"\$\{\{"}}
"""A text that is read before any value is known."""
_FLAG = {"type": "boolean"}
_DURATION = r"^(?=.*[1-9])[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)?$"
_ID = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"

COMMON_KEYS: dict[str, dict[str, Any]] = {
    "id": {
        "type": "string",
        "pattern": _ID,
        "description": "A name for the step, so that others can read it. Example: customers",
    },
    "from": {
        "anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}],
        "description": "The id of the step to read instead of the one above; several are read one after the other. "
        "Example: [customers, leads]",
    },
    "api": {
        **_TEXT,
        "description": "The service to ask, as named in the apis section of the configuration. Example: helpdesk",
    },
    "if": {
        "anyOf": [_FLAG, _TEXT],
        "description": "Take the step only when this is true; it looks at values in ${{ }}. "
        "Example: ${{ params.min-balance }} > 0",
    },
    "timeout": {
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": _DURATION}],
        "description": "How long the step may take from its first record on: seconds, or a number with ms, s, m, h "
        "or d. Example: 10m",
    },
    "on-error": {
        "enum": ["fail", "continue"],
        "default": "fail",
        "description": "With continue the run goes on without this step and all that reads it, and ends with 3.",
    },
    "rejects": {
        **_TEXT,
        "description": "Put records that this step cannot work on into this file instead of failing. "
        "Example: rejected.csv",
    },
    "description": {**_FIXED, "description": "What the step is for."},
    "disabled": {**_FLAG, "default": False, "description": "Leave the step out."},
}
"""What may stand beside the verb of every step, as JSON Schema with its description."""

_PARAM: dict[str, dict[str, Any]] = {
    "type": {
        "enum": list(TYPES),
        "default": "string",
        "description": "What the value must be. A list is given as texts with commas between them.",
    },
    "default": {
        "type": ["string", "number", "boolean", "array", "null"],
        "description": "The value when none is given. Example: ${{ run.month-start }}",
    },
    "required": {
        **_FLAG,
        "description": "Whether a value must be given; true when there is no default.",
    },
    "enum": {
        "type": "array",
        "items": {"type": ["string", "number", "boolean", "null"]},
        "description": "The only values there are. Example: [SE, NO, DK]",
    },
    "env": {**_FIXED, "description": "The variable that gives the value. Example: EXPORT_COUNTRY"},
    "description": {**_FIXED, "description": "What the value means, for `txojobs run JOB --help`."},
}


def job_schema() -> dict[str, Any]:
    """Return the schema; the same at each call, third parties' steps left out."""
    assert tuple(COMMON_KEYS) == COMMON  # noqa: S101  # the two lists are one
    assert tuple(_PARAM) == OPTIONS  # noqa: S101
    return {
        "$schema": DIALECT,
        "title": "A txojobs job",
        "description": "A list of steps that read, reshape and save records. See docs/steps.md.",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "steps"],
        "properties": _top_level(),
        "patternProperties": {"^x-": {"description": "Ignored: a home for YAML anchors."}},
        "$defs": {
            "param": _param(),
            "step": _step(),
            **{verb: _options(verb) for verb in STEPS},
            **_nested(),
        },
    }


def _top_level() -> dict[str, Any]:
    return {
        "version": {"const": 1, "description": "The version of the job format: 1."},
        "name": {
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            "description": "The job's name in logs and locks; the file's name without extension when left out.",
        },
        "description": {**_FIXED, "description": "What the job is for, in a sentence."},
        "params": {
            "type": ["object", "null"],
            "description": "Values that are given when the job is run: -p country=NO.",
            "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"},
            "additionalProperties": {"$ref": "#/$defs/param"},
        },
        "api": {
            **_FIXED,
            "description": "The service that the steps ask, as named in the apis section of the configuration.",
        },
        "timezone": {
            **_FIXED,
            "default": "UTC",
            "description": "The time zone of ${{ run.today }} and its kin. Example: Europe/Stockholm",
        },
        "steps": {
            "type": "array",
            "minItems": 1,
            "description": "What is done, from top to bottom; each step reads the one above.",
            "items": {"$ref": "#/$defs/step"},
        },
    }


def _param() -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "One value that is given when the job is run; required when it says nothing more.",
        "additionalProperties": False,
        "properties": _PARAM,
    }


def _step() -> dict[str, Any]:
    verbs = list(STEPS)
    return {
        "type": "object",
        "description": f"One step: a verb with its options. The verbs are {', '.join(verbs)}.",
        "additionalProperties": False,
        "properties": {**{verb: {"$ref": f"#/$defs/{verb}"} for verb in verbs}, **COMMON_KEYS},
        "anyOf": [{"required": [verb]} for verb in verbs],
        "dependentSchemas": {
            verb: {"properties": {other: False for other in verbs if other != verb}} for verb in verbs
        },
    }


def _options(verb: str) -> dict[str, Any]:
    return step_schema(_class_of(verb))


def _nested() -> dict[str, Any]:
    """Return the groups of options that may stand inside of themselves, by name."""
    hints = [option.hint for verb in STEPS for option in options_of(_class_of(verb))]
    groups = {group for hint in hints for group in groups_in(hint) if nests(group)}
    return {group.__name__: group_schema(group) for group in sorted(groups, key=lambda each: each.__name__)}


def _class_of(verb: str) -> type[Step]:
    cls = step_class(verb)
    assert cls is not None  # noqa: S101  # the catalogue's own verbs are there
    return cls
