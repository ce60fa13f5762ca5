"""The end of a session on every store: an erasure, of which only tombstones remain, and an extension."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from domain.errors import DeletedSince
from domain.idempotency import TOMBSTONE_RETENTION
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration
from tests.contract.backends import Backend, Interruption
from tests.contract.races import ADDED, DONE, Act, at_every_interleaving, create, free_places

SOON, LATER, LAST = (NOW + timedelta(days=days) for days in (7, 37, 60))


class CrashError(Exception):
    """The process ends here."""


def crash() -> None:
    raise CrashError


def test_everything_is_erased_but_the_memory_of_idempotency_keys(store: ConfigurationStore, ann: str, bob: str) -> None:
    keyed, other = a_keyed_configuration(ann), a_configuration(bob)
    for each in (keyed, a_configuration(ann, request_fingerprint=None), other):
        store.add(each, limit=2)

    for _ in range(2):
        store.erase(ann, now=NOW)

    assert (store.list(ann), store.list(bob)) == ((), (other,))
    with pytest.raises(DeletedSince):
        store.add(keyed, limit=2)
    assert not store.add(replace(keyed, created_at=NOW + TOMBSTONE_RETENTION + timedelta(seconds=1)), limit=1).replayed


def test_a_crash_at_any_point_is_continued_by_a_repeat(backend: Backend, ann: str) -> None:
    for index in count():
        store = backend.open()
        for each in (a_keyed_configuration(ann), a_configuration(ann)):
            store.add(each, limit=2)
        interruption = Interruption(index, crash)
        try:
            with backend.interrupt(store, interruption):
                store.erase(ann, now=NOW)
        except CrashError:
            store.erase(ann, now=NOW)

        assert store.list(ann) == ()
        if not interruption.happened:
            break


def test_a_concurrent_create_is_erased_or_counted(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ours.add(a_configuration(user), limit=2)
        return lambda: ours.erase(user, now=NOW), lambda: create(theirs, user, 2)

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert outcomes == [ADDED, DONE]
        assert len(store.list(user)) + free_places(store, user, 2) == 2


def test_what_would_expire_earlier_is_extended_and_keeps_its_revision(backend: Backend, ann: str, bob: str) -> None:
    held = [a_configuration(ann, expires_at=at) for at in (SOON, LATER, LAST, None)]
    other = a_configuration(bob, expires_at=SOON)
    for configuration in (*held, other):
        backend.open().add(configuration, limit=4)

    for _ in range(2):
        backend.open().extend(ann, expires_at=LATER)

    assert {each.config_id: each for each in backend.open().list(ann)} == {
        each.config_id: replace(each, expires_at=LATER) if each.expires_at == SOON else each for each in held
    }
    assert backend.open().list(bob) == (other,)


def test_nothing_is_made_for_a_user_who_holds_nothing(store: ConfigurationStore, ann: str) -> None:
    configuration = a_keyed_configuration(ann, expires_at=SOON)
    store.add(configuration, limit=1)
    store.remove(ann, configuration.config_id, now=NOW)

    store.extend(ann, expires_at=LATER)

    assert store.list(ann) == ()
    again = replace(configuration, created_at=NOW + TOMBSTONE_RETENTION + timedelta(seconds=1))
    assert not store.add(again, limit=1).replayed
