"""The ticker list in use, refreshed from its source; the last good list is kept while the source fails.

                        ┌────── confirmed or replaced ──────┐
                        ▼                                   │
    start ──loaded──▶  s3  ──source fails or is invalid──▶ stale     confirms symbols, denies none
      └─otherwise──▶ bundled  (until the source answers)             the same

On a server a daemon thread refreshes the list, so that no request waits for it. In a Lambda no code runs
between two requests: a thread would be frozen during a response and find its connection closed minutes
later. There the request that finds the list due refreshes it with a conditional GET, which usually takes
30 ms; no attempt starts after `IN_REQUEST` seconds.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, Thread
from typing import Protocol

from adapters.tickers.bundled import bundled
from adapters.tickers.index import TickerIndex
from adapters.tickers.json_format import TickerListDocument
from domain.deadline import within
from domain.errors import TickerListRefused, TickersUnavailable
from domain.events import Event
from domain.ports import Clock
from domain.ticker_list import Freshness, TickerSource, check_losses
from domain.tickers import Listing, Ticker
from domain.times import random_between

log = logging.getLogger(__name__)

TTL_JITTER = 0.9, 1.1
"""Factors of the TTL, so that processes that started together do not refresh together."""
RETRY_AFTER = timedelta(seconds=15), timedelta(seconds=30)
"""The range of the random time between a failure and the next refresh."""
AT_START, IN_BACKGROUND, IN_REQUEST = 5.0, 10.0, 1.0
"""Seconds that a refresh may take, including retries; the last one leaves no time for a retry."""
SHORTEST_WAIT = 0.1
"""Seconds between two refreshes in the background, also after the clock jumped."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the list."""

    index: TickerIndex
    freshness: Freshness
    authoritative: bool

    def find(self, symbol: str) -> Listing | None:
        return self.index.find(symbol)

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        return self.index.search(query, limit)


class FetchedDocument(Protocol):
    """A document as its source holds it, not yet parsed."""

    @property
    def etag(self) -> str:
        """The ETag, unique to this content."""

    @property
    def losses_intended(self) -> bool:
        """Whether its publisher forced a much smaller list."""

    def body(self) -> bytes:
        """The document. Raises TickerListRefused."""


class TickerListSource(Protocol):
    """Where the list is published."""

    def fetch(self, etag: str | None) -> FetchedDocument | None:
        """The document, or None if its ETag still is `etag`. Raises TickersUnavailable."""

    def close(self) -> None:
        """Close its connections."""


class BundledTickers:
    """The bundled list as the authority, where no bucket is configured."""

    def __init__(self, *, prepared: bool) -> None:
        self._snapshot = _bundled_snapshot(authoritative=True, prepared=prepared)

    def current(self) -> Snapshot:
        return self._snapshot

    def close(self) -> None:
        pass


