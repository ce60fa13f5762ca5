"""The use cases of tickers: validation and search for users, publication of the list for operators."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from domain.errors import (
    DelistedTicker,
    FieldProblem,
    NotFound,
    PublishedMeanwhile,
    TickerListRefused,
    TickersUnavailable,
    UnknownTicker,
    ValidationFailed,
)
from domain.ports import Clock, TickerList, TickerListSnapshot
from domain.ticker_list import (
    OnProgress,
    PublishedTickerList,
    TickerFile,
    TickerFiles,
    TickerListCandidate,
    TickerListChange,
    TickerListRepository,
    check_losses,
    compare,
    merge,
    merge_rankings,
    rank,
    traded_symbols,
)
from domain.tickers import Listing, Ticker, TickerStatus, TickerValidation, canonical_symbol, validate_symbol
from domain.times import iso_utc, random_between

RETRY_AFTER = timedelta(seconds=15), timedelta(seconds=45)
"""The range of the random Retry-After for a symbol that cannot be validated now."""


class TickerService:
    """Validates ticker symbols against the current list."""

    def __init__(self, tickers: TickerList, *, rng: random.Random) -> None:
        self._tickers = tickers
        self._random = rng

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        """Traded tickers that match, best first."""
        return self._tickers.current().search(query, limit)

    def validate(self, texts: Sequence[str]) -> list[TickerValidation]:
        """A result for each text, in the same order.

        Raises TickersUnavailable if a symbol is not valid in a list that is not authoritative.
        """
        snapshot = self._tickers.current()
        return [self._validate(text, snapshot) for text in texts]

    def lookup(self, text: str) -> Listing:
        """The listing of a symbol in any spelling, traded or not. Raises NotFound, TickersUnavailable."""
        snapshot = self._tickers.current()
        result = self._validate(text, snapshot)
        listing = snapshot.find(result.symbol)
        if listing is None:
            raise NotFound(result.message)
        return listing

    def resolve(self, symbols: Sequence[str]) -> tuple[Ticker, ...]:
        """The tickers of canonical symbols.

        Raises UnknownTicker or DelistedTicker, ValidationFailed where both occur, TickersUnavailable.
        """
        results = self.validate(symbols)
        problems = tuple(
            FieldProblem(f"tickers.{i}", f"{result.status}_ticker", result.message, result.successor)
            for i, result in enumerate(results)
            if result.status is not TickerStatus.VALID
        )
        if problems:
            kinds = {problem.code for problem in problems}
            if len(kinds) > 1:
                raise ValidationFailed(problems)
            raise UnknownTicker(problems) if kinds == {"unknown_ticker"} else DelistedTicker(problems)
        return tuple(result.ticker for result in results if result.ticker)

    def _validate(self, text: str, snapshot: TickerListSnapshot) -> TickerValidation:
        symbol = canonical_symbol(text)
        if symbol is None:  # invalid in every list, so no authority is needed
            return TickerValidation(text.strip(), TickerStatus.UNKNOWN, "A symbol looks like AAPL or BRK.B.")
        result = validate_symbol(symbol, snapshot.find(symbol))
        if result.status is not TickerStatus.VALID and not snapshot.authoritative:
            raise TickersUnavailable(
                f"{symbol} cannot be validated now: the current ticker list cannot be read.",
                retry_after=random_between(*RETRY_AFTER, self._random),
            )
        return result


class TickerListService:
    """Builds, compares and publishes ticker lists.

    `repository` is None where no bucket is configured; then nothing can be published. Every method may raise
    TickerListRefused, TickersUnavailable or OSError.
    """

    def __init__(
        self,
        *,
        files: TickerFiles,
        repository: TickerListRepository | None,
        bundled: Callable[[], Mapping[str, Listing]],
        clock: Clock,
    ) -> None:
        self._files = files
        self._repository = repository
        self._bundled = bundled
        self._clock = clock

    @property
    def default_sources(self) -> Sequence[str]:
        """The URLs of the source files that are used where no others are named."""
        return self._files.default_sources

    def read_source(self, source: str, *, on_progress: OnProgress = lambda _read, _total: None) -> TickerFile:
        """Download (or open) and parse the source file at a URL or path."""
        return self._files.read_source(source, on_progress=on_progress)

    def build(self, files: Sequence[TickerFile], *, successors: Mapping[str, str]) -> TickerListCandidate:
        """A new version of the published list, and of the bundled list where that one has more, from the files."""
        base, bundled, now = self._published(), self._bundled(), self._clock()
        published = base.listings if base else {}
        listings = merge({**bundled, **published}, files, successors=successors, today=now.date())
        ranking = merge_rankings(published, bundled)
        for file in files:
            if file.ranked:
                ranking = merge_rankings([ticker.symbol for ticker in file.tickers], ranking)
        return TickerListCandidate(
            version=iso_utc(now, timespec="seconds"),
            updated_at=now,
            listings=rank(listings, ranking),
            based_on=base.etag if base else None,
            base=base,
            skipped=sum(file.skipped for file in files),
        )

    def save(self, path: Path, candidate: TickerListCandidate) -> None:
        """Write a candidate to a file."""
        self._files.write_candidate(path, candidate)

    def load(self, path: Path) -> TickerListCandidate:
        """The candidate in a file, to be published in place of the published list."""
        return self._files.read_candidate(path, self._published())

    def compare_with_published(self, candidate: TickerListCandidate) -> list[TickerListChange]:
        """What publishing it would change: compared with the published list, or the bundled one if there is none."""
        published = candidate.base.listings if candidate.base else {}
        return compare(published or self._bundled(), candidate.listings)

    def publish(self, candidate: TickerListCandidate, *, force: bool) -> None:
        """Publish the candidate; `force` accepts the loss of many symbols.

        Raises PublishedMeanwhile if another list was published since it was built.
        """
        if self._repository is None:
            raise TickerListRefused("no bucket is configured: set CONFIG_API_TICKER_BUCKET")
        if candidate.based_on != (candidate.base.etag if candidate.base else None):
            raise PublishedMeanwhile
        if candidate.base and not force:
            check_losses(traded_symbols(candidate.base.listings), candidate.traded)
        self._repository.replace(candidate, losses_intended=force)

    def _published(self) -> PublishedTickerList | None:
        return self._repository.published() if self._repository else None
