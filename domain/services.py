"""The use cases of users: what they can do with their configurations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from domain.configurations import Configuration, ConfigurationInput, ConfigurationUpdate, WatchedTicker, apply_update
from domain.errors import RevisionMismatch, TickersUnavailable, ValidationFailed
from domain.idempotency import config_id_for
from domain.limits import ConfigurationLimits, User
from domain.ports import AddResult, Clock, ConfigurationStore, NewId
from domain.ticker_services import TickerService

Revisions = Collection[str] | None
"""The revisions that a caller accepts (`If-Match`); None accepts every revision."""


@dataclass(frozen=True, slots=True)
class ConfigurationList:
    """All configurations of a user, and the limit."""

    configurations: tuple[Configuration, ...]
    max_allowed: int

    @property
    def remaining(self) -> int:
        """How many more the user may create; 0 also if the limit was lowered below the present number."""
        return max(0, self.max_allowed - len(self.configurations))


class ConfigurationService:
    """What a user can do with their configurations."""

    def __init__(
        self,
        *,
        store: ConfigurationStore,
        tickers: TickerService,
        limits: ConfigurationLimits,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._tickers = tickers
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    def list(self, user: User) -> ConfigurationList:
        """All of the user's configurations, newest first. Raises TryLater."""
        return ConfigurationList(self._store.list(user.user_id), self._limits.of(user.kind))

    def get(self, user: User, config_id: str) -> Configuration:
        """One of the user's configurations. Raises NotFound, TryLater."""
        return self._store.get(user.user_id, config_id)

    def create(self, user: User, draft: ConfigurationInput, *, idempotency_key: str | None = None) -> AddResult:
        """Store a new configuration, at most once for each idempotency key, also after its delete.

        Raises LimitReached, DeletedSince, IdempotencyKeyReused, the errors of `TickerService.resolve`, TryLater.
        """
        now = self._clock()
        if idempotency_key is None:
            config_id, fingerprint = self._new_id(), None
        else:
            config_id, fingerprint = config_id_for(user.user_id, idempotency_key), draft.fingerprint()
        try:
            tickers = self._tickers.resolve(draft.symbols)
        except (ValidationFailed, TickersUnavailable):
            # The list may have changed since the first request with this key: its result stands.
            earlier = fingerprint and self._store.find_replay(user.user_id, config_id, fingerprint, now=now)
            if not earlier:
                raise
            return earlier
        configuration = Configuration(
            config_id=config_id,
            user_id=user.user_id,
            name=draft.name,
            tickers=tuple(WatchedTicker(ticker, now) for ticker in tickers),
            timeframe_days=draft.timeframe_days,
            include_extended_hours=draft.include_extended_hours,
            created_at=now,
            updated_at=now,
            revision=self._new_id(),
            request_fingerprint=fingerprint,
            expires_at=user.data_expires_at(now),
        )
        return self._store.add(configuration, limit=self._limits.of(user.kind))

    def update(
        self, user: User, config_id: str, changes: ConfigurationUpdate, *, revisions: Revisions = None
    ) -> Configuration:
        """Apply the update if the configuration is at one of `revisions`.

        Raises NotFound, RevisionMismatch, the errors of `TickerService.resolve`, TryLater.
        """
        tickers = None if changes.symbols is None else self._tickers.resolve(changes.symbols)
        revision, now = self._new_id(), self._clock()

        def change(current: Configuration) -> Configuration:
            if revisions is not None and current.revision not in revisions:
                raise RevisionMismatch
            return apply_update(current, changes, tickers, revision=revision, now=now)

        return self._store.update(user.user_id, config_id, change)

    def delete(self, user: User, config_id: str, *, revisions: Revisions = None) -> None:
        """Delete it if it is at one of `revisions`. Raises NotFound, RevisionMismatch, TryLater."""
        self._store.remove(
            user.user_id,
            config_id,
            now=self._clock(),
            revisions=None if revisions is None else frozenset(revisions),
        )
