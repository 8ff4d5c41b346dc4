"""What other people's services refuse is told in their own words, with the step it concerns, and no file is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judges.reading import Reader
from txojobs.errors import ApiError, EntityNotFoundError, StepError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Service

every_service = pytest.mark.parametrize("service", ["odatapy", "cap_v4", "cap_v2"], indirect=True)


def refused(reader: Reader, fetch: str) -> ApiError | StepError:
    report = reader.run(fetch)
    assert report.outcome == "failed"
    assert reader.work.outputs() == {}
    assert isinstance(report.error, ApiError | StepError)
    assert str(report.error.where) == "jobs/job.yaml:4:5"
    return report.error


@every_service
def test_an_unknown_entity_set_gets_a_did_you_mean(tmp_path: Path, service: Service) -> None:
    error = refused(Reader(tmp_path, service), "entity: Custmers, key: [CustomerNo]")
    assert isinstance(error, EntityNotFoundError)
    assert str(error.how_to_fix).startswith("did you mean 'Customers'? The service has Customers, ")


@every_service
@pytest.mark.parametrize(
    "options",
    ["filter: Nope eq 1", "order-by: [Nope]", "expand: [Nope]"],
)
def test_an_unknown_field_is_named(tmp_path: Path, service: Service, options: str) -> None:
    error = refused(Reader(tmp_path, service), f"entity: Customers, {options}")
    assert "Nope" in str(error)


@every_service
def test_a_selected_field_that_is_unknown_is_named(tmp_path: Path, service: Service) -> None:
    """The CAP adapter for V2 leaves the name out without a word; then the rows tell what is missing."""
    error = refused(Reader(tmp_path, service), "entity: Items, select: [ItemNo, UnitPrise], key: [ItemNo]")
    assert "UnitPrise" in str(error)


@pytest.mark.parametrize("service", ["cap_v2"], indirect=True)
def test_a_selected_field_that_is_nearly_one_gets_a_did_you_mean(tmp_path: Path, service: Service) -> None:
    """Where it knows no name of a select, the adapter sends all fields."""
    error = refused(Reader(tmp_path, service), "entity: Items, select: [UnitPrise]")
    assert error.how_to_fix == "did you mean 'UnitPrice'?"


@every_service
def test_a_filter_that_is_none_is_refused(tmp_path: Path, service: Service) -> None:
    error = refused(Reader(tmp_path, service), "entity: Customers, filter: Country zz 'SE'")
    assert "400 Bad Request" in str(error)


@every_service
def test_a_function_that_the_service_lacks_is_named(tmp_path: Path, service: Service) -> None:
    error = refused(Reader(tmp_path, service), "entity: Customers, filter: nosuch(Country) eq 'SE'")
    assert "nosuch" in str(error)


@pytest.mark.parametrize("service", ["cap_v4"], indirect=True)
def test_the_screen_says_it_once(tmp_path: Path, service: Service) -> None:
    reader = Reader(tmp_path, service)
    reader.work.steps("  - fetch: {entity: Customers, filter: Country zz 'SE'}\n  - save: rows.csv\n")
    done = reader.work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert done.err.count("Parsing URL failed at position 42") == 1
    assert "jobs/job.yaml:3:5" in done.err
