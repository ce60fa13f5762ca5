"""The use cases: one method each, and no technology."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from domain.configurations import Configuration, ConfigurationInput, ConfigurationUpdate, WatchedTicker, apply_update
from domain.errors import NotFound, RevisionMismatch, TickersUnavailable, ValidationFailed
from domain.limits import ConfigurationLimits, User
from domain.ports import AddResult, Clock, ConfigurationStore, NewId
from domain.ticker_services import TickerService

Revisions = Collection[str] | None
"""The revisions that a caller accepts (`If-Match`); None where any will do."""


@dataclass(frozen=True, slots=True)
class ConfigurationList:
    """What one user holds, and how much they may hold."""

    configurations: tuple[Configuration, ...]
    max_allowed: int

    @property
    def remaining(self) -> int:
        """Places left; 0 also for a user whose limit was lowered."""
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
        """All that the user holds, newest first."""
        return ConfigurationList(self._store.list(user.user_id), self._limits.of(user.kind))

    def get(self, user: User, config_id: str) -> Configuration:
        """One of the user's configurations. Raises NotFound."""
        return self._store.get(user.user_id, config_id)

    def create(self, user: User, draft: ConfigurationInput, *, idempotency_key: str | None = None) -> AddResult:
        """Store the draft as a new configuration, at most once for each idempotency key.

        Raises LimitReached, IdempotencyKeyReused, the refusals of `TickerService.resolve`, TryLater.
        """
        config_id = self._new_id() if idempotency_key is None else _id_for(user, idempotency_key)
        fingerprint = draft.fingerprint()
        try:
            tickers = self._tickers.resolve(draft.symbols)
        except (ValidationFailed, TickersUnavailable):
            # The list may have changed since the request was first answered: what was stored stands.
            stored = None if idempotency_key is None else self._stored(user, config_id)
            if stored is None:
                raise
            return AddResult.replay(stored, fingerprint)
        now = self._clock()
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
            expires_at=user.data_expires_at,
        )
        return self._store.add(configuration, limit=self._limits.of(user.kind))

    def update(
        self, user: User, config_id: str, changes: ConfigurationUpdate, *, revisions: Revisions = None
    ) -> Configuration:
        """Make the changes if the configuration is at one of `revisions`.

        Raises NotFound, RevisionMismatch, the refusals of `TickerService.resolve`, TryLater.
        """
        tickers = None if changes.symbols is None else self._tickers.resolve(changes.symbols)
        revision, now = self._new_id(), self._clock()

        def change(current: Configuration) -> Configuration:
            if revisions is not None and current.revision not in revisions:
                raise RevisionMismatch
            return apply_update(current, changes, tickers, revision=revision, now=now, expires_at=user.data_expires_at)

        return self._store.update(user.user_id, config_id, change)

    def delete(self, user: User, config_id: str, *, revisions: Revisions = None) -> None:
        """Delete it if it is at one of `revisions`, and free its place. Raises NotFound, RevisionMismatch, TryLater."""
        self._store.remove(user.user_id, config_id, revisions=None if revisions is None else frozenset(revisions))

    def _stored(self, user: User, config_id: str) -> Configuration | None:
        try:
            return self._store.get(user.user_id, config_id)
        except NotFound:
            return None


def _id_for(user: User, idempotency_key: str) -> str:
    """The id of whatever this user creates with this key: the same for every repeat (RFC 9562 §5.5)."""
    return str(uuid5(NAMESPACE_URL, f"{user.user_id}\n{idempotency_key}"))
