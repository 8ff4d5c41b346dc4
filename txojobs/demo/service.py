"""The OData V4 service as a WSGI application: odatapy parses, filters, sorts, pages and answers.

What is added to the library's in-memory processor keeps its results and saves its time; each addition falls
back to the library's own way where it does not apply:

* page sizes per entity set (OData 4.01 Protocol, section 11.2.6.7, server-driven paging);
* the rows that a query matched are kept while its pages are fetched;
* plain rows are written from their records, not property by property.

Nothing can be changed through it: the data are the same in every run.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec
from odatapy.edm.json_value import JsonNumber
from odatapy.http.method import HttpMethod
from odatapy.server import OData, ODataHandler
from odatapy.server.adapters.wsgi import ODataWSGIApp
from odatapy.server.inmemory import InMemoryProcessor
from odatapy.server.serializer.json_serializer import ODataJsonSerializer
from odatapy.server.uri.resource import UriResourceEntitySet

from txojobs.demo.entities import RecordEntity, TradeStore
from txojobs.demo.model import ENTITY_SETS, TradeModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from odatapy.data import Entity
    from odatapy.server.request import ODataRequest, ODataResponse
    from odatapy.server.uri.resource import UriInfo

_READS = (HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS)
_PAGE_SIZES = {entity_set.name: entity_set.page_size for entity_set in ENTITY_SETS}
_KEPT_QUERIES = 16


def _raw_number(value: Any) -> msgspec.Raw:
    if isinstance(value, JsonNumber):
        return msgspec.Raw(value.encode("ascii"))
    raise TypeError(f"{type(value).__name__} is no JSON value")


_encoder = msgspec.json.Encoder(enc_hook=_raw_number, decimal_format="number")


class TradeSerializer(ODataJsonSerializer):
    """The library's JSON writer; the time per page grows with its rows, not with their square."""

    def _dumps(self, obj: Any) -> str:
        return _encoder.encode(obj).decode("utf-8")

    def _entity_dict(
        self, edm: Any, entity_type: Any, entity: Entity, options: Any, ctrl: Any, *, top_level: bool
    ) -> dict[str, Any]:
        select = options.select or ()
        names = set(select)
        if (
            not isinstance(entity, RecordEntity)
            or not entity.is_plain
            or self._full
            or top_level
            or self.ieee754_compatible
            or self._omit(options)
            or not names <= entity.record.keys()
        ):
            return super()._entity_dict(edm, entity_type, entity, options, ctrl, top_level=top_level)
        row: dict[str, Any] = entity.record
        if names:
            names.update(entity.entity_set.key)
            row = {name: value for name, value in row.items() if name in names}
        if options.expand:
            row = dict(row)
            self._write_navigation(edm, row, entity_type, entity, options, ctrl)
        return row


class TradeProcessor(InMemoryProcessor):
    """The library's processor over the trade data."""

    def __init__(self, store: TradeStore) -> None:
        super().__init__(store)
        self._trade = store
        self._kept: OrderedDict[str, list[Entity]] = OrderedDict()

    def read_entity_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: Any
    ) -> None:
        """Answer with one page of the set's own size, or less when the client prefers less."""
        first = uri_info.resource_parts[0] if uri_info.resource_parts else None
        with self.lock:
            name = first.entity_set.name if isinstance(first, UriResourceEntitySet) else ""
            self.page_size = _PAGE_SIZES.get(name)
            self._trade.forget_expansions()
            super().read_entity_collection(request, response, uri_info, ct)

    def count_entity_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo
    ) -> None:
        """Answer with the number of rows."""
        with self.lock:
            self._trade.forget_expansions()
            super().count_entity_collection(request, response, uri_info)

    def _filter_sort(self, entities: list[Entity], uri_info: UriInfo, **how: Any) -> list[Entity]:
        query = _query(uri_info)
        if query is not None and uri_info.skiptoken and query in self._kept:
            self._kept.move_to_end(query)
            return self._kept[query]
        found: list[Entity] = super()._filter_sort(entities, uri_info, **how)
        if query is not None and how.get("sort", True):
            self._kept[query] = found
            while len(self._kept) > _KEPT_QUERIES:
                self._kept.popitem(last=False)
        return found

    def _page_offset(self, skiptoken: str | None, entities: list[Entity], entity_set: Any) -> int:
        # the token is `<offset>!<key>`: look where it says before looking everywhere
        offset, _, key = (skiptoken or "").partition("!")
        if offset.isdigit() and key and 0 < int(offset) <= len(entities):
            last = entities[int(offset) - 1]
            if self._key_of(entity_set, last) == key:
                return int(offset)
        return super()._page_offset(skiptoken, entities, entity_set)

    def _serializer(self, ct: Any, request: ODataRequest) -> Any:
        serializer = super()._serializer(ct, request)
        if type(serializer) is not ODataJsonSerializer:  # XML, Atom
            return serializer
        fast = TradeSerializer()
        vars(fast).update(vars(serializer))
        return fast


def _query(uri_info: UriInfo) -> str | None:
    """What decides about the rows of a plain query on a whole entity set; None for any other request."""
    parts = uri_info.resource_parts
    if len(parts) != 1 or not isinstance(parts[0], UriResourceEntitySet) or parts[0].key_predicates:
        return None
    if uri_info.apply or uri_info.compute or getattr(parts[0], "type_filter", None):
        return None
    options = (uri_info.filter, uri_info.orderby)
    search = uri_info.search.text if uri_info.search else None
    return repr((parts[0].entity_set.name, [each and each.raw for each in options], search, uri_info.aliases))


class TradeHandler(ODataHandler):
    """The library's request handler, for reading only."""

    def process(self, request: ODataRequest) -> ODataResponse:
        """Answer one request; 405 for a method that would change something."""
        if request.method not in _READS:
            response = self.error_response(405, "The demo service can only be read.", request)
            response.set_header("Allow", ", ".join(_READS))
            return response
        return super().process(request)


class TradeApp(ODataWSGIApp):
    """The library's WSGI application, for keys whose quotes are escaped as well."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request; `REQUEST_URI` holds its path as it was sent."""
        # the library looks for literals before it decodes; both spellings are one (OData ABNF, rule SQUOTE)
        path, mark, query = environ.get("REQUEST_URI", "").partition("?")
        environ["REQUEST_URI"] = path.replace("%27", "'") + mark + query
        return super().__call__(environ, start_response)


def create_app() -> ODataWSGIApp:
    """Return the service; no entity set is built yet."""
    odata = OData.new_instance()
    handler = TradeHandler(odata, odata.create_service_metadata(TradeModel()))
    handler.register(TradeProcessor(TradeStore()))
    return TradeApp(handler)
