"""The store in a dict: every promise of the port but durability, for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from domain.configurations import Configuration, newest_first
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import AddResult

_Shelf = Mapping[str, Configuration]


class MemoryStore:
    """Keeps configurations for as long as the process lives; other processes see nothing of it.

    A user's shelf is replaced whole and never changed, so that a reader needs no lock.
    """

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._writing = Lock()

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """See ConfigurationStore."""
        user_id, config_id = configuration.user_id, configuration.config_id
        with self._writing:
            shelf = self._shelf(user_id)
            if config_id in shelf:
                return AddResult.replay(shelf[config_id], configuration.request_fingerprint)
            if len(shelf) >= limit:
                raise LimitReached(limit)
            self._shelves[user_id] = {**shelf, config_id: configuration}
        return AddResult(configuration, replayed=False)

    def get(self, user_id: str, config_id: str) -> Configuration:
        """See ConfigurationStore."""
        try:
            return self._shelf(user_id)[config_id]
        except KeyError:
            raise NotFound from None

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """See ConfigurationStore."""
        return newest_first(self._shelf(user_id).values())

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """See ConfigurationStore."""
        with self._writing:
            configuration = change(self.get(user_id, config_id))
            self._shelves[user_id] = {**self._shelf(user_id), config_id: configuration}
        return configuration

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        """See ConfigurationStore."""
        with self._writing:
            if revisions is not None and self.get(user_id, config_id).revision not in revisions:
                raise RevisionMismatch
            shelf = dict(self._shelf(user_id))
            if shelf.pop(config_id, None) is None:
                raise NotFound
            if shelf:
                self._shelves[user_id] = shelf
            else:
                del self._shelves[user_id]

    def check(self) -> None:
        """See ConfigurationStore."""

    def _shelf(self, user_id: str) -> _Shelf:
        return self._shelves.get(user_id, {})
