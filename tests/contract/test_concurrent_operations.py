"""The promises of domain/ports.py, on every store: concurrent operations."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier

import pytest

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
    outcome_of,
    settled,
)

# --- two concurrent operations, at every interleaving ---


def test_one_of_two_concurrent_adds_at_the_limit_succeeds(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ours.add(a_configuration(user), limit=2)
        return (
            partial(_outcome_of_add, ours, a_configuration(user)),
            partial(_outcome_of_add, theirs, a_configuration(user)),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == [ADDED, FULL]
        assert len(store.list(user)) == 2


def test_concurrent_adds_with_one_key_store_one_configuration(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ours.add(a_configuration(user), limit=2)
        same = a_configuration(user)
        return partial(_outcome_of_add, ours, same), partial(_outcome_of_add, theirs, same)

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

            return outcome_of(lambda: store.update(user, configuration.config_id, change).name)

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

            return outcome_of(lambda: store.update(user, configuration.config_id, change).revision)

        return partial(one_more_day, ours, "ours"), partial(one_more_day, theirs, "theirs")

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == ["ours", "theirs"]
        assert [each.timeframe_days for each in store.list(user)] == [3]


def test_concurrent_deletes_are_counted_once(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        deleted = a_configuration(user)
        ours.add(deleted, limit=2)
        ours.add(a_configuration(user), limit=2)
        return (
            lambda: outcome_of(lambda: ours.remove(user, deleted.config_id, now=NOW)),
            lambda: outcome_of(lambda: theirs.remove(user, deleted.config_id, now=NOW)),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert sorted(outcomes) == [DONE, GONE]
        assert _outcome_of_add(store, a_configuration(user)) == ADDED
        assert _outcome_of_add(store, a_configuration(user)) == FULL


def test_an_update_does_not_recreate_a_concurrently_deleted_configuration(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        configuration = a_configuration(user)
        ours.add(configuration, limit=1)
        return (
            lambda: outcome_of(lambda: ours.update(user, configuration.config_id, rename_to("Updated")).name),
            lambda: outcome_of(lambda: theirs.remove(user, configuration.config_id, now=NOW)),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert set(outcomes) in ({DONE, GONE}, {DONE, "Updated"})
        assert store.list(user) == ()


def test_a_delete_with_a_revision_does_not_remove_a_concurrent_update(backend: Backend) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        seen = a_configuration(user)
        ours.add(seen, limit=1)
        return (
            lambda: outcome_of(
                lambda: ours.remove(user, seen.config_id, revisions=frozenset({seen.revision}), now=NOW)
            ),
            lambda: outcome_of(lambda: theirs.update(user, seen.config_id, rename_to("Newer")).name),
        )

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert set(outcomes) in ({"Newer", OUTDATED}, {DONE, GONE})
        assert [each.name for each in store.list(user)] == (["Newer"] if "Newer" in outcomes else [])


# --- many concurrent operations ---


@pytest.mark.slow
def test_adds_of_several_processes_keep_the_limit(shared_backend: Backend, ann: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)

    with ProcessPoolExecutor(4, mp_context=spawn, initializer=_set_barrier, initargs=(together,)) as executor:
        outcomes = Counter(
            outcome for each in executor.map(_five_adds, [shared_backend] * 4, [ann] * 4) for outcome in each
        )

    assert outcomes == {ADDED: 2, FULL: 18}
    assert len(shared_backend.open().list(ann)) == 2


def test_concurrent_adds_and_deletes_keep_the_limit_and_the_count(backend: Backend, ann: str) -> None:
    together = Barrier(6)

    def add_and_delete(_: int) -> None:
        store = backend.open()
        together.wait()
        for _round in range(5):
            configuration = a_configuration(ann)
            if settled(partial(_outcome_of_add, store, configuration)) == ADDED:
                assert len(store.list(ann)) <= 2
                settled(partial(outcome_of, partial(store.remove, ann, configuration.config_id, now=NOW)))

    with ThreadPoolExecutor(6) as executor:
        list(executor.map(add_and_delete, range(6)))

    assert backend.open().list(ann) == ()
    assert [_outcome_of_add(backend.open(), a_configuration(ann)) for _ in range(3)] == [ADDED, ADDED, FULL]


# --- helpers ---


def _outcome_of_add(store: ConfigurationStore, configuration: Configuration) -> str:
    return outcome_of(lambda: REPLAYED if store.add(configuration, limit=2).replayed else ADDED)


def _set_barrier(barrier: Barrier) -> None:
    global _together  # noqa: PLW0603 - the initializer of a process pool has no other place
    _together = barrier


_together: Barrier


def _five_adds(backend: Backend, user: str) -> list[str]:
    store = backend.open()
    _together.wait()
    return [settled(partial(_outcome_of_add, store, a_configuration(user))) for _ in range(5)]
