"""The extension of what a user holds, on every store: together with any other request, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.configurations import Configuration
from domain.idempotency import TOMBSTONE_RETENTION
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration, rename_to
from tests.contract.backends import Backend
from tests.contract.races import DONE, Act, at_every_interleaving

SOON, LATER, LAST = (NOW + timedelta(days=days) for days in (7, 37, 60))


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


Operation = Callable[[ConfigurationStore, Configuration], object]


def _delete(store: ConfigurationStore, configuration: Configuration) -> None:
    store.remove(configuration.user_id, configuration.config_id, now=NOW)


def _extend(store: ConfigurationStore, configuration: Configuration) -> None:
    store.extend(configuration.user_id, expires_at=LATER)


def _update(store: ConfigurationStore, configuration: Configuration) -> None:
    store.update(configuration.user_id, configuration.config_id, rename_to("New"))


@pytest.mark.parametrize(("ours", "theirs"), [(_extend, _delete), (_extend, _update), (_update, _extend)])
def test_an_extension_and_another_operation_both_take_effect(
    backend: Backend, ours: Operation, theirs: Operation
) -> None:
    def race(store: ConfigurationStore, other: ConfigurationStore, user: str) -> tuple[Act, Act]:
        configuration = a_configuration(user, expires_at=SOON)
        store.add(configuration, limit=1)
        return lambda: ours(store, configuration), lambda: theirs(other, configuration)

    for store, user, outcomes in at_every_interleaving(backend, race):
        assert outcomes == [DONE, DONE]
        expected = [] if theirs is _delete else [("New", LATER)]
        assert [(each.name, each.expires_at) for each in store.list(user)] == expected
