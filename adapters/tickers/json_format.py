"""The JSON document of a published ticker list: parsed and validated, and written.

`{version, updated_at, symbols: {SYMBOL: {name, exchange, is_active, delisted_at?, successor_symbol?,
sector?, industry?}}}`. The order of the symbols is their rank in search results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from adapters.tickers.index import TickerIndex
from domain.errors import TickerListRefused
from domain.ticker_list import MAX_BYTES
from domain.tickers import SYMBOL, Listing, Ticker, canonical_symbol
from domain.times import iso_utc

Entry = Mapping[str, Any]

MAX_TEXT = 500
"""Characters of a name or an exchange; the longest in use have 250. They are stored with each configuration,
and a DynamoDB item is limited to 400 KiB."""

_SYMBOLS = re.compile(f"{SYMBOL}(?:\n{SYMBOL})*")


@dataclass(frozen=True, slots=True)
class TickerListDocument:
    """A valid document; `traded` and `delisted` are its entries by canonical symbol."""

    version: str
    updated_at: datetime
    traded: Mapping[str, Entry]
    delisted: Mapping[str, Entry]

    @classmethod
    def parse(cls, body: bytes) -> TickerListDocument:
        """Parse UTF-8 JSON. Raises TickerListRefused with the reason if it is not a valid list."""
        document = _json_object(body)
        version, symbols = document.get("version"), document.get("symbols")
        if not isinstance(version, str | int) or not str(version).isprintable():
            raise TickerListRefused("its version is not a text")
        if not isinstance(symbols, dict) or not all(isinstance(entry, dict) for entry in symbols.values()):
            raise TickerListRefused("its symbols are not an object of objects")
        if not symbols:
            raise TickerListRefused("it is empty")
        symbols = _with_canonical_symbols(symbols)
        delisted = {symbol: entry for symbol, entry in symbols.items() if not _is_active(entry)}
        traded = {symbol: entry for symbol, entry in symbols.items() if symbol not in delisted}
        if not traded:
            raise TickerListRefused("none of its symbols is traded")
        for field in ("name", "exchange"):
            _check_texts(field, symbols)
        return cls(str(version), _parse_time(document.get("updated_at")), traded, delisted)

    def index(self) -> TickerIndex:
        """The index of the list."""
        return TickerIndex(
            list(self.traded),
            [entry["name"] for entry in self.traded.values()],
            [entry["exchange"] for entry in self.traded.values()],
            listings_of(self.delisted),
        )

    def listings(self) -> dict[str, Listing]:
        """The list as domain values: first the traded symbols, then the others, both in their order."""
        return listings_of(self.traded) | listings_of(self.delisted)


def listings_of(entries: Mapping[str, Entry]) -> dict[str, Listing]:
    """Entries by canonical symbol as domain values."""
    return {symbol: _listing(symbol, entry) for symbol, entry in entries.items()}


def document_of(version: str, updated_at: datetime, listings: Mapping[str, Listing]) -> dict[str, Any]:
    """The list as a JSON object; the inverse of `TickerListDocument.listings`."""
    return {
        "version": version,
        "updated_at": iso_utc(updated_at),
        "symbols": {symbol: dict(_entry(listing)) for symbol, listing in listings.items()},
    }


def encode(version: str, updated_at: datetime, listings: Mapping[str, Listing]) -> bytes:
    """The published form of the list."""
    return json.dumps(document_of(version, updated_at, listings), separators=(",", ":")).encode()


def _json_object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise TickerListRefused(f"it is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TickerListRefused(f"it is not JSON ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise TickerListRefused("it is not a JSON object")
    return document


def _is_active(entry: Entry) -> bool:
    return entry.get("is_active", True) is True


def _with_canonical_symbols(symbols: dict[str, Entry]) -> dict[str, Entry]:
    """The entries by canonical symbol. Of two spellings of one security, the first active one counts."""
    # One regular expression over all symbols costs 1 ms, a call for each symbol 10 ms.
    if _SYMBOLS.fullmatch("\n".join(symbols)):
        canonical = {symbol: canonical_symbol(symbol) if "." in symbol else symbol for symbol in symbols}
    else:
        canonical = {symbol: canonical_symbol(symbol) for symbol in symbols}
    invalid = [symbol for symbol, spelled in canonical.items() if spelled is None]
    if invalid:
        raise TickerListRefused(f"{len(invalid)} of its symbols are invalid, such as {invalid[0][:20]!r}")
    entries: dict[str, Entry] = {}
    for symbol, entry in symbols.items():
        spelled = canonical[symbol] or symbol
        if spelled not in entries or (_is_active(entry) and not _is_active(entries[spelled])):
            entries[spelled] = entry
    return entries


def _check_texts(field: str, symbols: Mapping[str, Entry]) -> None:
    """Raise TickerListRefused unless every entry has the field as a printable text."""
    # Checking the joined texts takes a tenth of the time of checking each.
    try:
        texts = [entry[field] for entry in symbols.values()]
        valid = all(texts) and "".join(texts).isprintable() and max(map(len, texts), default=1) <= MAX_TEXT
    except (KeyError, TypeError):
        valid = False
    if not valid:
        wrong = next(symbol for symbol, entry in symbols.items() if not _is_text(entry.get(field)))
        raise TickerListRefused(f"{wrong} has no {field} that is a text of at most {MAX_TEXT} characters")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _parse_time(text: object) -> datetime:
    try:
        time = datetime.fromisoformat(text)  # type: ignore[arg-type]  # other types are refused below
    except (TypeError, ValueError) as error:
        raise TickerListRefused("its updated_at is not an ISO 8601 time") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _listing(symbol: str, entry: Entry) -> Listing:
    return Listing(
        Ticker(symbol, entry["name"], entry["exchange"]),
        is_active=_is_active(entry),
        delisted_at=_date(entry.get("delisted_at")),
        successor=canonical_symbol(str(entry.get("successor_symbol") or "")),
        sector=entry.get("sector"),
        industry=entry.get("industry"),
    )


def _date(text: object) -> date | None:
    """The date, or the date of a time; None if invalid, because the date is only a hint in a message."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _entry(listing: Listing) -> Iterator[tuple[str, object]]:
    yield "name", listing.ticker.name
    yield "exchange", listing.ticker.exchange
    yield "is_active", listing.is_active
    if listing.delisted_at:
        yield "delisted_at", listing.delisted_at.isoformat()
    if listing.successor:
        yield "successor_symbol", listing.successor
    if listing.sector:
        yield "sector", listing.sector
    if listing.industry:
        yield "industry", listing.industry
