"""The client of one api: each call is one complete, parsed answer or one exact ApiError.

Limiter, breaker, retries, token and deadlines are built in. Any number of threads may share a client.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from txojobs.errors import ApiError, ValidationError
from txojobs.exact_json import encode_given
from txojobs.interrupts import interrupts
from txojobs.redact import Redactor
from txojobs.rest.auth import credential_for
from txojobs.rest.content import read_any
from txojobs.rest.entities import read_entities
from txojobs.rest.exchange import Exchange
from txojobs.rest.idempotency import with_key
from txojobs.rest.operations import Poller
from txojobs.rest.origin import OriginGuard
from txojobs.rest.proxies import learn_passwords
from txojobs.rest.reconcile import carried_out, is_conditional
from txojobs.rest.timing import Limits, Timing
from txojobs.rest.transport import Request
from txojobs.rest.urls import below, with_query

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from txojobs.records import Record
    from txojobs.rest.answers import Answer
    from txojobs.rest.content import Numbers
    from txojobs.rest.gate import TrafficSnapshot
    from txojobs.rest.outages import Outages
    from txojobs.rest.settings import ApiSettings

T = TypeVar("T")


class TxoRestAPI:
    """A client for the api that `settings` describe.

    `deadline` arguments are moments on the monotonic clock; `cancel` stops every wait. `numbers` decides what
    `get` and its kin make of fractions: float as in the guide's scripts, or exact Decimal. Clients that are given
    the same `outages` leave an origin alone together.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        redactor: Redactor | None = None,
        cancel: threading.Event | None = None,
        numbers: Numbers = "float",
        timing: Timing | None = None,
        outages: Outages | None = None,
    ) -> None:
        self.settings = settings
        self._timing = timing or Timing()
        self._cancels = () if cancel is None else (cancel,)
        self._numbers: Numbers = numbers
        known = redactor or Redactor()
        learn_passwords(known)
        credential = credential_for(settings, self._timing, known)
        guard = OriginGuard(settings.base_url, settings.trusted_origins)
        self._exchange = Exchange(
            settings, guard, self._timing, redactor=known, credential=credential, outages=outages
        )
        self._poller = Poller(self._exchange, settings, self._timing, redactor=known)

    def fetch(
        self,
        method: str,
        url: str,
        *,
        parse: Callable[[Answer], T],
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        idempotent: bool = False,
        repeatable: bool = False,
        deadline: float | None = None,
        cancel: threading.Event | None = None,
    ) -> T:
        """Return what `parse` makes of the answer; a AttemptError that it raises may be tried again.

        A relative `url` stands below the base address. A long operation (202) is followed to its final answer.
        `repeatable` declares that the request only asks, whatever its method, so that it is tried again as a GET is.
        """
        made = self._request(method, url, params, headers, json, idempotent=idempotent)
        request = replace(made, repeatable=repeatable)
        return self._poller.run(request, parse=parse, limits=self._limits(deadline, cancel))

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        idempotent: bool = False,
        deadline: float | None = None,
    ) -> Answer:
        """Return the complete answer, of a long operation (202) the final one; its body is not parsed."""
        request = self._request(method, url, params, headers, json, idempotent=idempotent)
        return self._run(request, _as_it_is, self._limits(deadline))

    def resume(self, operation_url: str, *, deadline: float | None = None) -> Any:
        """Wait for the end of a long operation that an earlier call began; return the parsed body.

        `operation_url` is that of the error with which the earlier call ended.
        """
        limits = self._limits(deadline)
        return self._poller.resume(
            below(self.settings.base_url, operation_url), parse=self._read, limits=limits
        )

    def get(self, url: str, params: Mapping[str, object] | None = None, **options: Any) -> Any:
        """Return the parsed body of a GET: JSON, text, bytes, or None for 204.

        Raises:
            ApiError: the narrowest class for what went wrong, after all attempts.
        """
        return self._parsed("GET", url, params=params, **options)

    def post(self, url: str, data: Any = None, **options: Any) -> Any:
        """Send `data` as JSON; return the parsed body, None when it is empty.

        Sent again only when the service cannot have acted on it, unless `idempotent=True` declares that it does
        no harm to carry it out twice, or that the service recognises what it has seen: then it is tried again as
        a GET is, and all attempts carry one header `Idempotency-Key`, the caller's or a new one for this call.

        Raises as `get`; `outcome_unknown` of the error tells whether the service may have acted, in any attempt.
        """
        return self._parsed("POST", url, data=data, **options)

    def put(self, url: str, data: Any = None, **options: Any) -> Any:
        """Replace what stands at `url`; see `post`."""
        return self._parsed("PUT", url, data=data, **options)

    def patch(self, url: str, data: Any = None, **options: Any) -> Any:
        """Change what stands at `url`; see `post`."""
        return self._parsed("PATCH", url, data=data, **options)

    def delete(self, url: str, **options: Any) -> Any:
        """Delete what stands at `url`; see `post`."""
        return self._parsed("DELETE", url, **options)

    def get_odata_entities(
        self,
        base_url: str | None = None,
        entity_name: str = "",
        *,
        odata_filter: str | None = None,
        select_fields: Sequence[str] = (),
        page_size: int | None = None,
    ) -> list[Record]:
        """Return every record of an entity set: all pages, or an error, never a part.

        Holds all records. `base_url` defaults to the configured one and must be of the same origin.
        """
        return read_entities(
            self,
            base_url or self.settings.base_url,
            entity_name,
            odata_filter=odata_filter,
            select_fields=select_fields,
            page_size=page_size,
            numbers=self._numbers,
        )

    def get_odata_entities_filtered(
        self,
        base_url: str | None = None,
        entity_name: str = "",
        *,
        filter_conditions: Mapping[str, object],
        select_fields: Sequence[str] = (),
        page_size: int | None = None,
    ) -> list[Record]:
        """Return every record that meets all conditions, written as in `build_odata_filter`."""
        from txojobs.rest.conditions import build_odata_filter  # noqa: PLC0415  # few calls filter like this

        return self.get_odata_entities(
            base_url,
            entity_name,
            odata_filter=build_odata_filter(filter_conditions, dialect=self.settings.odata),
            select_fields=select_fields,
            page_size=page_size,
        )

    @property
    def traffic(self) -> tuple[TrafficSnapshot, ...]:
        """What was asked so far, for each origin; also where tokens come from."""
        return self._exchange.traffic

    def close(self) -> None:
        """Close all connections; the client must not be used any more."""
        self._exchange.close()

    def _parsed(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        json: Any = None,
        idempotent: bool = False,
        deadline: float | None = None,
    ) -> Any:
        body = data if json is None else json
        request = self._request(method, url, params, headers, body, idempotent=idempotent)
        return self._run(request, self._read, self._limits(deadline))

    def _run(self, request: Request, parse: Callable[[Answer], T], limits: Limits) -> T:
        """Return what `parse` makes of the final answer; a change whose answer was lost is looked up."""
        try:
            return self._poller.run(request, parse=parse, limits=limits)
        except ApiError as refusal:
            answer = carried_out(request, refusal, self._exchange, limits)
            if answer is None:
                raise
        return parse(answer)

    def _read(self, answer: Answer) -> Any:
        return read_any(answer, numbers=self._numbers)

    def _request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
        json: Any,
        *,
        idempotent: bool,
    ) -> Request:
        address = with_query(below(self.settings.base_url, url), params or {})
        given: Mapping[Any, Any] = headers or {}  # scripts are not type-checked
        for name, value in given.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise ValidationError(f"the header {name} must be text, not {type(value).__name__}")
        sent = dict(given)
        body = None
        if json is not None:
            body = encode_given(json)
            sent.setdefault("Content-Type", "application/json")
        conditional = is_conditional(method, sent)
        request = Request(method.upper(), address, sent, body, idempotent=idempotent, conditional=conditional)
        return with_key(request) if idempotent else request

    def _limits(self, deadline: float | None, cancel: threading.Event | None = None) -> Limits:
        own = () if cancel is None else (cancel,)
        return Limits(deadline, (*self._cancels, *own, *interrupts()))


def _as_it_is(answer: Answer) -> Answer:
    return answer
