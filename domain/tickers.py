"""Ticker symbols, their spellings, and the result of validating one against a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.text import without_invisible

SYMBOL = r"[A-Z0-9]{1,8}(?:\.[A-Z0-9]{1,4}){0,2}"
"""The pattern of a canonical symbol."""

_SYMBOL = re.compile(SYMBOL)

_ASCII = str.maketrans(
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # fullwidth forms
    | dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), "-")  # hyphens, dashes, the minus sign
    | dict.fromkeys((0x2044, 0x2215), "/")  # slashes
)
"""Characters of other scripts and of typesetting that pasted symbols contain."""

_SEPARATORS = str.maketrans({"-": ".", "/": ".", "$": ".P", "^": ".P"})
"""`BRK-B` (SEC), `BRK/B` (CQS) and `BRK.B` (Nasdaq); `BAC$B` (Nasdaq) and `BAC^B` (nasdaq.com), a preferred stock."""

_SUFFIXES = (
    (re.compile(r"\.PR\.?([A-Z])$"), r".P\1"),
    (re.compile(r"\.(?:W|WS)$"), ".WT"),
    (re.compile(r"\.(?:W\.|WS\.|WT\.|WS)([A-Z])$"), r".WT\1"),
    (re.compile(r"\.U$"), ".UN"),
    (re.compile(r"\.RT?$"), ".RI"),
    (re.compile(r"\.WI$"), ".V"),
)
"""The suffixes of Nasdaq, CQS and CMS (nasdaqtrader.com, CQSSymbolConvention), each with that of the SEC: preferred
stock, warrants, warrants of a class, units, rights, when issued (which the SEC does not list)."""


@dataclass(frozen=True, slots=True)
class Ticker:
    """A traded symbol: `BRK.B`, `Berkshire Hathaway Inc`, `NYSE`."""

    symbol: str
    name: str
    exchange: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The entry of a symbol in a list, traded or not.

    The service does not use `sector` and `industry`; they are kept for other readers of the list.
    """

    ticker: Ticker
    is_active: bool = True
    delisted_at: date | None = None
    successor: str | None = None
    sector: str | None = None
    industry: str | None = None


class TickerStatus(StrEnum):
    """The status of a symbol in a list."""

    VALID = "valid"
    DELISTED = "delisted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TickerValidation:
    """The result for one symbol, in canonical form."""

    symbol: str
    status: TickerStatus
    message: str
    ticker: Ticker | None = None
    successor: str | None = None


def normalize_spelling(text: str) -> str:
    """The text in upper case, with `.` as separator and without surrounding blanks and invisible characters."""
    text = without_invisible(text).translate(_ASCII).strip()
    # upper() would turn other characters into letters that were not typed: `ß` into `SS`.
    return text.upper().translate(_SEPARATORS) if text.isascii() else text


def canonical_symbol(text: str) -> str | None:
    """The symbol in canonical form: one form for all spellings of a security. None if it is not a symbol.

    `brk-b`, ` BRK/B ` and `BRK.B` are `BRK.B`; `ACHR.WS`, `ACHR.W` and `ACHR-WT` are `ACHR.WT`.
    """
    symbol = normalize_spelling(text)
    if not _SYMBOL.fullmatch(symbol):
        return None
    # Only a few symbols have a suffix, and a list has ten thousand symbols.
    if "." in symbol:
        for suffix, replacement in _SUFFIXES:
            symbol = suffix.sub(replacement, symbol)
    return symbol


def validate_symbol(symbol: str, listing: Listing | None) -> TickerValidation:
    """The result for `symbol`, given its listing in an authoritative list."""
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
