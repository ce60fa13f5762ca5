"""What the service needs from the world, with the promises that every adapter keeps.

An adapter may also raise Throttled, Contended or StoreUnavailable from any method of the
store that names them; nothing else of its technology crosses this line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.configurations import Configuration
from domain.errors import IdempotencyKeyReused
from domain.limits import User
from domain.tickers import Freshness, Listing, Ticker

Clock = Callable[[], datetime]
"""The wall clock: an aware time in UTC. It may jump."""

NewId = Callable[[], str]
"""A string that was never given out before."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """A stored configuration; `replayed` if an earlier request had stored it."""

    configuration: Configuration
    replayed: bool

    @classmethod
    def replay(cls, stored: Configuration, request_fingerprint: str | None) -> AddResult:
        """The answer to a create whose id is taken by `stored`. Raises IdempotencyKeyReused if that was another one."""
        if stored.request_fingerprint != request_fingerprint:
            raise IdempotencyKeyReused
        return cls(stored, replayed=True)


class ConfigurationStore(Protocol):
    """Keeps each user's configurations, and never more of them than the limit.

    What a method wrote when it returned is durable, and the same user's next read sees it.
    Every method is safe under any number of threads and processes, and to repeat after its
    answer was lost: a repeat never counts twice and never meets its own success as a failure.
    After Throttled, Contended or StoreUnavailable the write may or may not have happened.
    """

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """Store it if the owner holds fewer than `limit`, as one atomic act.

        Where its `config_id` is taken already, nothing changes: the stored one comes back as
        replayed if its `request_fingerprint` is the same, also at the limit.
        Raises LimitReached, IdempotencyKeyReused, Throttled, Contended, StoreUnavailable.
        """

    def get(self, user_id: str, config_id: str) -> Configuration:
        """The stored configuration. Raises NotFound, Throttled, StoreUnavailable."""

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """All of the user's configurations, newest first, of one moment by `config_id` from the last.

        Raises Throttled, StoreUnavailable.
        """

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """Replace the stored configuration by `change` of it, as one atomic act; the result is returned.

        No other write falls between what `change` sees and what it leaves. It is pure, may be called
        several times, and gives a new `revision`, the same each time; what it raises leaves all as it was.
        Raises NotFound, Throttled, Contended, StoreUnavailable.
        """

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        """Delete it and free its place, as one atomic act, if it is at one of `revisions` (None: at any).

        Raises NotFound, RevisionMismatch, Throttled, Contended, StoreUnavailable.
        """

    def check(self) -> None:
        """Return if the store can be reached. Raises Throttled, StoreUnavailable."""


class Listings(Protocol):
    """One edition of the ticker list; it never changes."""

    @property
    def authoritative(self) -> bool:
        """Whether a symbol that is missing here may be called unknown, or a delisted one delisted."""

    @property
    def freshness(self) -> Freshness:
        """Which edition this is."""

    def find(self, symbol: str) -> Listing | None:
        """What is known of a canonical symbol, traded or not."""

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        """Traded symbols: the exact one, then by symbol prefix, then by company name; at most `limit`."""


class TickerList(Protocol):
    """Gives the best edition of the ticker list there is now; a failing source never makes it raise."""

    def current(self) -> Listings:
        """The edition to use for one request: everything a request asks, it asks the same one."""


@dataclass(frozen=True, slots=True)
class TickerDraft:
    """A list that may be published: `body` is its file; `skipped` symbols of its sources could not be spelled."""

    body: bytes
    version: str
    listings: Mapping[str, Listing]
    skipped: int

    @property
    def traded(self) -> int:
        """How many of its symbols are traded."""
        return sum(listing.is_active for listing in self.listings.values())


@dataclass(frozen=True, slots=True)
class TickerChange:
    """A symbol that two lists don't agree on; None where one lacks it."""

    symbol: str
    before: Listing | None
    after: Listing | None

    @property
    def kind(self) -> str:
        """What happened to it: `added`, `relisted`, `delisted`, `dropped` or `changed`."""
        was, is_ = (listing is not None and listing.is_active for listing in (self.before, self.after))
        if was == is_:
            return "changed" if self.before and self.after else "added" if self.after else "dropped"
        if is_:
            return "relisted" if self.before else "added"
        return "delisted" if self.after else "dropped"


class TickerEditor(Protocol):
    """Makes the ticker list that is published. Every method but `open` may raise TickersUnavailable or OSError."""

    @property
    def sources(self) -> Sequence[str]:
        """The URLs of the public files that a list is made of, where nothing else is said."""

    def read(self, source: str, *, on_progress: Callable[[int, int | None], None]) -> bytes:
        """The file at a path or URL; `on_progress` hears how many bytes have come, of how many if that is known.

        Raises TickerListRefused for one that is too large.
        """

    def build(self, files: Mapping[str, bytes], *, successors: Mapping[str, str]) -> TickerDraft:
        """A list of what the files say is traded. What the last published one has besides, stays as delisted.

        Raises TickerListRefused for a file that isn't whole or isn't known, or a successor that makes no sense.
        """

    def open(self, body: bytes) -> TickerDraft:
        """The list in a file. Raises TickerListRefused."""

    def changes(self, draft: TickerDraft) -> Sequence[TickerChange]:
        """What publishing it would change, by symbol: compared with the last published list, else with the bundled."""

    def publish(self, draft: TickerDraft, *, force: bool) -> None:
        """Publish it, unless it lacks many symbols of the last one (`force` allows that).

        Raises TickerListRefused, and PublishedMeanwhile if the last one isn't the one that it was built on.
        """


class IdentityProvider(Protocol):
    """Tells who a token speaks for. No state is kept for anybody."""

    def issue_anonymous(self) -> tuple[User, str, datetime]:
        """A new anonymous user, their token, and when it was made."""

    def identify(self, token: str) -> User:
        """Whoever the token speaks for. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is counted for a user, and what they hold."""

    user_id: str
    counted: int
    stored: int

    @property
    def drifts(self) -> bool:
        """Whether the two disagree, as they do in a table that an earlier service filled."""
        return self.counted != self.stored


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined; `remedy` tells what to do about one that isn't well."""

    subject: str
    detail: str
    remedy: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return self.remedy is None


class Table(Protocol):
    """The table behind a store, for those who operate it. Every method may raise StoreUnavailable, with the cause."""

    def provision(self) -> Iterator[str]:
        """Make what is missing, and say in a sentence each what was made and what was there; safe to repeat."""

    def examine(self) -> Iterator[Finding]:
        """Look at all that the service needs of the table, and change nothing."""

    def size(self) -> int:
        """About how many items there are; the number may be hours old."""

    def quotas(self) -> Iterator[Quota]:
        """Walk the table: every user's quota. One that drifts was looked at twice, and nothing changed in between."""

    def repair(self, user_id: str) -> Quota:
        """Set the count to what is stored, unless the user creates or deletes meanwhile; the quota after that."""
