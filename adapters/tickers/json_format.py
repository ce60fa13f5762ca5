"""The ticker list as it is published: one JSON object, read and judged fast, and written.

`{version, updated_at, symbols: {SYMBOL: {name, exchange, is_active, delisted_at?, successor_symbol?,
sector?, industry?}}}`. The order of the symbols is their rank in searches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from adapters.tickers.index import TickerIndex
from domain.errors import TickerListRefused
from domain.tickers import SYMBOL, Listing, Ticker, canonical_symbol

Entry = Mapping[str, Any]

MAX_LOSSES = 0.1
MAX_BYTES = 32 * 2**20
"""Of a list, unpacked; ten thousand symbols take less than a million."""
MAX_TEXT = 500
"""Characters of a name or an exchange, of which the longest in use have 250. They are stored with each configuration,
and an item of DynamoDB has room for 400 KiB."""

_CANONICAL = re.compile(f"{SYMBOL}(?:\n{SYMBOL})*")


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list that was found to be one; `traded` and `gone` are its entries by canonical symbol."""

    version: str
    updated_at: datetime
    traded: Mapping[str, Entry]
    gone: Mapping[str, Entry]

    @classmethod
    def of(cls, body: bytes) -> PublishedList:
        """Read UTF-8 JSON. Raises TickerListRefused with the reason if it is not a list to go by."""
        document = _json(body)
        version, symbols = document.get("version"), document.get("symbols")
        if not isinstance(version, str | int) or not str(version).isprintable():
            raise TickerListRefused("its version is no text")
        if not isinstance(symbols, dict) or not all(isinstance(entry, dict) for entry in symbols.values()):
            raise TickerListRefused("its symbols are not an object of objects")
        if not symbols:
            raise TickerListRefused("it is empty")
        symbols = _canonical(symbols)
        gone = {symbol: entry for symbol, entry in symbols.items() if entry.get("is_active", True) is not True}
        traded = {symbol: entry for symbol, entry in symbols.items() if symbol not in gone} if gone else symbols
        if not traded:
            raise TickerListRefused("none of its symbols is traded")
        for field in ("name", "exchange"):
            _check_texts(field, symbols)
        return cls(str(version), _moment(document.get("updated_at")), traded, gone)

    def index(self) -> TickerIndex:
        """The list, ready to be asked."""
        return TickerIndex(
            list(self.traded),
            [entry["name"] for entry in self.traded.values()],
            [entry["exchange"] for entry in self.traded.values()],
            listings_of(self.gone),
        )

    def listings(self) -> dict[str, Listing]:
        """The list as domain values, traded symbols first, both in their order."""
        return listings_of(self.traded) | listings_of(self.gone)


def listings_of(entries: Mapping[str, Entry]) -> dict[str, Listing]:
    """Entries by canonical symbol as domain values."""
    return {symbol: _listing(symbol, entry) for symbol, entry in entries.items()}


def published_form(version: str, updated_at: datetime, listings: Mapping[str, Listing]) -> bytes:
    """The list as it is published; the inverse of `PublishedList.of(…).listings()`."""
    document = {
        "version": version,
        "updated_at": updated_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "symbols": {symbol: dict(_entry(listing)) for symbol, listing in listings.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def check_losses(before: AbstractSet[str], after: AbstractSet[str]) -> None:
    """Refuse a list whose traded symbols lack more than a tenth of those `before`: half a file looks like that."""
    lost = before - after
    if len(lost) > MAX_LOSSES * len(before):
        raise TickerListRefused(f"it lacks {len(lost)} of {len(before)} symbols, such as {min(lost)}")


def _json(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise TickerListRefused(f"it is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TickerListRefused(f"it is not JSON ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise TickerListRefused("it is not a JSON object")
    return document


def _canonical(symbols: dict[str, Entry]) -> dict[str, Entry]:
    """The same in the one spelling of each symbol, which all usually have."""
    if _CANONICAL.fullmatch("\n".join(symbols)):
        return symbols
    spelled = {symbol: canonical_symbol(symbol) for symbol in symbols}
    impossible = [symbol for symbol, canonical in spelled.items() if canonical is None]
    if impossible:
        raise TickerListRefused(f"{len(impossible)} of its symbols are impossible, such as {impossible[0][:20]!r}")
    if len(set(spelled.values())) < len(symbols):
        raise TickerListRefused("it has a symbol in two spellings")
    return {canonical: symbols[symbol] for symbol, canonical in spelled.items() if canonical}


def _check_texts(field: str, symbols: Mapping[str, Entry]) -> None:
    """Every entry has it, as text that can be shown. All are looked at together: that is ten times as fast."""
    try:
        texts = [entry[field] for entry in symbols.values()]
        fine = all(texts) and "".join(texts).isprintable() and max(map(len, texts), default=1) <= MAX_TEXT
    except (KeyError, TypeError):
        fine = False
    if not fine:
        wrong = next(symbol for symbol, entry in symbols.items() if not _is_text(entry.get(field)))
        raise TickerListRefused(f"{wrong} has no {field} that is a text of at most {MAX_TEXT} characters")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]  # what is no text is refused below
    except (TypeError, ValueError) as error:
        raise TickerListRefused("its updated_at is no ISO 8601 time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _listing(symbol: str, entry: Entry) -> Listing:
    return Listing(
        Ticker(symbol, entry["name"], entry["exchange"]),
        is_active=entry.get("is_active", True) is True,
        delisted_at=_day(entry.get("delisted_at")),
        successor=canonical_symbol(str(entry.get("successor_symbol") or "")),
        sector=entry.get("sector"),
        industry=entry.get("industry"),
    )


def _day(text: object) -> date | None:
    """A date or the day of a time; a wrong one only spoils a hint, so it counts as none."""
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
