"""Reading a REST collection in a test: the options of a fetch as YAML has them in, rows and reader out."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from txojobs.errors import InvalidJobError
from txojobs.job.bind import bind_step
from txojobs.job.load import load_text
from txojobs.job.scope import Scope, run_facts
from txojobs.rest.collection_reader import CollectionReader
from txojobs.steps.fetch import Fetch

if TYPE_CHECKING:
    from tests.rest.fault_server import FaultServer, Received
    from txojobs.rest.client import TxoRestAPI

NOW = datetime(2026, 1, 15, tzinfo=timezone.utc)


def fetch_of(options: dict[str, Any], **params: object) -> Fetch:
    """Return the step that a job with these options and params has."""
    job = {
        "version": 1,
        "params": {name: {"type": _type(value)} for name, value in params.items()},
        "steps": [{"fetch": options}],
    }
    loaded = load_text(json.dumps(job, default=str, ensure_ascii=False), file="job.yaml", stem="job")
    if loaded.job is None:
        raise InvalidJobError("invalid", loaded.problems)
    scope = Scope(params=params, config={}, run=run_facts("id", NOW), counts={})
    step = bind_step(loaded.job.steps[0], scope)
    assert isinstance(step, Fetch)
    return step


def _type(value: object) -> str:
    kinds: dict[type, str] = {bool: "boolean", int: "integer", str: "string", list: "list"}
    return kinds.get(type(value), "number")


def reader_of(client: TxoRestAPI, options: dict[str, Any], **params: object) -> CollectionReader:
    step = fetch_of({"url": "/v1/items", **options}, **params)
    return CollectionReader(client, step.request(), complete=step.complete, on_duplicate=step.on_duplicate)


def read(
    client: TxoRestAPI, options: dict[str, Any], **params: object
) -> tuple[list[dict[str, Any]], CollectionReader]:
    reader = reader_of(client, options, **params)
    return [row for rows in reader.pages() for row in rows], reader


def items(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": number} for number in range(first, last + 1)]


def ids(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["id"] for row in rows]


def asked(server: FaultServer) -> list[dict[str, str]]:
    """Return the query of each request."""
    return [query_of(request) for request in server.requests]


def query_of(request: Received) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.target).query, keep_blank_values=True))
