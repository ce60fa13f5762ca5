"""The promises of domain/ports.py, on every store: updates, deletes and the check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.configurations import Configuration, WatchedTicker
from domain.errors import RevisionMismatch
from domain.ports import AddResult, ConfigurationStore
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, a_keyed_configuration, rename_to
from tests.contract.backends import Backend
from tests.contract.conftest import expect_not_found
from tests.contract.races import free_places

EARLIER = NOW - timedelta(days=1)


def test_an_update_stores_the_result_of_change(backend: Backend, ann: str) -> None:
    before, other = a_configuration(ann, BERKSHIRE, APPLE, expires_at=NOW), a_configuration(ann, at=EARLIER)
    for configuration in (before, other):
        backend.open().add(configuration, limit=2)
    after = replace(
        before,
        name="After",
        tickers=(WatchedTicker(APPLE, NOW), WatchedTicker(BERKSHIRE, NOW + timedelta(microseconds=1))),
        timeframe_days=365,
        include_extended_hours=True,
        updated_at=NOW + timedelta(hours=1),
        revision="after",
        expires_at=None,
    )

    def change(current: Configuration) -> Configuration:
        assert current == before
        return after

    assert backend.open().update(ann, before.config_id, change) == after
    assert backend.open().list(ann) == (after, other)


@pytest.mark.parametrize("refusal", [RevisionMismatch(), ValueError("a bug")], ids=["a refusal", "a bug"])
def test_an_update_whose_change_raises_stores_nothing(store: ConfigurationStore, ann: str, refusal: Exception) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    def change(_: Configuration) -> Configuration:
        raise refusal

    with pytest.raises(type(refusal)) as raised:
        store.update(ann, configuration.config_id, change)

    assert raised.value is refusal
    assert store.list(ann) == (configuration,)
    assert store.update(ann, configuration.config_id, rename_to("Later")).name == "Later"


@pytest.mark.parametrize("build", [a_configuration, a_keyed_configuration], ids=["without a key", "with a key"])
def test_a_deleted_configuration_is_neither_found_nor_counted(
    backend: Backend, ann: str, build: Callable[[str], Configuration]
) -> None:
    gone, kept = build(ann), build(ann)
    for configuration in (gone, kept):
        backend.open().add(configuration, limit=2)
    renamed = backend.open().update(ann, kept.config_id, rename_to("An update is not counted"))
    backend.open().remove(ann, gone.config_id, now=NOW)

    expect_not_found(backend.open(), ann, gone.config_id, gone.revision)
    assert backend.open().list(ann) == (renamed,)
    assert free_places(backend.open(), ann, 2) == 1


def test_a_delete_with_other_revisions_is_refused(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    for unknown in (frozenset({"another"}), frozenset[str]()):
        with pytest.raises(RevisionMismatch):
            store.remove(ann, configuration.config_id, revisions=unknown, now=NOW)
    assert store.list(ann) == (configuration,)

    store.remove(ann, configuration.config_id, revisions=frozenset({"another", configuration.revision}), now=NOW)
    assert store.list(ann) == ()


def test_the_id_of_a_deleted_configuration_without_a_key_is_free(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    store.remove(ann, configuration.config_id, now=NOW)

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)


def test_the_check_of_an_available_store_succeeds(store: ConfigurationStore) -> None:
    store.check()
