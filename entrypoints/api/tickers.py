"""`/tickers`: search, validation and look-up. No token is needed."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from domain.errors import NotFound, TickersUnavailable, ValidationFailed
from entrypoints.api.bodies import parse_body, read_query
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType
from entrypoints.api.openapi_components import body, may_fail
from entrypoints.api.representations import listing_json, respond, ticker_json, ticker_validation_json
from entrypoints.api.schemas import (
    ListedTickerSchema,
    SearchQuery,
    SearchSchema,
    SymbolListSchema,
    SymbolQuery,
    TickerValidationSchema,
    TickerValidationsSchema,
)
from entrypoints.application import current_application

blueprint = Blueprint("tickers", __name__, url_prefix="/api/v2/tickers", description="Ticker symbols")

_SYMBOL_IN_PATH = {"in": "path", "name": "symbol", "schema": {"type": "string", "example": "BRK.B"}}
_SEARCH, _SYMBOL, _SYMBOLS = SearchQuery(), SymbolQuery(), SymbolListSchema()


@blueprint.route("/search", methods=["GET"])
@blueprint.doc(operationId="searchTickers", parameters=[{"in": "query", "schema": SearchQuery}])
@blueprint.response(200, SearchSchema)
@may_fail(blueprint, ValidationFailed)
def search() -> Response:
    """Search tickers.

    The exact symbol first, then likely intentions: aliases such as `google`, symbols and names that begin with the
    query, the larger company first. Spacing is ignored; one typing error is forgiven where nothing else matches.
    """
    query = read_query(_SEARCH)
    return respond(
        {"results": [ticker_json(found) for found in current_application().tickers.search(query["q"], query["limit"])]}
    )


@blueprint.route("/validate", methods=["GET"])
@blueprint.doc(operationId="validateTicker", parameters=[{"in": "query", "schema": SymbolQuery}])
@blueprint.response(200, TickerValidationSchema)
@may_fail(blueprint, ValidationFailed, TickersUnavailable)
def validate() -> Response:
    """Validate a symbol.

    Whether it is traded, delisted or unknown.
    """
    return respond(ticker_validation_json(current_application().tickers.validate([read_query(_SYMBOL)["symbol"]])[0]))


@blueprint.route("/validate", methods=["POST"])
@blueprint.doc(operationId="validateTickers", **body(SymbolListSchema))
@blueprint.response(200, TickerValidationsSchema)
@may_fail(blueprint, MalformedJson, ValidationFailed, PayloadTooLarge, UnsupportedMediaType, TickersUnavailable)
def validate_many() -> Response:
    """Validate symbols.

    A result for each, in the order of the request.
    """
    symbols = parse_body(_SYMBOLS)["symbols"]
    return respond(
        {"results": [ticker_validation_json(result) for result in current_application().tickers.validate(symbols)]}
    )


@blueprint.route("/<path:symbol>", methods=["GET"], parameters=[_SYMBOL_IN_PATH])
@blueprint.doc(operationId="getTicker")
@blueprint.response(200, ListedTickerSchema)
@may_fail(blueprint, NotFound, TickersUnavailable)
def get_ticker(symbol: str) -> Response:
    """Get a ticker.

    By its symbol, in any spelling: `BRK.B`, `brk-b`, `BRK%2FB`. A delisted ticker has its successor, if there is one.
    """
    return respond(listing_json(current_application().tickers.lookup(symbol)))