class RefreshedTickers:
    """The published list, refreshed after each `ttl`; the bundled one until it was loaded.

    `background` is False where no code runs between requests. `wait` waits for an event or a number of seconds.
    """

    def __init__(
        self,
        source: TickerListSource,
        *,
        ttl: timedelta,
        clock: Clock,
        rng: random.Random,
        background: bool,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._source = source
        self._ttl = ttl
        self._clock = clock
        self._random = rng
        self._background = background
        self._wait = wait
        self._snapshot: Snapshot | None = None
        self._etag: str | None = None
        self._invalid = False
        self._failing = False
        self._checked_at = self._due_at = clock()
        self._refresh_lock = Lock()
        self._refresh_thread: Thread | None = None
        self._thread_lock = Lock()
        self._closing = threading.Event()

    def start(self) -> None:
        """Load the list, and start the thread that refreshes it."""
        self._refresh(AT_START)
        self._ensure_thread()

    def close(self) -> None:
        with self._thread_lock:
            self._closing.set()
            thread = self._refresh_thread
        if thread and thread.is_alive():
            thread.join(IN_BACKGROUND)
        self._source.close()

    def current(self) -> Snapshot:
        if self._background:
            self._ensure_thread()
        elif not self._checked_at <= self._clock() < self._due_at:
            # Also when the clock was set back, as nothing is known about the time since the last check.
            self._refresh(IN_REQUEST)
        return self._in_use()

    def _in_use(self) -> Snapshot:
        # The bundled list is loaded only where it is needed: that takes 8 ms.
        if self._snapshot is None:
            self._snapshot = _bundled_snapshot(authoritative=False, prepared=self._background)
        return self._snapshot

    def _ensure_thread(self) -> None:
        """Start the thread if it does not run: at the start, and in a forked process."""
        if not self._background or self._closing.is_set() or _is_alive(self._refresh_thread):
            return
        with self._thread_lock:
            if not self._closing.is_set() and not _is_alive(self._refresh_thread):
                # A forked process has the parent's lock, possibly locked, but not the thread that unlocks it.
                self._refresh_lock = Lock()
                self._closing = threading.Event()
                self._refresh_thread = Thread(
                    target=self._refresh_until, args=(self._closing,), name="ticker-list", daemon=True
                )
                self._refresh_thread.start()

    def _refresh_until(self, closing: threading.Event) -> None:
        while not closing.is_set():
            self._wait(closing, max(SHORTEST_WAIT, (self._due_at - self._clock()).total_seconds()))
            if not closing.is_set():
                self._refresh(IN_BACKGROUND)

    def _refresh(self, seconds: float) -> None:
        """Ask the source, unless another thread does so now. A failure marks the list as stale; it never raises."""
        if not self._refresh_lock.acquire(blocking=False):
            return
        try:
            with within(seconds):
                self._accept(self._source.fetch(self._etag))
        except TickersUnavailable as error:
            self._mark_stale(str(error.__cause__ or error), next_after=random_between(*RETRY_AFTER, self._random))
        except TickerListRefused as error:
            self._invalid = True
            self._mark_stale(f"refused: {error}", next_after=self._next_ttl(), always_warn=True)
        except Exception as error:
            log.exception("ticker list could not be refreshed", extra={"event": Event.TICKER_REFRESH_FAILED})
            self._mark_stale(type(error).__name__, next_after=random_between(*RETRY_AFTER, self._random))
        finally:
            self._refresh_lock.release()

    def _accept(self, fetched: FetchedDocument | None) -> None:
        """Use what the source answered. Raises TickerListRefused."""
        if fetched is not None:
            # Stored before parsing, so that an invalid document is neither downloaded nor reported again.
            self._etag = fetched.etag
            document = self._parse_and_check(fetched)
            self._invalid = False
            index = document.index()
            if self._background:
                index.prepare()
            self._mark_fresh(index, document.version)
        elif self._invalid:
            self._schedule(self._next_ttl())
        else:
            in_use = self._in_use()
            self._mark_fresh(in_use.index, in_use.freshness.version)

    def _parse_and_check(self, fetched: FetchedDocument) -> TickerListDocument:
        document = TickerListDocument.parse(fetched.body())
        in_use = self._snapshot
        if in_use and in_use.freshness.source is not TickerSource.BUNDLED and not fetched.losses_intended:
            check_losses(in_use.index.traded, document.traded.keys())
        return document

    def _mark_fresh(self, index: TickerIndex, version: str) -> None:
        replaced = self._snapshot is None or self._snapshot.index is not index
        freshness = Freshness(TickerSource.S3, version, len(index), as_of=self._clock())
        self._snapshot = Snapshot(index, freshness, authoritative=True)
        self._schedule(self._next_ttl())
        if self._failing:
            self._log(logging.INFO, Event.TICKER_LIST_FRESH)
        elif replaced:
            self._log(logging.INFO, Event.TICKER_LIST_LOADED)
        self._failing = False

    def _mark_stale(self, reason: str, *, next_after: timedelta, always_warn: bool = False) -> None:
        """Keep the list in use, but not as the authority: the source may hold a newer one."""
        in_use = self._in_use()
        if in_use.authoritative:
            self._snapshot = Snapshot(in_use.index, in_use.freshness.as_stale(), authoritative=False)
        self._schedule(next_after)
        if always_warn or not self._failing:
            self._log(logging.WARNING, Event.TICKER_LIST_STALE, reason=reason)
        self._failing = True

    def _schedule(self, next_after: timedelta) -> None:
        self._checked_at = self._clock()
        self._due_at = self._checked_at + next_after

    def _next_ttl(self) -> timedelta:
        return self._ttl * self._random.uniform(*TTL_JITTER)

    def _log(self, level: int, event: Event, **fields: str) -> None:
        freshness = self._in_use().freshness
        facts = {
            "event": event,
            "source": freshness.source,
            "version": freshness.version,
            "count": freshness.count,
            "age_seconds": round(freshness.age(self._clock()).total_seconds()),
        }
        log.log(level, event.value, extra=facts | fields)


def bundled_tickers(*, prepared: bool = False) -> BundledTickers:
    """The bundled list as the authority; `prepared`: the index for names is built now, not by the first search."""
    return BundledTickers(prepared=prepared)


def _bundled_snapshot(*, authoritative: bool, prepared: bool) -> Snapshot:
    bundle = bundled()
    if prepared:
        bundle.index.prepare()
    freshness = Freshness(TickerSource.BUNDLED, bundle.version, len(bundle.index), as_of=bundle.built_at)
    return Snapshot(bundle.index, freshness, authoritative)


def _is_alive(thread: Thread | None) -> bool:
    return thread is not None and thread.is_alive()
