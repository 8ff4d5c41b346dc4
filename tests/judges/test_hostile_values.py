"""A value that a param brings into a filter or a key finds exactly its own row, whatever it is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as some

from tests.judges.hostile import FRAGMENTS, WORDS
from tests.judges.reading import Reader
from txojobs.demo import awkward

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Rows, Service

FILTERED = {"odatapy": ("Items", "ItemNo"), "cap_v4": ("Words", "Text"), "cap_v2": ("Words", "Text")}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

words = some.sampled_from(WORDS + tuple(number for number, *_ in awkward.ITEMS))
values = words | some.lists(some.sampled_from(FRAGMENTS), max_size=8).map("".join) | some.text(max_size=20)

# a reader writes its job anew for each value
repeated = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def reader(service: Service, tmp_path: Path) -> Reader:
    return Reader(tmp_path, service)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> tuple[str, str]:
    return FILTERED[request.node.callspec.params["service"]]


def texts(rows: Rows, field: str) -> list[Any]:
    return [row[field] for row in rows]


@pytest.mark.parametrize("service", ["odatapy", "cap_v4", "cap_v2"], indirect=True)
@repeated
@given(value=values)
@example(value="' or 1 eq 1 or Text eq '")
@example(value="x&$filter=1 eq 1")
def test_a_value_in_a_filter(service: Service, reader: Reader, target: tuple[str, str], value: str) -> None:
    # the SQLite service of CAP takes text that looks like a moment for one, and does not find it
    assume(not MOMENT.search(value))
    assume(service.odata == "v4" or not value.startswith("/Date("))  # as below
    entity, field = target
    found = reader.read(f"entity: {entity}, filter: '{field} eq ${{{{ params.value }}}}'", value=value)
    assert texts(found, field) == [each for each in texts(service.rows[entity], field) if each == value]


@pytest.mark.parametrize("service", ["cap_v4", "cap_v2"], indirect=True)
@repeated
@given(value=some.sampled_from(WORDS))
@example(value="a/b")
@example(value="a?b=c")
def test_a_value_in_a_key(service: Service, reader: Reader, value: str) -> None:
    # CAP takes the quotes of JSON for its own when a key is nothing but a text in them
    assume(not re.fullmatch(r'".*"', value))
    # in V2 a text that looks like a date cannot be told from one without the service's metadata
    assume(service.odata == "v4" or not value.startswith("/Date("))
    found = reader.read("entity: 'Words(${{ params.value }})/Same'", value=value)
    assert texts(found, "Text") == [value]


@pytest.mark.parametrize("service", ["cap_v4"], indirect=True)
def test_all_of_them_in_one_list(service: Service, reader: Reader) -> None:
    found = reader.read(
        "entity: Words, filter: 'Text in ${{ params.words }}', key: [Text]", words=list(WORDS)
    )
    assert sorted(texts(found, "Text")) == sorted(WORDS)
    assert len(found) == len(service.rows["Words"])
