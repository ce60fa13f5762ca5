"""Domain values as the JSON that the schemas promise.

Written out rather than dumped through marshmallow, which costs ten times as much in the
busiest requests; that these agree with the schemas is what the OpenAPI tests check.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response

from domain.configurations import Configuration
from domain.services import ConfigurationList
from domain.ticker_list import Freshness
from domain.tickers import Ticker, TickerStatus, TickerValidation
from entrypoints.encoding import to_json

Json = dict[str, Any]


def respond(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(to_json(body), status, dict(headers or {}), content_type="application/json")


def etag(configuration: Configuration) -> str:
    """The strong entity tag of this revision (RFC 9110 §8.8.3)."""
    return f'"{configuration.revision}"'


def configuration_json(configuration: Configuration) -> Json:
    """One configuration."""
    return {
        "config_id": configuration.config_id,
        "name": configuration.name,
        "tickers": [ticker_json(watched.ticker) for watched in configuration.tickers],
        "timeframe_days": configuration.timeframe_days,
        "include_extended_hours": configuration.include_extended_hours,
        "created_at": configuration.created_at,
        "updated_at": configuration.updated_at,
        "revision": configuration.revision,
    }


def configuration_list_json(shelf: ConfigurationList) -> Json:
    """All that a user holds."""
    return {
        "configurations": [configuration_json(configuration) for configuration in shelf.configurations],
        "max_allowed": shelf.max_allowed,
        "remaining": shelf.remaining,
    }


def ticker_json(ticker: Ticker) -> Json:
    """One ticker."""
    return {"symbol": ticker.symbol, "name": ticker.name, "exchange": ticker.exchange}


def ticker_validation_json(verdict: TickerValidation) -> Json:
    """What can be said of a symbol; what does not apply is left out."""
    body: Json = {
        "symbol": verdict.symbol,
        "valid": verdict.status is TickerStatus.VALID,
        "status": verdict.status.value,
        "message": verdict.message,
    }
    if verdict.ticker:
        body["ticker"] = ticker_json(verdict.ticker)
    if verdict.successor:
        body["successor"] = verdict.successor
    return body


def freshness_json(freshness: Freshness, now: datetime) -> Json:
    """Which ticker list is in use, and for how long its source has not confirmed it."""
    return {
        "source": freshness.source.value,
        "version": freshness.version,
        "count": freshness.count,
        "age_seconds": max(0, round((now - freshness.as_of).total_seconds())),
    }
