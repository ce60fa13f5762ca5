"""What an operator does with the published list: build a new one, compare it, publish it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Protocol

from adapters.tickers import files as ticker_files
from adapters.tickers.bundled import bundled
from adapters.tickers.json_format import MAX_BYTES, PublishedList, check_losses, published_form
from domain.errors import PublishedMeanwhile, TickerListRefused
from domain.ports import Clock, TickerChange, TickerDraft
from domain.tickers import Listing, Ticker

SOURCES = (ticker_files.NASDAQ_LISTED, ticker_files.OTHER_LISTED)
AGENT = "config-api (ticker list)"
TIMEOUT = 10.0
"""Seconds without a byte, after which a download is given up."""
_CHUNK = 2**16


class Published(Protocol):
    """The list where it is published."""

    @property
    def etag(self) -> str:
        """Names this very content."""

    def body(self) -> bytes:
        """The list. Raises TickerListRefused."""


class Place(Protocol):
    """Where the list is published. Its methods may raise TickersUnavailable."""

    def fetch_if_any(self) -> Published | None:
        """The list, or None if none was published yet."""

    def publish(self, body: bytes, *, replacing: str | None, losses_intended: bool) -> None:
        """Publish it unless another than `replacing` is there now. Raises PublishedMeanwhile."""


@dataclass(frozen=True, slots=True)
class _InForce:
    """The last published list; `listings` is empty and `etag` None where there is none."""

    etag: str | None
    listings: Mapping[str, Listing]


class TickerListEditor:
    """Keeps the promises of the port. `place` is None where no bucket is configured: nothing can be published."""

    def __init__(self, place: Place | None, *, clock: Clock) -> None:
        self._place = place
        self._clock = clock

    @property
    def sources(self) -> Sequence[str]:
        """As promised by the port."""
        return SOURCES

    def read(self, source: str, *, on_progress: Callable[[int, int | None], None]) -> bytes:
        """As promised by the port."""
        if not source.startswith(("http://", "https://")):
            return Path(source).read_bytes()
        request = urllib.request.Request(source, headers={"User-Agent": AGENT})  # noqa: S310 - http(s), see above
        read = bytearray()
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # nosec # noqa: S310 - as above
            size = int(response.headers.get("Content-Length") or 0) or None
            while chunk := response.read(_CHUNK):
                read += chunk
                if len(read) > MAX_BYTES:
                    raise TickerListRefused(f"{source} is larger than {MAX_BYTES} bytes")
                on_progress(len(read), size)
        return bytes(read)

    def build(self, files: Mapping[str, bytes], *, successors: Mapping[str, str]) -> TickerDraft:
        """As promised by the port."""
        read = []
        for source, body in files.items():
            try:
                read.append(ticker_files.read(body))
            except TickerListRefused as refused:
                raise TickerListRefused(f"{source}: {refused}") from refused
        in_force, now = self._in_force(), self._clock()
        shipped = _shipped()
        ranking = [ticker.symbol for file in read if file.ranked for ticker in file.tickers]
        listings = merged(
            in_force.listings or {symbol: listing for symbol, listing in shipped.items() if not listing.is_active},
            [ticker for file in sorted(read, key=lambda file: file.ranked) for ticker in file.tickers],
            ranking=ranking or list(in_force.listings or shipped),
            successors=successors,
            today=now.date(),
        )
        version = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        document = json.loads(published_form(version, now, listings)) | {"based_on": in_force.etag}
        body = json.dumps(document, ensure_ascii=False, indent=1).encode()
        return TickerDraft(body, version, listings, sum(file.skipped for file in read))

    def open(self, body: bytes) -> TickerDraft:
        """As promised by the port."""
        published = PublishedList.of(body)
        return TickerDraft(body, published.version, published.listings(), skipped=0)

    def changes(self, draft: TickerDraft) -> list[TickerChange]:
        """As promised by the port."""
        return list(changes(self._in_force().listings or _shipped(), draft.listings))

    def publish(self, draft: TickerDraft, *, force: bool) -> None:
        """As promised by the port."""
        if self._place is None:
            raise TickerListRefused("no bucket is configured: set CONFIG_API_TICKER_BUCKET")
        published, in_force = PublishedList.of(draft.body), self._in_force()
        based_on = json.loads(draft.body).get("based_on", in_force.etag)
        if based_on != in_force.etag:
            raise PublishedMeanwhile
        if not force:
            before = {symbol for symbol, listing in in_force.listings.items() if listing.is_active}
            check_losses(before, published.traded.keys())
        self._place.publish(
            published_form(published.version, published.updated_at, published.listings()),
            replacing=in_force.etag,
            losses_intended=force,
        )

    def _in_force(self) -> _InForce:
        published = self._place.fetch_if_any() if self._place else None
        if published is None:
            return _InForce(None, {})
        try:
            return _InForce(published.etag, PublishedList.of(published.body()).listings())
        except TickerListRefused:  # replacing it is what the operator is here for
            return _InForce(published.etag, {})


def merged(
    before: Mapping[str, Listing],
    traded: Iterable[Ticker],
    *,
    ranking: Sequence[str],
    successors: Mapping[str, str],
    today: date,
) -> dict[str, Listing]:
    """What is traded, ordered by `ranking` and then as given; what no longer is, marked as delisted today.

    Of a symbol that is given twice, the first counts. Raises TickerListRefused for impossible successors.
    """
    listed: dict[str, Listing] = {}
    for ticker in traded:
        known = before.get(ticker.symbol, Listing(ticker))
        fresh = Listing(ticker, sector=known.sector, industry=known.industry)
        listed.setdefault(ticker.symbol, fresh)
    merged = {symbol: listed[symbol] for symbol in ranking if symbol in listed} | listed
    for symbol, listing in before.items():
        if symbol not in merged:
            gone = listing if not listing.is_active else replace(listing, is_active=False, delisted_at=today)
            merged[symbol] = replace(gone, successor=successors.get(symbol, gone.successor))
    for symbol, successor in successors.items():
        if symbol not in merged or merged[symbol].is_active:
            raise TickerListRefused(f"{symbol} is not a symbol that vanished, so it has no successor")
        if successor not in merged:
            raise TickerListRefused(f"{successor}, the successor of {symbol}, is unknown")
    return merged


def changes(before: Mapping[str, Listing], after: Mapping[str, Listing]) -> Iterator[TickerChange]:
    """Every symbol that is not the same in both, in alphabetical order."""
    for symbol in sorted({*before, *after}):
        if before.get(symbol) != after.get(symbol):
            yield TickerChange(symbol, before.get(symbol), after.get(symbol))


def _shipped() -> dict[str, Listing]:
    index = bundled().index
    return {symbol: listing for symbol in index.symbols if (listing := index.find(symbol))}
