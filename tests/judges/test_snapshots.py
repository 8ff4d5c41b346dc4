"""What others' `$metadata` tells of their services is right: jobs made of it run, and what it refuses they refuse."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from tests.judges.reading import DATES, KEYS, Reader, Trade, differences
from txojobs.demo.model import ADDRESS
from txojobs.job.load import load_text
from txojobs.job.snapshots import Snapshots
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.reading import Rows, Service
    from txojobs.records import Record

every_service = pytest.mark.parametrize("service", ["odatapy", "cap_v4", "cap_v2"], indirect=True)


def described(root: Path, service: Service) -> Reader:
    """A place to read from, with the snapshot of the service as the command saves it."""
    reader = Reader(root, service)
    done = reader.work.command("metadata", "acme", "test", "--save")
    assert done.code == 0, done
    return reader


def exact(service: Service, trade: Trade, entity: str) -> Rows:
    """Return the records as they are: with numbers where the service writes text."""
    return [_exact(record, service) for record in trade.exact[entity]]


def _exact(record: Record, service: Service) -> Record:
    if "Words" not in service.rows:  # odatapy: structures and numbers
        return record
    found: Record = {}
    for name, value in record.items():
        if name == "Address":
            members = value if isinstance(value, dict) else {}
            found |= {f"{name}_{each}": members.get(each) for each in ADDRESS}
        elif service.odata == "v2" and name in DATES and value:
            found[name] = f"{value}T00:00:00"
        elif service.odata == "v2" and name == "CreatedAt":
            found[name] = str(value).replace("Z", "+00:00")
        else:
            found[name] = value
    return found


@every_service
@pytest.mark.parametrize("entity", KEYS)
def test_with_a_snapshot_numbers_are_numbers_and_the_key_is_the_services(
    tmp_path: Path, service: Service, trade: Trade, entity: str
) -> None:
    reader = described(tmp_path, service)
    report = reader.run(f"entity: {entity}")
    assert differences(reader.done(report), exact(service, trade, entity)) == []
    proof: Any = report.steps[0].notes["fetched"]
    assert (tuple(proof["key"]), proof["strength"]) == (KEYS[entity], "counted")
    assert report.warnings == []


@every_service
def test_new_writes_a_job_for_each_set_that_is_valid_and_runs(tmp_path: Path, service: Service) -> None:
    work = Reader(tmp_path, service).work
    for entity, key in KEYS.items():
        done = work.command("new", entity.lower(), "acme", "test", "--from", entity)
        assert done.code == 0, done
        assert f"key: [{', '.join(key)}]" in (work.root / "jobs" / f"{entity.lower()}.yaml").read_text()
    done = work.command("validate", "--strict")
    assert done.code == 0, done
    done = work.command("run", "salesorders", "acme", "test", "--json")
    assert done.code == 0, done
    assert json.loads(done.out)["steps"][-1]["records"] == len(service.rows["SalesOrders"])


# -- filters: what we say of them, and what the service says ----------------------------------------------------

GOOD = {
    "v4": [
        "Country eq 'SE' and BalanceDue gt 0",
        "not (Blocked eq true) or DisplayName eq null",
        "startswith(DisplayName,'A') and contains(tolower(DisplayName),'b')",
        "FoundedOn ge 2001-01-01 and CreatedAt lt 2030-01-01T00:00:00Z",
        "LastEntryNo gt 9007199254740990",
        "year(FoundedOn) eq 2001 and CreditLimit ne null",
    ],
    "v2": [
        "Country eq 'SE' and BalanceDue gt 0.5M",
        "not (Blocked eq true) or DisplayName eq null",
        "startswith(DisplayName,'A') and substringof('b',tolower(DisplayName))",
        "FoundedOn ge datetime'2001-01-01T00:00:00' and CreditLimit ne null",
        "LastEntryNo gt 9007199254740990L",
    ],
}
BAD = [
    ("Contry eq 'SE'", "did you mean 'Country'?"),
    ("Country eq 'SE", "end it with '"),
    ("(Country eq 'SE'", "add a )"),
    ("Country eq 'SE' and", None),
    ("strtswith(Country,'S')", "did you mean 'startswith'?"),
]


@every_service
def test_filters_that_are_no_fault_for_us_are_read_by_the_service(tmp_path: Path, service: Service) -> None:
    reader = described(tmp_path, service)
    for text in GOOD[service.odata]:
        assert faults(reader, text) == []
        reader.read(f'entity: Customers, limit: 1, filter: "{text}"')


@every_service
@pytest.mark.parametrize(("text", "fix"), BAD)
def test_filters_that_the_service_refuses_are_faults_with_their_place(
    tmp_path: Path, service: Service, text: str, fix: str | None
) -> None:
    address = f"{service.base_url}/Customers?$filter={quote(text)}&$top=1"
    assert requests.get(address, timeout=60).status_code >= HTTPStatus.BAD_REQUEST
    ((line, told),) = faults(described(tmp_path, service), text)
    assert line == 5
    assert fix is None or fix in (told or "")


@every_service
def test_a_param_of_the_right_type_is_no_fault_and_is_read(tmp_path: Path, service: Service) -> None:
    reader = described(tmp_path, service)
    condition = "BalanceDue ge ${{ params.least }} and FoundedOn ge ${{ params.since }}"
    options = f'entity: Customers, select: [CustomerNo], filter: "{condition}"'
    assert reader.read(options, least=Decimal("0.5"), since=date(2001, 1, 1))


def faults(reader: Reader, text: str) -> list[tuple[int, str | None]]:
    """Return line and advice of each problem of a job with this filter."""
    quoted = text.replace("'", "''")
    job = (
        f"version: 1\nsteps:\n  - fetch:\n      entity: Customers\n      filter: '{quoted}'\n      limit: 1\n"
    )
    snapshots = Snapshots(Workspace(reader.work.root))
    loaded = load_text(job + "  - save: a.csv\n", file="f", stem="f", snapshots=snapshots)
    return [(problem.where.line if problem.where else 0, problem.fix) for problem in loaded.problems]
