"""Configurations in memory: every promise of the port but durability, for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from domain.configurations import Configuration, newest_first
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import AddResult, ConfigurationStore


class MemoryStore(ConfigurationStore):
    """Keeps configurations for the life of the process; other processes do not see them.

    The mapping of a user is replaced on every write and never changed, so readers need no lock.
    """

    def __init__(self) -> None:
        self._by_user: dict[str, Mapping[str, Configuration]] = {}
        self._write_lock = Lock()

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        user_id, config_id = configuration.user_id, configuration.config_id
        with self._write_lock:
            stored = self._of(user_id)
            if config_id in stored:
                return AddResult.replay(stored[config_id], configuration.request_fingerprint)
            if len(stored) >= limit:
                raise LimitReached(limit)
            self._by_user[user_id] = {**stored, config_id: configuration}
        return AddResult(configuration, replayed=False)

    def get(self, user_id: str, config_id: str) -> Configuration:
        try:
            return self._of(user_id)[config_id]
        except KeyError:
            raise NotFound from None

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        return newest_first(self._of(user_id).values())

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        with self._write_lock:
            configuration = change(self.get(user_id, config_id))
            self._by_user[user_id] = {**self._of(user_id), config_id: configuration}
        return configuration

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        with self._write_lock:
            if revisions is not None and self.get(user_id, config_id).revision not in revisions:
                raise RevisionMismatch
            remaining = dict(self._of(user_id))
            if remaining.pop(config_id, None) is None:
                raise NotFound
            if remaining:
                self._by_user[user_id] = remaining
            else:
                del self._by_user[user_id]

    def check(self) -> None:
        """Memory is always available."""

    def close(self) -> None:
        """There is nothing to close."""

    def _of(self, user_id: str) -> Mapping[str, Configuration]:
        return self._by_user.get(user_id, {})
