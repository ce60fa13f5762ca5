"""What the service needs from the world, with the promises that every adapter keeps.

An adapter may also raise Throttled, Contended or StoreUnavailable from any method of the
store that names them; nothing else of its technology crosses this line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.configurations import Configuration
from domain.errors import IdempotencyKeyReused
from domain.limits import User
from domain.ticker_list import Freshness
from domain.tickers import Listing, Ticker

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


class TickerListSnapshot(Protocol):
    """One version of the ticker list; it never changes."""

    @property
    def authoritative(self) -> bool:
        """Whether a symbol that is missing here is unknown, and one that is delisted here is delisted."""

    @property
    def freshness(self) -> Freshness:
        """Which version this is."""

    def find(self, symbol: str) -> Listing | None:
        """The listing of a canonical symbol, traded or not."""

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        """Traded symbols: the exact one, then by symbol prefix, then by company name; at most `limit`."""


class TickerList(Protocol):
    """The ticker list in use. It never raises: where its source fails, the last good list stays in use."""

    def current(self) -> TickerListSnapshot:
        """The newest usable version. A request calls this once, so that all its symbols are checked alike."""

    def close(self) -> None:
        """Stop refreshing the list, and close its connections."""


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
