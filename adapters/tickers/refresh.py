"""The ticker list in use: how fresh it is, how it is kept so, and what takes over when its source fails.

                        ┌────── confirmed or replaced ──────┐
                        ▼                                   │
    start ──loaded──▶  s3  ──S3 fails, or has no usable──▶ stale     confirms symbols, denies none
      └──────not────▶ bundled  (until S3 answers)                    the same

On a server a daemon thread refreshes the list in time, whether anybody asks or not, so that no request
waits and the first one after a quiet night does not see last evening's list. In a Lambda nothing runs
between two requests: a thread would be frozen with a half-read answer, and thaw minutes later to find
its connection dead and S3 at fault. There the one request that finds the list due refreshes it,
with a conditional GET that usually takes some 30 ms and is given up after `IN_REQUEST`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock, Thread
from typing import Protocol

from adapters.tickers.bundled import bundled
from adapters.tickers.index import TickerIndex
from adapters.tickers.json_format import PublishedList, check_losses
from domain.deadline import within
from domain.errors import TickerListRefused, TickersUnavailable
from domain.ports import Clock
from domain.tickers import Freshness, Listing, Ticker, TickerSource

log = logging.getLogger(__name__)

TTL_JITTER = 0.9, 1.1
"""Of the TTL, so that processes that started together don't ask together."""
AGAIN_AFTER = timedelta(seconds=15), timedelta(seconds=30)
"""When to try again after a failure: soon, at random."""
AT_START, IN_BACKGROUND, IN_REQUEST = 5.0, 10.0, 1.0
"""Seconds that a refresh may take, retries included; the last leaves no time for one."""
SHORTEST_SLEEP = 0.1
"""Seconds between two refreshes in the background, whatever the clock says."""


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


class Fetched(Protocol):
    """A list as its source has it, not yet looked into."""

    @property
    def etag(self) -> str:
        """Names this very content."""

    @property
    def losses_intended(self) -> bool:
        """Whether its publisher insisted on a much smaller list."""

    def body(self) -> bytes:
        """The list. Raises TickerListRefused."""


class Source(Protocol):
    """Where the list is published."""

    def fetch(self, etag: str | None) -> Fetched | None:
        """The list, or None if it still is the one of `etag`. Raises TickersUnavailable."""


class BundledTickers:
    """The list that ships, where nothing is configured: the authority, for as long as the process runs."""

    def __init__(self, *, prepared: bool) -> None:
        self._edition = _bundled_edition(authoritative=True, prepared=prepared)

    def current(self) -> Edition:
        """As promised by the port."""
        return self._edition


