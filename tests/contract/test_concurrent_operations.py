"""The promises of domain/ports.py, on every store: concurrent operations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier

from domain.configurations import Configuration
from domain.errors import RevisionMismatch
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, rename_to
from tests.contract.backends import Backend
from tests.contract.races import (
    ADDED,
    DONE,
    FULL,
    GONE,
    OUTDATED,
    REPLAYED,
    Act,
    at_every_interleaving,
    create,
    free_places,
    settled,
)


def test_one_of_two_concurrent_adds_at_the_limit_succeeds(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ours.add(a_configuration(user), limit=2)
        return partial(create, ours, user, 2), partial(create, theirs, user, 2)

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == [ADDED, FULL]
        assert len(store.list(user)) == 2


def test_concurrent_adds_with_one_key_store_one_configuration(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ours.add(a_configuration(user), limit=2)
        same = a_configuration(user)

        def add(store: ConfigurationStore) -> str:
            return REPLAYED if store.add(same, limit=2).replayed else ADDED

        return partial(add, ours), partial(add, theirs)

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == [ADDED, REPLAYED]
        assert len(store.list(user)) == 2


def test_concurrent_updates_of_one_revision_are_not_allowed(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        configuration = a_configuration(user)
        ours.add(configuration, limit=2)

        def update(store: ConfigurationStore, name: str) -> str:
            def change(current: Configuration) -> Configuration:
                if current.revision != configuration.revision:
                    raise RevisionMismatch
                return replace(current, name=name, revision=name)

            return store.update(user, configuration.config_id, change).name

        return partial(update, ours, "ours"), partial(update, theirs, "theirs")

    for store, user, outcomes in at_every_interleaving(backend, race):
        winner, loser = sorted(outcomes, key=lambda outcome: outcome == OUTDATED)
        assert loser == OUTDATED
        assert [each.name for each in store.list(user)] == [winner]


def test_no_concurrent_update_is_lost(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        configuration = a_configuration(user, timeframe_days=1)
        ours.add(configuration, limit=2)

        def one_more_day(store: ConfigurationStore, revision: str) -> str:
            def change(current: Configuration) -> Configuration:
                return replace(current, timeframe_days=current.timeframe_days + 1, revision=revision)

            return store.update(user, configuration.config_id, change).revision

        return partial(one_more_day, ours, "ours"), partial(one_more_day, theirs, "theirs")

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == ["ours", "theirs"]
        assert [each.timeframe_days for each in store.list(user)] == [3]


def test_concurrent_deletes_are_counted_once(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        deleted = a_configuration(user)
        for configuration in (deleted, a_configuration(user)):
            ours.add(configuration, limit=2)
        return (
            lambda: ours.remove(user, deleted.config_id, now=NOW),
            lambda: theirs.remove(user, deleted.config_id, now=NOW),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == [DONE, GONE]
        assert free_places(store, user, 2) == 1


def test_an_update_does_not_recreate_a_concurrently_deleted_configuration(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        configuration = a_configuration(user)
        ours.add(configuration, limit=1)
        return (
            lambda: ours.update(user, configuration.config_id, rename_to("Updated")).name,
            lambda: theirs.remove(user, configuration.config_id, now=NOW),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert set(outcomes) in ({DONE, GONE}, {DONE, "Updated"})
        assert store.list(user) == ()


def test_a_delete_with_a_revision_does_not_remove_a_concurrent_update(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        seen = a_configuration(user)
        ours.add(seen, limit=1)
        return (
            lambda: ours.remove(user, seen.config_id, revisions=frozenset({seen.revision}), now=NOW),
            lambda: theirs.update(user, seen.config_id, rename_to("Newer")).name,
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert set(outcomes) in ({"Newer", OUTDATED}, {DONE, GONE})
        assert [each.name for each in store.list(user)] == (["Newer"] if "Newer" in outcomes else [])


def test_concurrent_adds_and_deletes_of_many_threads_keep_the_limit_and_the_count(backend: Backend, ann: str) -> None:
    together = Barrier(6)

    def add_and_delete(_: int) -> None:
        store = backend.open()
        together.wait()
        for _round in range(5):
            configuration = a_configuration(ann)
            if settled(partial(store.add, configuration, limit=2)) != FULL:
                assert len(store.list(ann)) <= 2
                settled(partial(store.remove, ann, configuration.config_id, now=NOW))

    with ThreadPoolExecutor(6) as executor:
        list(executor.map(add_and_delete, range(6)))

    assert backend.open().list(ann) == ()
    assert free_places(backend.open(), ann, 2) == 2
