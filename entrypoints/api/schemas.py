"""The shapes of the API, apart from the domain's values: types and fields here, rules there.

Error messages are codes; `requests.py` puts them into sentences.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from domain.configurations import (
    DEFAULT_TIMEFRAME_DAYS,
    MAX_NAME,
    MAX_TIMEFRAME_DAYS,
    MIN_TIMEFRAME_DAYS,
)
from domain.limits import MAX_TICKERS, UserKind
from domain.ticker_list import TickerSource
from domain.tickers import TickerStatus

MAX_SYMBOLS = 50
"""Symbols that one request may have validated."""
MAX_QUERY = 100
"""Characters of a search."""

_DIGITS = re.compile("[0-9]{1,9}")
_CODES: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "required",
    "null": "null",
    "invalid": "invalid_type",
    "validator_failed": "invalid_type",
}


class Text(fields.String):
    """A JSON string, and nothing that could be made into one."""

    default_error_messages = _CODES | {"invalid_utf8": "invalid_type"}


class Whole(fields.Integer):
    """A JSON number without a fraction: not `true`, not `"7"`."""

    default_error_messages = _CODES | {"too_large": "out_of_range"}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise self.make_error("invalid")
        return int(value)


class Truth(fields.Boolean):
    """`true` or `false`, and nothing that Python takes for one."""

    default_error_messages = _CODES

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Texts(fields.List[str]):
    """A JSON array of strings, which are not looked at where there are more than any use has."""

    default_error_messages = _CODES | {"too_many": "too_many"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[str | None]:
        if isinstance(value, list) and len(value) > MAX_SYMBOLS:
            raise self.make_error("too_many")
        return super()._deserialize(value, *args, **kwargs)


class Body(Schema):
    """A request body: fields that we don't know are refused, not dropped."""

    error_messages = {"unknown": "unknown_field", "type": "invalid_type"}  # noqa: RUF012 - marshmallow's own way

    class Meta:
        """Unknown fields are a mistake of the caller, who should hear of it."""

        unknown = RAISE


def _name(**kwargs: Any) -> Text:
    return Text(
        metadata={
            "pattern": r"\S",
            "example": "Tech giants",
            "description": f"Trimmed; 1 to {MAX_NAME} characters as people see them, so an emoji is one.",
        },
        **kwargs,
    )


def _symbols(**kwargs: Any) -> Texts:
    return Texts(
        Text(
            metadata={
                "pattern": r"^\s*[A-Za-z0-9]{1,8}([./-][A-Za-z0-9]{1,4}){0,2}\s*$",
                "description": "Case, surrounding blanks, `BRK-B` and `BRK/B` are forgiven.",
            }
        ),
        metadata={"minItems": 1, "maxItems": MAX_TICKERS, "uniqueItems": True, "example": ["AAPL", "BRK.B"]},
        **kwargs,
    )


def _timeframe(**kwargs: Any) -> Whole:
    return Whole(metadata={"minimum": MIN_TIMEFRAME_DAYS, "maximum": MAX_TIMEFRAME_DAYS, "example": 30}, **kwargs)


class ConfigurationInputSchema(Body):
    """A whole configuration, as its owner wants it."""

    name = _name(required=True)
    tickers = _symbols(required=True)
    timeframe_days = _timeframe(load_default=DEFAULT_TIMEFRAME_DAYS)
    include_extended_hours = Truth(load_default=False)


class ConfigurationUpdateSchema(Body):
    """Any subset of the fields of a configuration."""

    name = _name()
    tickers = _symbols()
    timeframe_days = _timeframe()
    include_extended_hours = Truth()


class SymbolsSchema(Body):
    """Symbols to validate."""

    symbols = Texts(
        Text(),
        required=True,
        metadata={"maxItems": MAX_SYMBOLS, "example": ["AAPL", "FB"]},
    )


class QueryWhole(fields.Integer):
    """A query parameter of decimal digits."""

    default_error_messages = _CODES | {"too_large": "out_of_range"}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if not (isinstance(value, str) and _DIGITS.fullmatch(value)):
            raise self.make_error("invalid")
        return int(value)


class SearchQuery(Schema):
    """What to look for, and how many to give."""

    q = Text(
        load_default="",
        validate=validate.Length(max=MAX_QUERY, error="too_long"),
        metadata={"description": "A symbol, the start of one, or part of a company's name.", "example": "app"},
    )
    limit = QueryWhole(load_default=10, validate=validate.Range(1, 50, error="out_of_range"))


class SymbolQuery(Schema):
    """The symbol in question."""

    symbol = Text(
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
    """What can be said of a symbol."""

    symbol = fields.String(required=True)
    valid = fields.Boolean(required=True)
    status = fields.String(required=True, validate=validate.OneOf([status.value for status in TickerStatus]))
    message = fields.String(required=True)
    ticker = fields.Nested(TickerSchema)
    successor = fields.String()


class TickerValidationsSchema(Schema):
    """A verdict for each symbol, in the order of the request."""

    results = fields.List(fields.Nested(TickerValidationSchema), required=True)


class ConfigurationSchema(Schema):
    """A watchlist."""

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

    configurations = fields.List(fields.Nested(ConfigurationSchema), required=True)
    max_allowed = fields.Integer(required=True)
    remaining = fields.Integer(required=True)


class SessionSchema(Schema):
    """A new anonymous session. The token is shown once and kept nowhere."""

    user_id = fields.String(required=True)
    token = fields.String(required=True)
    token_type = fields.String(required=True, validate=validate.Equal("Bearer"))
    auth_type = fields.String(required=True, validate=validate.Equal(UserKind.ANONYMOUS.value))
    created_at = fields.DateTime(required=True)
    session_expires_at = fields.DateTime(required=True)


class LimitsSchema(Schema):
    """How much the user may hold."""

    max_configurations = fields.Integer(required=True)
    max_tickers = fields.Integer(required=True)


class MeSchema(Schema):
    """Who the token speaks for."""

    user_id = fields.String(required=True)
    auth_type = fields.String(required=True, validate=validate.OneOf([kind.value for kind in UserKind]))
    is_anonymous = fields.Boolean(required=True)
    session_expires_at = fields.DateTime(required=True)
    limits = fields.Nested(LimitsSchema, required=True)


class HealthSchema(Schema):
    """The process is up."""

    status = fields.String(required=True, validate=validate.Equal("ok"))


class TickerListSchema(Schema):
    """Which ticker list is in use."""

    source = fields.String(required=True, validate=validate.OneOf([source.value for source in TickerSource]))
    version = fields.String(required=True)
    count = fields.Integer(required=True)
    age_seconds = fields.Integer(required=True)


class ReadySchema(Schema):
    """The process can serve."""

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
    successor = fields.String(allow_none=True)
    store = fields.String()
    tickers = fields.Nested(TickerListSchema)
