"""A configuration: a named watchlist, what may stand in it, and how it changes."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from domain.errors import FieldProblem, ValidationFailed
from domain.limits import MAX_TICKERS
from domain.text import is_showable, length
from domain.tickers import Ticker, canonical_symbol

MAX_NAME = 50
"""User-perceived characters in a name."""
MAX_NAME_CODE_POINTS = 500
"""Code points in a name: one perceived character may be made of any number of them."""
MOST_TYPED = 4 * MAX_NAME_CODE_POINTS
"""Code points of a name that are looked at: no character is composed of more than four, as `ᾂ` is, and to
compose takes time that grows with the square of the marks on one letter."""
MIN_TIMEFRAME_DAYS, MAX_TIMEFRAME_DAYS, DEFAULT_TIMEFRAME_DAYS = 1, 365, 7


@dataclass(frozen=True, slots=True)
class WatchedTicker:
    """A ticker in a configuration, with the time it was put there."""

    ticker: Ticker
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Configuration:
    """One user's watchlist as it is stored. All times are aware and in UTC.

    `revision` names this very state and is never used for another one. `request_fingerprint`
    is of the request that created it, where one is known. `expires_at` is None for what is kept.
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
    """The order of a list; what was made at the same moment stands in it by `config_id`, from the last."""
    return tuple(sorted(configurations, key=attrgetter("created_at", "config_id"), reverse=True))


@dataclass(frozen=True, slots=True)
class ConfigurationUpdate:
    """A subset of the fields that a caller may set, cleaned and within the rules; None is not set.

    `of` raises ValidationFailed with every problem at once.
    """

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
        """Clean what was given: the name trimmed and composed, each symbol in its one spelling."""
        name = None if name is None else unicodedata.normalize("NFC", name.strip()[: MOST_TYPED + 1])
        spelled = None if tickers is None else [canonical_symbol(text) for text in tickers]
        problems = (
            *(() if name is None else _name_problems(name)),
            *(() if spelled is None else _symbol_problems(spelled)),
            *(() if timeframe_days is None else _timeframe_problems(timeframe_days)),
        )
        if problems:
            raise ValidationFailed(problems)
        symbols = None if spelled is None else tuple(symbol for symbol in spelled if symbol)
        return cls(name, symbols, timeframe_days, include_extended_hours)


@dataclass(frozen=True, slots=True)
class ConfigurationInput:
    """Everything that a caller says of a configuration that is to be created or replaced."""

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
        """Clean what was given; raises ValidationFailed as `ConfigurationUpdate.of` does."""
        changes = ConfigurationUpdate.of(name=name, tickers=tickers, timeframe_days=timeframe_days)
        # What was given is never None, which the types cannot say.
        return cls(changes.name or name, changes.symbols or (), timeframe_days, include_extended_hours)

    def as_update(self) -> ConfigurationUpdate:
        """The same, as changes to every field."""
        return ConfigurationUpdate(self.name, self.symbols, self.timeframe_days, self.include_extended_hours)

    def fingerprint(self) -> str:
        """Equal for requests that ask for the same, whatever their spelling or the order of their fields."""
        canonical = json.dumps([self.name, self.symbols, self.timeframe_days, self.include_extended_hours])
        return hashlib.sha256(canonical.encode()).hexdigest()


def apply_update(
    current: Configuration,
    changes: ConfigurationUpdate,
    tickers: Sequence[Ticker] | None,
    *,
    revision: str,
    now: datetime,
    expires_at: datetime | None,
) -> Configuration:
    """`current` with `changes` made; a ticker that stays keeps the time it was added.

    `tickers` are what `changes.symbols` stand for. `updated_at` never goes back, even if the clock does.
    """
    added_at = {watched.ticker.symbol: watched.added_at for watched in current.tickers}
    return replace(
        current,
        name=current.name if changes.name is None else changes.name,
        tickers=current.tickers
        if tickers is None
        else tuple(WatchedTicker(ticker, added_at.get(ticker.symbol, now)) for ticker in tickers),
        timeframe_days=current.timeframe_days if changes.timeframe_days is None else changes.timeframe_days,
        include_extended_hours=current.include_extended_hours
        if changes.include_extended_hours is None
        else changes.include_extended_hours,
        updated_at=max(now, current.updated_at),
        revision=revision,
        expires_at=expires_at,
    )


def _name_problems(name: str) -> Iterator[FieldProblem]:
    if not name:
        yield FieldProblem("name", "too_short", "Give it a name of 1 to 50 characters.")
    elif not is_showable(name):
        yield FieldProblem("name", "invalid_characters", "A name is one line of text that can be seen.")
    elif len(name) > MAX_NAME_CODE_POINTS or length(name) > MAX_NAME:
        yield FieldProblem("name", "too_long", f"A name has at most {MAX_NAME} characters.")


def _symbol_problems(symbols: Sequence[str | None]) -> Iterator[FieldProblem]:
    if not symbols:
        yield FieldProblem("tickers", "too_few", f"Name 1 to {MAX_TICKERS} tickers.")
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
