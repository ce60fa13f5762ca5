"""Ticker symbols, and what a list of them may say about one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

SYMBOL = r"[A-Z0-9]{1,8}(?:\.[A-Z0-9]{1,4}){0,2}"
"""What a symbol looks like in its one spelling."""

_SYMBOL = re.compile(SYMBOL)
_SPELLINGS = str.maketrans("-/", "..")


@dataclass(frozen=True, slots=True)
class Ticker:
    """A traded symbol: `BRK.B`, `Berkshire Hathaway Inc`, `NYSE`."""

    symbol: str
    name: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list holds of one symbol, whether it is still traded or not.

    `sector` and `industry` mean nothing to us; they are kept for others who read the list.
    """

    ticker: Ticker
    is_active: bool = True
    delisted_at: date | None = None
    successor: str | None = None
    sector: str | None = None
    industry: str | None = None


class TickerStatus(StrEnum):
    """What can be said of a symbol."""

    VALID = "valid"
    DELISTED = "delisted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TickerValidation:
    """The answer for one symbol, in the spelling of the list."""

    symbol: str
    status: TickerStatus
    message: str
    ticker: Ticker | None = None
    successor: str | None = None


def canonical_symbol(text: str) -> str | None:
    """The one spelling of a symbol (`brk-b`, ` BRK/B ` and `BRK.B` are `BRK.B`); None if it cannot be one."""
    text = text.strip()
    if not text.isascii():  # upper() would turn `ß` into `SS`, a symbol nobody typed
        return None
    symbol = text.upper().translate(_SPELLINGS)
    return symbol if _SYMBOL.fullmatch(symbol) else None


def validate_symbol(symbol: str, listing: Listing | None) -> TickerValidation:
    """What a list that is taken at its word says about `symbol`."""
    if listing is None:
        return TickerValidation(symbol, TickerStatus.UNKNOWN, f"{symbol} is not a symbol that we know.")
    if listing.is_active:
        return TickerValidation(symbol, TickerStatus.VALID, f"{symbol} is traded.", ticker=listing.ticker)
    day = f" since {listing.delisted_at.isoformat()}" if listing.delisted_at else ""
    hint = f"; its successor is {listing.successor}" if listing.successor else ""
    return TickerValidation(
        symbol,
        TickerStatus.DELISTED,
        f"{symbol} is no longer traded{day}{hint}.",
        ticker=listing.ticker,
        successor=listing.successor,
    )
