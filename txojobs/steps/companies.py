"""Read an entity in several companies of Business Central, one after the other, each whole or not at all."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from txojobs.context import RunContext
from txojobs.errors import ApiError, ApiOperationError, CircuitOpenError, IncompleteReadError
from txojobs.records import Batch, JsonValue
from txojobs.rest.companies import Company, chosen, joined, read_companies
from txojobs.steps.odata_options import COMPANY_FIELDS
from txojobs.steps.reading import different, reader_of, request_of

if TYPE_CHECKING:
    from txojobs.rest.completeness import Proof
    from txojobs.rest.query import EntityQuery
    from txojobs.steps.fetch import Fetch


def read_in_companies(step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> Iterator[Batch]:
    """Yield the records of each company, with its name and id before their fields.

    With `on-company-error: continue` a company that cannot be read is left out, none of its records is passed on,
    and the run ends in part; for that each company goes to disk first.
    """
    found = read_companies(client, deadline=ctx.deadline())
    found = _all(found) if step.companies == "all" else chosen(found, step.companies or ())
    reading = _Reading(step, ctx, client, query)
    for company in found:
        if query.limit is not None and reading.rows >= query.limit:
            break
        yield from reading.gently(company) if step.on_company_error == "continue" else reading.of(company)
    reading.tell()


class _Reading:
    """What is read of each company, and what is known of it."""

    def __init__(self, step: "Fetch", ctx: RunContext, client: Any, query: "EntityQuery") -> None:
        self._step = step
        self._ctx = ctx
        self._client = client
        self._query = query
        self._states: list[JsonValue] = []
        self._proofs: list[Proof] = []
        self._failed: list[ApiError] = []
        self._empty_dates = 0
        self.rows = 0

    def of(self, company: Company) -> Iterator[Batch]:
        """Yield the records of one company.

        Raises:
            ApiError: it cannot be read; the message names it.
        """
        query = self._query
        left = None if query.limit is None else query.limit - self.rows
        own = replace(query, entity=f"{company.path}/{query.entity.lstrip('/')}", limit=left)
        if not self._states:
            self._ctx.note("request", request_of(self._step, self._ctx, self._client, own))
        reader = reader_of(self._step, self._ctx, self._client, own)
        rows = 0
        try:
            for page in different(self._counting_on(), reader, on_duplicate=self._step.on_duplicate):
                rows += len(page)
                _refuse_their_own(page)
                yield [{"_company": company.name, "_company_id": company.id, **record} for record in page]
        except ApiError as err:
            err.what_went_wrong += f" (company {company.name})"
            raise
        self.rows += rows
        self._empty_dates += reader.empty_dates
        self._proofs.append(reader.proof)
        self._states.append({**_named(company), "state": "read", "fetched": reader.proof.as_json()})

    def _counting_on(self) -> RunContext:
        """Return the context, in which the count of a company is told with what came of those before it."""
        before, tell = self.rows, self._ctx.progress
        return self._ctx._replace(progress=lambda count: tell(None if count is None else before + count))

    def gently(self, company: Company) -> Iterator[Batch]:
        """Yield the records of one company once all are there, none when it cannot be read.

        Where records changed while they were read, a second reading helps.
        """
        for is_last in (False, True):
            with closing(self._ctx.spool()) as spool:
                try:
                    for page in self.of(company):
                        spool.write(page)
                except ApiError as err:
                    if isinstance(err, CircuitOpenError) or time.monotonic() >= self._ctx.deadline():
                        raise  # it says nothing of this company, and the next ones would not even be asked
                    if isinstance(err, IncompleteReadError) and not is_last:
                        continue
                    self._leave_out(company, err)
                    return
                yield from spool.read()
                return

    def _leave_out(self, company: Company, err: ApiError) -> None:
        self._failed.append(err)
        self._states.append({**_named(company), "state": "failed", "problem": str(err)})
        self._ctx.lack(f"company {company.name} was left out, because it could not be read: {err}")

    def tell(self) -> None:
        """Put what is known into the report.

        Raises:
            ApiError: not one company could be read.
        """
        self._ctx.note("companies", self._states)
        if self._failed and not self._proofs:
            raise self._failed[-1]
        if self._proofs:
            self._ctx.note("fetched", joined(self._proofs, failed=len(self._failed)).as_json())
        if self._empty_dates:
            self._ctx.note("empty-dates", self._empty_dates)


def _refuse_their_own(page: Batch) -> None:
    """Refuse records that have fields of these names themselves: one of the two would be lost."""
    own = next((name for name in COMPANY_FIELDS if any(name in record for record in page)), None)
    if own is not None:
        raise ApiOperationError(
            f"the records have a field {own!r} of their own, which is where `companies` puts the company",
            how_to_fix="read one company at a time, named in entity: companies(guid${{ params.company }})/customers",
        )


def _named(company: Company) -> dict[str, JsonValue]:
    return {"name": company.name, "id": company.id}


def _all(companies: list[Company]) -> list[Company]:
    if not companies:
        raise ApiOperationError(
            "the service shows this user no company at all",
            how_to_fix="ask whoever runs it to give the application or user a permission set in each company",
        )
    return companies
