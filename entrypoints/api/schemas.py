"""Schemas of request and response bodies. The rules for values are in the domain."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from domain.configurations import (
    DEFAULT_TIMEFRAME_DAYS,
    MAX_NAME,
    MAX_TIMEFRAME_DAYS,
    MIN_TIMEFRAME_DAYS,
)
from domain.limits import MAX_TICKERS
from domain.ticker_list import TickerSource
from domain.tickers import TickerStatus
from entrypoints.api.field_types import (
    MAX_SYMBOLS,
    QueryInteger,
    StrictBoolean,
    StrictInteger,
    StrictString,
    StringList,
)

MAX_QUERY = 100
"""Characters in a search query."""


class RequestSchema(Schema):
    """A request body. Unknown fields are refused."""

    error_messages = {"unknown": "unknown_field", "type": "invalid_type"}  # noqa: RUF012 - marshmallow's own way

    class Meta:
        """An unknown field is a mistake of the caller, so it is reported instead of ignored."""

        unknown = RAISE


def _name(**kwargs: Any) -> StrictString:
    return StrictString(
        metadata={
            "pattern": r"\S",
            "example": "Tech giants",
            "description": f"1 to {MAX_NAME} code points after trimming and NFC.",
        },
        **kwargs,
    )


def _symbols(**kwargs: Any) -> StringList:
    return StringList(
        StrictString(
            metadata={
                "description": "Case and surrounding blanks are ignored; `BRK-B` and `BRK/B` are read as `BRK.B`."
            }
        ),
        # Without `uniqueItems`: openapi-generator makes a Set of such a list, which an array literal is not.
        metadata={
            "minItems": 1,
            "maxItems": MAX_TICKERS,
            "example": ["AAPL", "BRK.B"],
            "description": "Distinct symbols, in any spelling.",
        },
        **kwargs,
    )


def _timeframe(description: str) -> StrictInteger:
    limits = {"minimum": MIN_TIMEFRAME_DAYS, "maximum": MAX_TIMEFRAME_DAYS}
    return StrictInteger(metadata={"description": description, "example": 30} | limits)


class ConfigurationInputSchema(RequestSchema):
    """All fields of a configuration that a caller sets.

    The defaults are the domain's. They are in the descriptions, not in `default`, because code generators make a
    field with a `default` required.
    """

    name = _name(required=True)
    tickers = _symbols(required=True)
    timeframe_days = _timeframe(f"{DEFAULT_TIMEFRAME_DAYS} if omitted.")
    include_extended_hours = StrictBoolean(metadata={"description": "`false` if omitted.", "example": False})


class ConfigurationUpdateSchema(RequestSchema):
    """Any subset of the fields that a caller sets."""

    name = _name()
    tickers = _symbols()
    timeframe_days = _timeframe("Unchanged if omitted.")
    include_extended_hours = StrictBoolean(metadata={"example": False})


class AdoptionInputSchema(RequestSchema):
    """What a member takes over from an anonymous session."""

    anonymous_token = StrictString(required=True, metadata={"description": "The token of the anonymous session."})
    config_ids = StringList(StrictString(), metadata={"description": "The watchlists to take over; all if omitted."})


class SymbolListSchema(RequestSchema):
    """Symbols to validate."""

    symbols = StringList(
        StrictString(),
        required=True,
        metadata={"maxItems": MAX_SYMBOLS, "example": ["AAPL", "FB"]},
    )


class SearchQuery(Schema):
    """The query and the number of results."""

    q = StrictString(
        load_default="",
        validate=validate.Length(max=MAX_QUERY, error="too_long"),
        metadata={"description": "A symbol, the start of one, or part of a company's name.", "example": "app"},
    )
    limit = QueryInteger(load_default=10, validate=validate.Range(1, 50, error="out_of_range"))


class SymbolQuery(Schema):
    """The symbol to validate."""

    symbol = StrictString(
        required=True, validate=validate.Length(max=MAX_QUERY, error="too_long"), metadata={"example": "BRK-B"}
    )


class TickerSchema(Schema):
    """A traded symbol."""

    symbol = fields.String(required=True, metadata={"example": "AAPL"})
    name = fields.String(required=True, metadata={"example": "Apple Inc."})
    exchange = fields.String(required=True, metadata={"example": "NASDAQ"})


class ListedTickerSchema(TickerSchema):
    """A symbol of the ticker list, traded or not."""

    is_active = fields.Boolean(required=True, metadata={"description": "Whether it is traded."})
    successor = fields.String(metadata={"example": "META", "description": "The symbol that replaced a delisted one."})


class SearchSchema(Schema):
    """Tickers, best match first."""

    results = fields.List(fields.Nested(TickerSchema), required=True)


class TickerValidationSchema(Schema):
    """The result of validating a symbol."""

    symbol = fields.String(required=True)
    valid = fields.Boolean(required=True)
    status = fields.String(required=True, validate=validate.OneOf([status.value for status in TickerStatus]))
    message = fields.String(required=True)
    ticker = fields.Nested(TickerSchema)
    successor = fields.String()


class TickerValidationsSchema(Schema):
    """One result for each symbol, in the order of the request."""

    results = fields.List(fields.Nested(TickerValidationSchema), required=True)


class SavedConfigurationSchema(Schema):
    """A watchlist. It is not named `Configuration`, because generated clients have a class of that name."""

    config_id = fields.String(required=True)
    name = fields.String(required=True)
    tickers = fields.List(fields.Nested(TickerSchema), required=True)
    timeframe_days = fields.Integer(required=True)
    include_extended_hours = fields.Boolean(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    revision = fields.String(
        required=True,
        metadata={"description": "The ETag without its quotes. Changes with each update; send it in If-Match."},
    )


class ConfigurationListSchema(Schema):
    """All of a user's configurations, newest first."""

    configurations = fields.List(fields.Nested(SavedConfigurationSchema), required=True)
    max_allowed = fields.Integer(required=True)
    remaining = fields.Integer(required=True)


class AdoptionSchema(ConfigurationListSchema):
    """What was taken over, and all of the member's configurations."""

    adopted = fields.List(fields.Nested(SavedConfigurationSchema), required=True)


class HealthSchema(Schema):
    """The process is up."""

    status = fields.String(required=True, validate=validate.Equal("ok"))


class TickerListSchema(Schema):
    """The ticker list in use."""

    source = fields.String(required=True, validate=validate.OneOf([source.value for source in TickerSource]))
    version = fields.String(required=True)
    count = fields.Integer(required=True)
    age_seconds = fields.Integer(required=True)


class ReadySchema(Schema):
    """The service can serve requests."""

    status = fields.String(required=True, validate=validate.Equal("ready"))
    store = fields.String(required=True, validate=validate.Equal("ok"))
    tickers = fields.Nested(TickerListSchema, required=True)


class FieldProblemSchema(Schema):
    """One wrong field."""

    field = fields.String(required=True, metadata={"example": "tickers.1"})
    code = fields.String(required=True, metadata={"example": "unknown_ticker"})
    detail = fields.String(required=True)
    successor = fields.String()


class ProblemSchema(Schema):
    """Problem details (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    retry_after = fields.Integer(metadata={"minimum": 1, "description": "Seconds, as in Retry-After."})
    errors = fields.List(fields.Nested(FieldProblemSchema))
    max_allowed = fields.Integer()
    config_id = fields.String(metadata={"description": "Of `deleted_since`: the configuration that was deleted."})
    deleted_at = fields.DateTime(metadata={"description": "Of `deleted_since`: when it was deleted."})
    successor = fields.String(allow_none=True)
    store = fields.String()
    tickers = fields.Nested(TickerListSchema)
