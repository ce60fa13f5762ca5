"""The use cases: one method each, and no technology."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from domain.configurations import Configuration, ConfigurationInput, ConfigurationUpdate, WatchedTicker, apply_update
from domain.errors import (
    DelistedTicker,
    FieldProblem,
    NotFound,
    RevisionMismatch,
    TickersUnavailable,
    UnknownTicker,
    ValidationFailed,
)
from domain.limits import ConfigurationLimits, User
from domain.ports import AddResult, Clock, ConfigurationStore, Listings, NewId, TickerList
from domain.tickers import Ticker, TickerStatus, TickerValidation, canonical_symbol, validate_symbol

TICKERS_RETRY = timedelta(seconds=15), timedelta(seconds=45)
"""When to ask again for a symbol that cannot be judged: within this span, at random."""

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


class TickerService:
    """Judges symbols by the best list there is."""

    def __init__(self, tickers: TickerList, *, rng: random.Random) -> None:
        self._tickers = tickers
        self._random = rng

    def search(self, query: str, limit: int) -> Sequence[Ticker]:
        """Traded tickers that match, best first."""
        return self._tickers.current().search(query, limit)

    def validate(self, texts: Sequence[str]) -> list[TickerValidation]:
        """A verdict for each text, in its order.

        Raises TickersUnavailable if one would be denied by a list that may not deny.
        """
        listings = self._tickers.current()
        return [self._validate(text, listings) for text in texts]

    def lookup(self, text: str) -> Ticker:
        """The ticker of a symbol, traded or not. Raises NotFound, TickersUnavailable."""
        verdict = self.validate([text])[0]
        if verdict.ticker is None:
            raise NotFound(verdict.message)
        return verdict.ticker

    def resolve(self, symbols: Sequence[str]) -> tuple[Ticker, ...]:
        """The tickers that canonical symbols stand for.

        Raises UnknownTicker or DelistedTicker, ValidationFailed where both occur, TickersUnavailable.
        """
        verdicts = self.validate(symbols)
        problems = tuple(
            FieldProblem(f"tickers.{i}", f"{v.status}_ticker", v.message, v.successor)
            for i, v in enumerate(verdicts)
            if v.status is not TickerStatus.VALID
        )
        if problems:
            kinds = {problem.code for problem in problems}
            if len(kinds) > 1:
                raise ValidationFailed(problems)
            raise UnknownTicker(problems) if kinds == {"unknown_ticker"} else DelistedTicker(problems)
        return tuple(v.ticker for v in verdicts if v.ticker)

    def _validate(self, text: str, listings: Listings) -> TickerValidation:
        symbol = canonical_symbol(text)
        if symbol is None:  # no list, however fresh, could hold it
            return TickerValidation(text.strip(), TickerStatus.UNKNOWN, "A symbol looks like AAPL or BRK.B.")
        verdict = validate_symbol(symbol, listings.find(symbol))
        if verdict.status is not TickerStatus.VALID and not listings.authoritative:
            low, high = TICKERS_RETRY
            raise TickersUnavailable(
                f"{symbol} cannot be judged now: the current ticker list is out of reach.",
                retry_after=low + (high - low) * self._random.random(),
            )
        return verdict


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
