"""The two judges of a job document: the binder, and jsonschema with the job's schema."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from txojobs.job.load import load_text
from txojobs.job.schema import job_schema

SCHEMA = job_schema()
JUDGE = Draft202012Validator(SCHEMA)

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
    {
        "fetch": {
            "entity": "Customers",
            "expand": {
                "C": {"select": ["X"], "limit": 3, "expand": {"D": {"filter": "A eq 1", "expand": ["E"]}}}
            },
        }
    },
    {
        "fetch": {
            "url": "/v1/customers",
            "method": "POST",
            "body": {"a": [1, {"b": None}], "c": "${{ params.flag }}"},
            "records": "data",
            "optional": ["data"],
            "paging": {
                "kind": "cursor",
                "cursor": "meta.next",
                "as": "after",
                "in": "body",
                "size-as": "limit",
                "has-more": "more",
                "alone": True,
                "came": "length(data)",
            },
            "total": "meta.total",
            "page-size": 10,
            "query": {"a": "x", "b": 1, "c": True, "d": ["x", "y"], "e": "${{ params.number }}"},
        }
    },
    {"fetch": {"url": "/v1", "paging": "link-header", "total-header": "X-Total"}},
    {"fetch": {"url": "/v1", "paging": {"kind": "next-url", "next-header": "X-Next"}}},
    {"fetch": {"url": "/v1", "paging": {"kind": "next-url", "next": "links.next"}}},
    {"fetch": {"url": "/v1", "paging": {"kind": "cursor", "cursor-header": "X-Next", "as": "a"}}},
    {"fetch": {"url": "/v1", "paging": {"kind": "offset", "as": "a", "start": 1, "ends": "empty-page"}}},
    {"fetch": {"url": "/v1", "paging": {"kind": "page", "as": "a", "total-pages": "pages"}}},
    {"fetch": {"url": "/v1", "paging": {"kind": "page", "as": "a", "total-pages-header": "X-Pages"}}},
    {"load": {"file": "data/a.xlsx", "sheet": "One", "types": {"A": "decimal"}, "optional": ["A"]}},
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
SOURCES = ("fetch", "load")

# what depends on the values of a document, not on its shape: for the binder alone
OF_VALUES = re.compile(
    r"is no time zone|there is no step '|nobody reads what|is a source and reads no step"
    r"|takes .*, and \$\{\{ .* \}\} is |^default: |^enum: |must be at least 1"
    r"|^key names |transform does nothing|needs either value or const|types names |if looks at values"
    r"|is none of the fields|this save reads its sheets only|has nothing to read$|passes nothing on to"
    r"|^params has no '|cannot stand in the id of a step|has no extension|the expression is empty"
    r"|cannot be a? ?part of|cannot be written in|two steps write|^only .* ha(s|ve) "
    r"|is no number format|is no operator of OData|takes no query"
    r"|begins here and does not end|this [()] (is not closed|closes nothing)|is missing at the end"
    r"|is expected here, not"
    r"|is one character|does not belong into query|can look at|names no value|file name"
    r"|^paging|belongs to (url|entity), not to|needs paging: |sends .*, and query sets it"
    r"|takes total or total-header|^body needs method|^page-size of a url|what came cannot be counted|^the address "
    r"|\$\{\{"
)


def faults(job: Any) -> list[str]:
    """What the binder says of a document, written as JSON, which is YAML as well."""
    loaded = load_text(json.dumps(job, ensure_ascii=False), file="job.yaml", stem="job")
    return [problem.message for problem in loaded.problems if problem.severity == "error"]


def breaches(job: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in JUDGE.iter_errors(job)]