class RefreshedTickers:
    """The published list, asked for again after each `ttl`; until it comes, the bundled one.

    `background` is False where nothing runs between requests.
    """

    def __init__(
        self,
        source: Source,
        *,
        ttl: timedelta,
        clock: Clock,
        rng: random.Random,
        background: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._ttl = ttl
        self._clock = clock
        self._random = rng
        self._background = background
        self._sleep = sleep
        self._edition: Edition | None = None
        self._etag: str | None = None
        self._refused = False
        self._failing = False
        self._checked = self._due = clock()
        self._flight = Lock()
        self._keeper: Thread | None = None
        self._keeper_starts = Lock()

    def start(self) -> None:
        """Load the list before the first request, and from then on keep it fresh."""
        self._refresh(AT_START)
        self._ensure_keeper()

    def current(self) -> Edition:
        """As promised by the port."""
        if self._background:
            self._ensure_keeper()
        elif not self._checked <= self._clock() < self._due:  # a clock that went back tells nothing: ask
            self._refresh(IN_REQUEST)
        return self._held()

    def _held(self) -> Edition:
        """The edition at hand; the bundled one is loaded only where it is needed."""
        if self._edition is None:
            self._edition = _bundled_edition(authoritative=False, prepared=self._background)
        return self._edition

    def _ensure_keeper(self) -> None:
        """Start the thread where it doesn't run: at first, and in a process that was forked off."""
        if not self._background or (self._keeper and self._keeper.is_alive()):
            return
        with self._keeper_starts:
            if not (self._keeper and self._keeper.is_alive()):
                self._flight = Lock()  # in a forked process the old one may be held by nobody
                self._keeper = Thread(target=self._keep_fresh, name="ticker-list", daemon=True)
                self._keeper.start()

    def _keep_fresh(self) -> None:
        while True:
            self._sleep(max(SHORTEST_SLEEP, (self._due - self._clock()).total_seconds()))
            self._refresh(IN_BACKGROUND)

    def _refresh(self, seconds: float) -> None:
        """Ask the source, unless somebody else is at it. Never raises: whatever goes wrong is a step down."""
        if not self._flight.acquire(blocking=False):
            return
        try:
            with within(seconds):
                self._take(self._source.fetch(self._etag))
        except TickersUnavailable as error:
            self._step_down(str(error.__cause__ or error), again_after=_between(AGAIN_AFTER, self._random))
        except TickerListRefused as error:
            self._refused = True
            self._step_down(f"refused: {error}", again_after=self._next_ttl(), always_warn=True)
        except Exception as error:
            log.exception("ticker list could not be refreshed")
            self._step_down(type(error).__name__, again_after=_between(AGAIN_AFTER, self._random))
        finally:
            self._flight.release()

    def _take(self, fetched: Fetched | None) -> None:
        """Accept what the source answered. Raises TickerListRefused."""
        if fetched is not None:
            self._etag = fetched.etag  # a refused list is not downloaded, nor reported, again
            published = self._judged(fetched)
            self._refused = False
            index = published.index()
            if self._background:
                index.prepare()
            self._step_up(index, published.version)
        elif self._refused:
            self._put_off(self._next_ttl())
        else:
            held = self._held()
            self._step_up(held.index, held.freshness.version)

    def _judged(self, fetched: Fetched) -> PublishedList:
        published = PublishedList.of(fetched.body())
        held = self._edition
        if held and held.freshness.source is not TickerSource.BUNDLED and not fetched.losses_intended:
            check_losses(held.index.traded, published.traded.keys())
        return published

    def _step_up(self, index: TickerIndex, version: str) -> None:
        news = self._edition is None or self._edition.index is not index
        freshness = Freshness(TickerSource.S3, version, len(index), as_of=self._clock())
        self._edition = Edition(index, freshness, authoritative=True)
        self._put_off(self._next_ttl())
        if self._failing:
            log.info("ticker list is fresh again", extra=self._facts())
        elif news:
            log.info("ticker list loaded", extra=self._facts())
        self._failing = False

    def _step_down(self, reason: str, *, again_after: timedelta, always_warn: bool = False) -> None:
        """The list at hand is kept. It may be outdated now, also if its source has a newer one that is unusable."""
        held = self._held()
        if held.authoritative:
            freshness = replace(held.freshness, source=TickerSource.STALE)
            self._edition = Edition(held.index, freshness, authoritative=False)
        self._put_off(again_after)
        if always_warn or not self._failing:
            log.warning("ticker list is not fresh", extra=self._facts() | {"reason": reason})
        self._failing = True

    def _put_off(self, time_: timedelta) -> None:
        self._checked = self._clock()
        self._due = self._checked + time_

    def _next_ttl(self) -> timedelta:
        return self._ttl * self._random.uniform(*TTL_JITTER)

    def _facts(self) -> dict[str, object]:
        freshness = self._held().freshness
        age = (self._clock() - freshness.as_of).total_seconds()
        return {
            "source": freshness.source,
            "version": freshness.version,
            "count": freshness.count,
            "age_seconds": round(age),
        }


def bundled_tickers(*, prepared: bool = False) -> BundledTickers:
    """The list that ships, taken at its word; if `prepared`, the first search by name is as fast as the others."""
    return BundledTickers(prepared=prepared)


def _bundled_edition(*, authoritative: bool, prepared: bool) -> Edition:
    """The list that ships; confirmed when it was built, and never since."""
    bundle = bundled()
    if prepared:
        bundle.index.prepare()
    freshness = Freshness(TickerSource.BUNDLED, bundle.version, len(bundle.index), bundle.built_at)
    return Edition(bundle.index, freshness, authoritative)


def _between(span: tuple[timedelta, timedelta], rng: random.Random) -> timedelta:
    low, high = span
    return low + (high - low) * rng.random()
