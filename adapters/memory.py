"""Configurations in memory: every promise of the port but durability, for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock

from domain.adoption import Adoption
from domain.configurations import Configuration, newest_first
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.idempotency import Tombstone
from domain.ports import AddResult, ConfigurationStore


class MemoryStore(ConfigurationStore):
    """Keeps configurations for the life of the process; other processes do not see them.

    The mapping of a user is replaced on every write and never changed, so readers need no lock.
    """

    def __init__(self) -> None:
        self._by_user: dict[str, Mapping[str, Configuration]] = {}
        self._tombstones: dict[str, Mapping[str, Tombstone]] = {}
        self._write_lock = Lock()

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        user_id, config_id = configuration.user_id, configuration.config_id
        with self._write_lock:
            earlier = self.find_replay(
                user_id, config_id, configuration.request_fingerprint, now=configuration.created_at
            )
            if earlier is not None:
                return earlier
            stored = self._of(user_id)
            if len(stored) >= limit:
                raise LimitReached(limit)
            self._by_user[user_id] = {**stored, config_id: configuration}
        return AddResult(configuration, replayed=False)

    def find_replay(
        self, user_id: str, config_id: str, request_fingerprint: str | None, *, now: datetime
    ) -> AddResult | None:
        stored = self._of(user_id).get(config_id)
        if stored is not None:
            return AddResult.replay(stored, request_fingerprint)
        tombstone = self._tombstones.get(user_id, {}).get(config_id)
        if tombstone is not None and not tombstone.is_expired(now):
            tombstone.refuse(request_fingerprint)
        return None

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

    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        with self._write_lock:
            stored = self.get(user_id, config_id)
            if revisions is not None and stored.revision not in revisions:
                raise RevisionMismatch
            self._remove_all((stored,), now=now)

    def extend(self, user_id: str, *, expires_at: datetime) -> None:
        with self._write_lock:
            self._by_user[user_id] = {
                id_: replace(each, expires_at=expires_at) if each.expires_at and each.expires_at < expires_at else each
                for id_, each in self._of(user_id).items()
            }

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        with self._write_lock:
            held = self._of(adoption.member_id)
            selected = [
                each
                for each in adoption.select(self.list(adoption.anonymous_id))
                if each.config_id not in held.keys() | self._unexpired_tombstones(adoption.member_id, now)
            ]
            if selected and len(held) + len(selected) > limit:
                raise LimitReached(limit, adopting=len(selected))
            adopted = tuple(adoption.adopted(each) for each in selected)
            self._remove_all(selected, now=now)
            self._by_user[adoption.member_id] = {**held, **{each.config_id: each for each in adopted}}
        return adopted

    def erase(self, user_id: str, *, now: datetime) -> None:
        with self._write_lock:
            self._remove_all(self.list(user_id), now=now)

    def check(self) -> None:
        """Memory is always available."""

    def close(self) -> None:
        """There is nothing to close."""

    def _remove_all(self, configurations: Iterable[Configuration], *, now: datetime) -> None:
        for each in configurations:
            stored, tombstones = dict(self._of(each.user_id)), self._unexpired_tombstones(each.user_id, now)
            del stored[each.config_id]
            if (tombstone := Tombstone.of(each, deleted_at=now)) is not None:
                tombstones[each.config_id] = tombstone
            self._by_user[each.user_id], self._tombstones[each.user_id] = stored, tombstones

    def _unexpired_tombstones(self, user_id: str, now: datetime) -> dict[str, Tombstone]:
        return {id_: each for id_, each in self._tombstones.get(user_id, {}).items() if not each.is_expired(now)}

    def _of(self, user_id: str) -> Mapping[str, Configuration]:
        return self._by_user.get(user_id, {})
