"""A store that passes every operation through a function: fault injection and time measurement use it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from domain.adoption import Adoption
from domain.configurations import Configuration
from domain.ports import AddResult, ConfigurationStore

T = TypeVar("T")


class Intercept(Protocol):
    """Surrounds one operation of a store."""

    def __call__(self, operation: str, call: Callable[[], T]) -> T:
        """Make the call of `operation` (the name of a port method) and return its result, or raise instead."""


class InterceptedStore(ConfigurationStore):
    """`store`, with every operation passed through `intercept`."""

    def __init__(self, store: ConfigurationStore, intercept: Intercept) -> None:
        self._store = store
        self._intercept = intercept

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        return self._intercept("add", lambda: self._store.add(configuration, limit=limit))

    def get(self, user_id: str, config_id: str) -> Configuration:
        return self._intercept("get", lambda: self._store.get(user_id, config_id))

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        return self._intercept("list", lambda: self._store.list(user_id))

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        return self._intercept("update", lambda: self._store.update(user_id, config_id, change))

    def find_replay(
        self, user_id: str, config_id: str, request_fingerprint: str | None, *, now: datetime
    ) -> AddResult | None:
        return self._intercept(
            "find_replay", lambda: self._store.find_replay(user_id, config_id, request_fingerprint, now=now)
        )

    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        self._intercept("remove", lambda: self._store.remove(user_id, config_id, now=now, revisions=revisions))

    def extend(self, user_id: str, *, expires_at: datetime) -> None:
        self._intercept("extend", lambda: self._store.extend(user_id, expires_at=expires_at))

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        return self._intercept("adopt", lambda: self._store.adopt(adoption, limit=limit, now=now))

    def erase(self, user_id: str, *, now: datetime) -> None:
        self._intercept("erase", lambda: self._store.erase(user_id, now=now))

    def check(self) -> None:
        self._intercept("check", self._store.check)

    def close(self) -> None:
        self._store.close()
