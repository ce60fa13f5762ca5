"""The ports: what the use cases need from outside, and what every adapter promises.

No exception of an adapter's technology crosses a port: each method names the domain errors that it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.adoption import Adoption
from domain.configurations import Configuration
from domain.errors import IdempotencyKeyReused
from domain.limits import User
from domain.operations import Finding
from domain.sign_in import SignIn
from domain.ticker_list import Freshness
from domain.tickers import Listing, Ticker

Clock = Callable[[], datetime]
"""The current wall-clock time, aware and in UTC. It may jump."""

NewId = Callable[[], str]
"""A new unique string."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """A stored configuration; `replayed` if an earlier request with the same idempotency key stored it."""

    configuration: Configuration
    replayed: bool

    @classmethod
    def replay(cls, stored: Configuration, request_fingerprint: str | None) -> AddResult:
        """The result of a create whose id is taken by `stored`. Raises IdempotencyKeyReused if the requests differ."""
        if stored.request_fingerprint != request_fingerprint:
            raise IdempotencyKeyReused
        return cls(stored, replayed=True)


class ConfigurationStore(Protocol):
    """Keeps each user's configurations, and never more than the limit.

    A write that returned is durable, and visible to the same user's next read. Every method is safe under any number
    of threads and processes. It is safe to repeat a call whose response was lost: a repeat never counts twice, and
    never takes its own earlier success for a failure. After Throttled, Contended or StoreUnavailable the write may
    or may not have happened.
    """

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """Store it if the owner has fewer than `limit` configurations, as one atomic operation.

        If its `config_id` is taken, nothing changes: the stored configuration is returned as replayed if its
        `request_fingerprint` is the same, also at the limit.
        If an unexpired tombstone has the `config_id`, the create is refused; `configuration.created_at` is the time
        that decides. Raises LimitReached, DeletedSince, IdempotencyKeyReused, Throttled, Contended, StoreUnavailable.
        """

    def find_replay(
        self, user_id: str, config_id: str, request_fingerprint: str | None, *, now: datetime
    ) -> AddResult | None:
        """What `add` would return or raise if the `config_id` is taken; None if it is free.

        Raises DeletedSince, IdempotencyKeyReused, Throttled, StoreUnavailable.
        """

    def get(self, user_id: str, config_id: str) -> Configuration:
        """The stored configuration. Raises NotFound, Throttled, StoreUnavailable."""

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """All of the user's configurations, in the order of `newest_first`.

        One that cannot be read is logged and left out. Raises Throttled, StoreUnavailable.
        """

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """Replace the stored configuration by `change` of it, as one atomic operation; returns the result.

        `change` is pure, may be called several times, and sets a new `revision`, the same each time. If it raises,
        nothing is changed. Raises NotFound, Throttled, Contended, StoreUnavailable.
        """

    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        """Delete it if it is at one of `revisions` (None: at any), as one atomic operation.

        A configuration that was created with an idempotency key leaves a `Tombstone`, deleted at `now`.
        Raises NotFound, RevisionMismatch, Throttled, Contended, StoreUnavailable.
        """

    def extend(self, user_id: str, *, expires_at: datetime) -> None:
        """Keep all of the user's configurations that would expire earlier until `expires_at`; revisions stay.

        Each is extended by an operation of its own: after an error, some may be. Others that are created or changed
        meanwhile are not affected. Raises Throttled, Contended, StoreUnavailable.
        """

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        """Move configurations of an anonymous user to a member, as one atomic operation; returns those that moved.

        Without `config_ids`, all that the anonymous user holds moves; ids that they do not hold are ignored, so a
        repeat moves nothing. Ids, revisions and times stay. What was created with an idempotency key leaves a
        `Tombstone`, deleted at `now`. A configuration stays if the member has its id already.
        Raises LimitReached if the member would hold more than `limit`, ValidationFailed if too many would move, and
        then nothing moves; Throttled, Contended, StoreUnavailable.
        """

    def erase(self, user_id: str, *, now: datetime) -> None:
        """Delete all that the user holds. Only tombstones remain, also of what is deleted here, at `now`.

        Not atomic: repeat it after an error. Raises Throttled, Contended, StoreUnavailable.
        """

    def check(self) -> None:
        """Return if the store can serve requests. Raises Throttled, StoreUnavailable."""

    def close(self) -> None:
        """Release connections and other resources. The store is not used afterwards."""


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
    """Issues and verifies tokens. Stores nothing."""

    def issue_anonymous(self, user_id: str | None = None) -> tuple[User, str, datetime]:
        """An anonymous user, a new one without `user_id`; their token, and its time of issue."""

    def identify(self, token: str) -> User:
        """The user whom the token identifies. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""

    def sign_in(self) -> SignIn | None:
        """What a browser needs to sign in; None if it cannot sign in here. Raises IdentityUnavailable."""

    def examine(self) -> Iterator[Finding]:
        """Check the settings against what the issuer of member tokens publishes, if there is one."""
