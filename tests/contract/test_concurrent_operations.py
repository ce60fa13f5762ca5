"""The promises of domain/ports.py, on every store: concurrent operations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from uuid import uuid4

import pytest

from domain.configurations import Configuration
from domain.errors import RevisionMismatch
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration
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
    free_places,
    settled,
)

LIMIT = 2
EXPIRY, RENEWED = NOW + timedelta(days=7), NOW + timedelta(days=37)
Operation = Callable[[ConfigurationStore, Configuration, Configuration], str | None]
"""On a stored configuration, and on another one that is not stored yet."""


def add(store: ConfigurationStore, _: Configuration, new: Configuration) -> str:
    return REPLAYED if store.add(new, limit=LIMIT).replayed else ADDED


def add_another(store: ConfigurationStore, held: Configuration, _: Configuration) -> str:
    return add(store, held, a_configuration(held.user_id))


def one_more_day(current: Configuration) -> Configuration:
    return replace(current, timeframe_days=current.timeframe_days + 1, revision=str(uuid4()))


def update(store: ConfigurationStore, held: Configuration, _: Configuration) -> str:
    return f"{store.update(held.user_id, held.config_id, one_more_day).timeframe_days} days"


def update_at_its_revision(store: ConfigurationStore, held: Configuration, _: Configuration) -> str:
    def change(current: Configuration) -> Configuration:
        if current.revision != held.revision:
            raise RevisionMismatch
        return one_more_day(current)

    return f"{store.update(held.user_id, held.config_id, change).timeframe_days} days"


def delete(store: ConfigurationStore, held: Configuration, _: Configuration) -> None:
    store.remove(held.user_id, held.config_id, now=NOW)


def delete_at_its_revision(store: ConfigurationStore, held: Configuration, _: Configuration) -> None:
    store.remove(held.user_id, held.config_id, revisions=frozenset({held.revision}), now=NOW)


def renew(store: ConfigurationStore, held: Configuration, _: Configuration) -> None:
    store.extend(held.user_id, expires_at=RENEWED)


TWO_DAYS, THREE_DAYS = "2 days", "3 days"


@pytest.mark.parametrize(
    ("ours", "theirs", "allowed"),
    [
        (add, add_another, [({ADDED, FULL}, [1, 7])]),
        (add, add, [({ADDED, REPLAYED}, [1, 7])]),
        (update, update, [({TWO_DAYS, THREE_DAYS}, [3])]),
        (update_at_its_revision, update_at_its_revision, [({TWO_DAYS, OUTDATED}, [2])]),
        (delete, delete, [({DONE, GONE}, [])]),
        (update, delete, [({DONE, GONE}, []), ({DONE, TWO_DAYS}, [])]),
        (delete_at_its_revision, update, [({DONE, GONE}, []), ({TWO_DAYS, OUTDATED}, [2])]),
        (renew, delete, [({DONE}, [])]),
        (renew, update, [({DONE, TWO_DAYS}, [2])]),
        (update, renew, [({DONE, TWO_DAYS}, [2])]),
    ],
)
def test_concurrent_operations_take_effect_one_after_the_other(
    backend: Backend, ours: Operation, theirs: Operation, allowed: list[tuple[set[str], list[int]]]
) -> None:
    """Both outcomes are allowed together with the time frames of what is stored then, all of which is counted."""

    def race(our_store: ConfigurationStore, their_store: ConfigurationStore, user: str) -> tuple[Act, Act]:
        held, new = a_configuration(user, timeframe_days=1, expires_at=EXPIRY), a_configuration(user)
        our_store.add(held, limit=LIMIT)
        return partial(ours, our_store, held, new), partial(theirs, their_store, held, new)

    for store, user, outcomes in at_every_interleaving(backend, race):
        stored = store.list(user)
        assert (set(outcomes), sorted(each.timeframe_days for each in stored)) in allowed
        assert renew not in {ours, theirs} or {each.expires_at for each in stored} <= {RENEWED}
        assert len(stored) + free_places(store, user, LIMIT) == LIMIT


def test_concurrent_adds_and_deletes_of_many_threads_keep_the_limit_and_the_count(backend: Backend, ann: str) -> None:
    together = Barrier(6)

    def add_and_delete(_: int) -> None:
        store = backend.open()
        together.wait()
        for _round in range(5):
            configuration = a_configuration(ann)
            if settled(partial(store.add, configuration, limit=LIMIT)) != FULL:
                assert len(store.list(ann)) <= LIMIT
                settled(partial(store.remove, ann, configuration.config_id, now=NOW))

    with ThreadPoolExecutor(6) as executor:
        list(executor.map(add_and_delete, range(6)))

    assert backend.open().list(ann) == ()
    assert free_places(backend.open(), ann, LIMIT) == LIMIT
