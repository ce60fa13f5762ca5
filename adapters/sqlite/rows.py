"""Configurations as rows of the table `configurations`."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any

from adapters.sqlite.errors import operational_error
from domain.configurations import Configuration, WatchedTicker
from domain.idempotency import Tombstone
from domain.tickers import Ticker

Row = tuple[Any, ...]

COLUMNS = (
    "config_id, user_id, name, tickers, timeframe_days, include_extended_hours, "
    "created_at, updated_at, revision, request_fingerprint, expires_at"
)

TOMBSTONE_COLUMNS = "config_id, request_fingerprint, deleted_at, expires_at"


def row_from_configuration(configuration: Configuration) -> Row:
    """The values in the order of COLUMNS."""
    tickers = [
        {
            "symbol": watched.ticker.symbol,
            "name": watched.ticker.name,
            "exchange": watched.ticker.exchange,
            "added_at": text_from_time(watched.added_at),
        }
        for watched in configuration.tickers
    ]
    return (
        configuration.config_id,
        configuration.user_id,
        configuration.name,
        json.dumps(tickers, ensure_ascii=False),
        configuration.timeframe_days,
        configuration.include_extended_hours,
        text_from_time(configuration.created_at),
        text_from_time(configuration.updated_at),
        configuration.revision,
        configuration.request_fingerprint,
        None if configuration.expires_at is None else text_from_time(configuration.expires_at),
    )


def configuration_from_row(row: Row) -> Configuration:
    """The inverse. Raises SQLITE_CORRUPT for a row that is not a configuration."""
    config_id, user_id, name, tickers, days, extended, created_at, updated_at, revision, fingerprint, expires_at = row
    time = datetime.fromisoformat
    try:
        return Configuration(
            config_id=config_id,
            user_id=user_id,
            name=name,
            tickers=tuple(
                WatchedTicker(Ticker(item["symbol"], item["name"], item["exchange"]), time(item["added_at"]))
                for item in json.loads(tickers)
            ),
            timeframe_days=days,
            include_extended_hours=bool(extended),
            created_at=time(created_at),
            updated_at=time(updated_at),
            revision=revision,
            request_fingerprint=fingerprint,
            expires_at=None if expires_at is None else time(expires_at),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise operational_error(sqlite3.SQLITE_CORRUPT, f"a row cannot be read: {type(error).__name__}") from error


def row_from_tombstone(tombstone: Tombstone) -> Row:
    """The values in the order of TOMBSTONE_COLUMNS."""
    times = text_from_time(tombstone.deleted_at), text_from_time(tombstone.expires_at)
    return (tombstone.config_id, tombstone.request_fingerprint, *times)


def tombstone_from_row(row: Row) -> Tombstone:
    """The inverse."""
    config_id, request_fingerprint, deleted_at, expires_at = row
    return Tombstone(
        config_id, request_fingerprint, datetime.fromisoformat(deleted_at), datetime.fromisoformat(expires_at)
    )


def text_from_time(time: datetime) -> str:
    """ISO 8601 with microseconds, so that all times have the same width and sort as text."""
    return time.isoformat(timespec="microseconds")
