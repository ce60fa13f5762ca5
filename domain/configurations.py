"""Configurations: their fields, the validation rules, and how an update is applied."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from domain.errors import FieldProblem, ValidationFailed
from domain.limits import MAX_TICKERS
from domain.text import is_one_visible_line
from domain.tickers import Ticker, canonical_symbol

MAX_NAME = 50
"""Code points in a name, after trimming and NFC (contract §1)."""
MAX_INPUT_CODE_POINTS = 4 * MAX_NAME
"""Code points of a name that are normalised. No character decomposes into more than four (`ᾂ` does), so longer input
is too long in any case; and NFC takes time that grows with the square of the marks on one letter."""
MIN_TIMEFRAME_DAYS, MAX_TIMEFRAME_DAYS, DEFAULT_TIMEFRAME_DAYS = 1, 365, 7


@dataclass(frozen=True, slots=True)
class WatchedTicker:
    """A ticker in a configuration, with the time it was added."""

    ticker: Ticker
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Configuration:
    """A stored configuration of one user. All times are aware and in UTC.

    `revision` is unique to this version. `request_fingerprint` identifies the create request; None where it had
    no idempotency key. After `expires_at` the configuration may be deleted; None means never.
    """

    config_id: str
    user_id: str
    name: str
    tickers: tuple[WatchedTicker, ...]
    timeframe_days: int
    include_extended_hours: bool
    created_at: datetime
    updated_at: datetime
    revision: str
    request_fingerprint: str | None = None
    expires_at: datetime | None = None


def newest_first(configurations: Iterable[Configuration]) -> tuple[Configuration, ...]:
    """Sort by creation time, newest first; equal times by `config_id`, descending."""
    return tuple(sorted(configurations, key=attrgetter("created_at", "config_id"), reverse=True))


@dataclass(frozen=True, slots=True)
class ConfigurationUpdate:
    """Validated fields of a partial update; None leaves a field unchanged."""

    name: str | None = None
    symbols: tuple[str, ...] | None = None
    timeframe_days: int | None = None
    include_extended_hours: bool | None = None

    @classmethod
    def of(
        cls,
        *,
        name: str | None = None,
        tickers: Sequence[str] | None = None,
        timeframe_days: int | None = None,
        include_extended_hours: bool | None = None,
    ) -> ConfigurationUpdate:
        """Normalise and validate: the name trimmed and in NFC, each symbol in canonical form.

        Raises ValidationFailed with all problems at once.
        """
        name = None if name is None else unicodedata.normalize("NFC", name.strip()[: MAX_INPUT_CODE_POINTS + 1])
        symbols = None if tickers is None else [canonical_symbol(text) for text in tickers]
        problems = (
            *(() if name is None else _name_problems(name)),
            *(() if symbols is None else _symbol_problems(symbols)),
            *(() if timeframe_days is None else _timeframe_problems(timeframe_days)),
        )
        if problems:
            raise ValidationFailed(problems)
        valid_symbols = None if symbols is None else tuple(symbol for symbol in symbols if symbol)
        return cls(name, valid_symbols, timeframe_days, include_extended_hours)


@dataclass(frozen=True, slots=True)
class ConfigurationInput:
    """Validated fields of a create or a replace."""

    name: str
    symbols: tuple[str, ...]
    timeframe_days: int = DEFAULT_TIMEFRAME_DAYS
    include_extended_hours: bool = False

    @classmethod
    def of(
        cls,
        *,
        name: str,
        tickers: Sequence[str],
        timeframe_days: int = DEFAULT_TIMEFRAME_DAYS,
        include_extended_hours: bool = False,
    ) -> ConfigurationInput:
        """Normalise and validate, as `ConfigurationUpdate.of` does. Raises ValidationFailed."""
        update = ConfigurationUpdate.of(name=name, tickers=tickers, timeframe_days=timeframe_days)
        # An update that was given a name and symbols has both; the types cannot tell.
        return cls(update.name or name, update.symbols or (), timeframe_days, include_extended_hours)

    def as_update(self) -> ConfigurationUpdate:
        """An update that sets every field."""
        return ConfigurationUpdate(self.name, self.symbols, self.timeframe_days, self.include_extended_hours)

    def fingerprint(self) -> str:
        """SHA-256 over the normalised fields, in hexadecimal: equal for requests with the same meaning."""
        canonical = json.dumps([self.name, self.symbols, self.timeframe_days, self.include_extended_hours])
        return hashlib.sha256(canonical.encode()).hexdigest()


def apply_update(
    current: Configuration,
    update: ConfigurationUpdate,
    tickers: Sequence[Ticker] | None,
    *,
    revision: str,
    now: datetime,
) -> Configuration:
    """`current` with the fields of `update` set. A ticker that stays keeps its `added_at`.

    `tickers` are the resolved `update.symbols`. `updated_at` never decreases, even if the clock is set back.
    """
    fields: dict[str, Any] = {
        "name": update.name,
        "timeframe_days": update.timeframe_days,
        "include_extended_hours": update.include_extended_hours,
    }
    if tickers is not None:
        added_at = {watched.ticker.symbol: watched.added_at for watched in current.tickers}
        fields["tickers"] = tuple(WatchedTicker(ticker, added_at.get(ticker.symbol, now)) for ticker in tickers)
    return replace(
        current,
        **{name: value for name, value in fields.items() if value is not None},
        updated_at=max(now, current.updated_at),
        revision=revision,
    )


def _name_problems(name: str) -> Iterator[FieldProblem]:
    if not name:
        yield FieldProblem("name", "too_short", f"A name has 1 to {MAX_NAME} characters.")
    elif not is_one_visible_line(name):
        yield FieldProblem("name", "invalid_characters", "A name must be one line of visible text.")
    elif len(name) > MAX_NAME:
        yield FieldProblem("name", "too_long", f"A name has at most {MAX_NAME} characters.")


def _symbol_problems(symbols: Sequence[str | None]) -> Iterator[FieldProblem]:
    if not symbols:
        yield FieldProblem("tickers", "too_few", "At least 1 ticker is required.")
    if len(symbols) > MAX_TICKERS:
        yield FieldProblem("tickers", "too_many", f"At most {MAX_TICKERS} tickers.")
        return
    for position, symbol in enumerate(symbols):
        if symbol is None:
            yield FieldProblem(f"tickers.{position}", "invalid_symbol", "A symbol looks like AAPL or BRK.B.")
        elif symbol in symbols[:position]:
            yield FieldProblem(f"tickers.{position}", "duplicate", f"{symbol} is already in the list.")


def _timeframe_problems(days: int) -> Iterator[FieldProblem]:
    if not MIN_TIMEFRAME_DAYS <= days <= MAX_TIMEFRAME_DAYS:
        yield FieldProblem(
            "timeframe_days", "out_of_range", f"Between {MIN_TIMEFRAME_DAYS} and {MAX_TIMEFRAME_DAYS} days."
        )
