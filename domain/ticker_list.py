"""The ticker list as a whole: its freshness, and the rules by which a new version replaces the last one.

The last part holds the ports of the use cases that only operators and jobs call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from domain.errors import TickerListRefused
from domain.tickers import Listing, Ticker

MAX_LOSS = 0.1
"""The largest share of its traded symbols that a list may lose from one version to the next."""
MAX_BYTES = 32 * 2**20
"""Of a list or of a file that one is built from, uncompressed; ten thousand symbols take less than a million."""

OnProgress = Callable[[int, int | None], None]
"""Called with the number of bytes read so far, and the total where it is known."""


class TickerSource(StrEnum):
    """Where the current list comes from, as `/health/ready` reports it."""

    S3 = "s3"
    STALE = "stale"
    BUNDLED = "bundled"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which list is in use; `as_of` is when its source last confirmed that it is the newest."""

    source: TickerSource
    version: str
    count: int
    as_of: datetime

    def age(self, now: datetime) -> timedelta:
        """The time since the source last confirmed the list."""
        return now - self.as_of

    def as_stale(self) -> Freshness:
        """The same list after its source failed, or published a newer one that is unusable."""
        return replace(self, source=TickerSource.STALE)


@dataclass(frozen=True, slots=True)
class TickerFile:
    """The traded tickers of one source file.

    `exchanges`: the file lists every symbol of these, so that a missing symbol is delisted. `ranked`: the tickers
    are in the order of market value. `skipped`: rows whose symbol is invalid.
    """

    tickers: tuple[Ticker, ...]
    exchanges: frozenset[str]
    ranked: bool
    skipped: int


@dataclass(frozen=True, slots=True)
class PublishedTickerList:
    """The list in the repository; `listings` is empty where it cannot be parsed."""

    etag: str
    listings: Mapping[str, Listing]


@dataclass(frozen=True, slots=True)
class TickerListCandidate:
    """A list that may be published.

    `based_on` is the ETag of the published list it was built on, None if there was none. `base` is the list that
    is published now. `skipped` counts the invalid symbols of its sources.
    """

    version: str
    updated_at: datetime
    listings: Mapping[str, Listing]
    based_on: str | None
    base: PublishedTickerList | None
    skipped: int = 0

    @property
    def traded(self) -> AbstractSet[str]:
        """The symbols that are traded."""
        return traded_symbols(self.listings)


@dataclass(frozen=True, slots=True)
class TickerListChange:
    """A symbol whose listing differs between two lists; None where a list lacks it."""

    symbol: str
    before: Listing | None
    after: Listing | None

    @property
    def kind(self) -> str:
        """`added`, `relisted`, `delisted`, `dropped` or `changed`."""
        was, is_ = (listing is not None and listing.is_active for listing in (self.before, self.after))
        if was == is_:
            return "changed" if self.before and self.after else "added" if self.after else "dropped"
        if is_:
            return "relisted" if self.before else "added"
        return "delisted" if self.after else "dropped"


def traded_symbols(listings: Mapping[str, Listing]) -> AbstractSet[str]:
    """The symbols whose listing is active."""
    return {symbol for symbol, listing in listings.items() if listing.is_active}


def check_losses(before: AbstractSet[str], after: AbstractSet[str]) -> None:
    """Refuse a list that lost more than `MAX_LOSS` of its traded symbols, as a truncated file does.

    Raises TickerListRefused.
    """
    lost = before - after
    if len(lost) > MAX_LOSS * len(before):
        raise TickerListRefused(f"it lacks {len(lost)} of {len(before)} symbols, such as {min(lost)}")


def merge(
    before: Mapping[str, Listing],
    files: Iterable[TickerFile],
    *,
    successors: Mapping[str, str],
    today: date,
) -> dict[str, Listing]:
    """The listings of the files, and those of `before` that no file replaces.

    Files without a ranking, which are the exchanges' own, take precedence: where they list all symbols of an
    exchange, another file adds none. A symbol of `before` is delisted today if a file lists all symbols of its
    exchange, but not this one; otherwise it is kept. Raises TickerListRefused for impossible successors.
    """
    listed: dict[str, Listing] = {}
    exchanges: frozenset[str] = frozenset()
    for file in sorted(files, key=lambda file: file.ranked):
        for ticker in file.tickers:
            if ticker.exchange not in exchanges:
                known = before.get(ticker.symbol, Listing(ticker))  # pragma: no mutate - its ticker is not read
                listed.setdefault(ticker.symbol, Listing(ticker, sector=known.sector, industry=known.industry))
        exchanges |= file.exchanges
    for symbol, listing in before.items():
        if symbol not in listed:
            delisted = listing.is_active and listing.ticker.exchange in exchanges
            listed[symbol] = replace(listing, is_active=False, delisted_at=today) if delisted else listing
    for symbol, successor in successors.items():
        if symbol not in listed or listed[symbol].is_active:
            raise TickerListRefused(f"{symbol} is not a delisted symbol, so it has no successor")
        if successor not in listed:
            raise TickerListRefused(f"{successor}, the successor of {symbol}, is unknown")
        listed[symbol] = replace(listed[symbol], successor=successor)
    return listed


def merge_rankings(newest: Iterable[str], previous: Iterable[str]) -> list[str]:
    """The newest ranking; each symbol that only the previous one has keeps its place behind its predecessor."""
    position = {symbol: place for place, symbol in enumerate(newest)}
    last = -1  # pragma: no mutate - any number before the first place
    for symbol in previous:
        last = position.setdefault(symbol, last)
    return sorted(position, key=position.__getitem__)


def rank(listings: Mapping[str, Listing], ranking: Iterable[str]) -> dict[str, Listing]:
    """The traded listings in the order of the ranking, then new ones, then delisted ones."""
    ordered = {symbol: listings[symbol] for symbol in ranking if symbol in listings} | dict(listings)
    return dict(sorted(ordered.items(), key=lambda item: not item[1].is_active))


def compare(before: Mapping[str, Listing], after: Mapping[str, Listing]) -> list[TickerListChange]:
    """Every symbol whose listing differs, in alphabetical order."""
    return [
        TickerListChange(symbol, before.get(symbol), after.get(symbol))
        for symbol in sorted({*before, *after})
        if before.get(symbol) != after.get(symbol)
    ]


class TickerFiles(Protocol):
    """Reads the files that a list is built from, and the files that hold a candidate. May raise OSError."""

    @property
    def default_sources(self) -> Sequence[str]:
        """The URLs of the source files that are used where no others are named."""

    def read_source(self, source: str, *, on_progress: OnProgress) -> TickerFile:
        """Download (or open) and parse the source file at a URL or path.

        Raises TickerListRefused for a file that is unknown, incomplete or too large.
        """

    def write_candidate(self, path: Path, candidate: TickerListCandidate) -> None:
        """Write the candidate, with the ETag of its base, to a file."""

    def read_candidate(self, path: Path, base: PublishedTickerList | None) -> TickerListCandidate:
        """The candidate in a file, to be published in place of `base`. Raises TickerListRefused."""


class TickerListRepository(Protocol):
    """Where the list is published. Every method may raise TickersUnavailable."""

    def published(self) -> PublishedTickerList | None:
        """The published list, or None if there is none."""

    def replace(self, candidate: TickerListCandidate, *, losses_intended: bool) -> None:
        """Publish the candidate in place of its base. Raises PublishedMeanwhile if the base is not current any more.

        `losses_intended` tells running services to accept a list that lost more than `MAX_LOSS`.
        """
