"""The ticker list in use: which edition of it, how fresh that is, and what takes over when a source fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.bundled_tickers import bundled
from adapters.ticker_index import TickerIndex
from domain.tickers import Freshness, Listing, Ticker, TickerSource


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the list, and what it may be used for."""

    index: TickerIndex
    freshness: Freshness
    authoritative: bool

    def find(self, symbol: str) -> Listing | None:
        """As promised by the port."""
        return self.index.find(symbol)

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        """As promised by the port."""
        return self.index.search(query, limit)


class BundledTickers:
    """The list that ships, where no bucket is configured: the authority, for as long as the process runs."""

    def __init__(self) -> None:
        self._edition = bundled_edition(authoritative=True)

    def current(self) -> Edition:
        """As promised by the port."""
        return self._edition


def bundled_tickers() -> BundledTickers:
    """The list that ships, taken at its word."""
    return BundledTickers()


def bundled_edition(*, authoritative: bool) -> Edition:
    """The list that ships; confirmed when it was built, and never since."""
    bundle = bundled()
    freshness = Freshness(TickerSource.BUNDLED, bundle.version, len(bundle.index), bundle.built_at)
    return Edition(bundle.index, freshness, authoritative)
