"""The promises of domain/ports.py, on every store: updates, deletes and the check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.configurations import Configuration, WatchedTicker
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import AddResult, ConfigurationStore
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, rename_to
from tests.contract.backends import Backend

# --- updating ---------------------------------------------------------------------------------------------------------


def test_an_update_stores_the_result_of_change(backend: Backend, ann: str) -> None:
    before = a_configuration(ann, BERKSHIRE, APPLE, expires_at=NOW)
    backend.open().add(before, limit=1)
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
    seen = []

    def change(current: Configuration) -> Configuration:
        seen.append(current)
        return after

    updated = backend.open().update(ann, before.config_id, change)

    assert updated == after
    assert set(seen) == {before}
    assert backend.open().list(ann) == (after,)


def test_an_update_does_not_change_other_configurations(store: ConfigurationStore, ann: str) -> None:
    changed, kept = a_configuration(ann), a_configuration(ann, at=NOW - timedelta(days=1))
    for configuration in (changed, kept):
        store.add(configuration, limit=2)

    renamed = store.update(ann, changed.config_id, rename_to("Changed"))

    assert store.list(ann) == (renamed, kept)


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


# --- removing ---------------------------------------------------------------------------------------------------------


def test_a_delete_allows_one_more_add_and_a_second_delete_is_not_found(backend: Backend, ann: str) -> None:
    gone, kept, third = (a_configuration(ann) for _ in range(3))
    for configuration in (gone, kept):
        backend.open().add(configuration, limit=2)
    backend.open().update(ann, kept.config_id, rename_to("An update is not counted"))
    backend.open().remove(ann, gone.config_id, now=NOW)

    for act in (
        lambda: backend.open().remove(ann, gone.config_id, now=NOW),
        lambda: backend.open().update(ann, gone.config_id, rename_to("Updated")),
        lambda: backend.open().get(ann, gone.config_id),
    ):
        with pytest.raises(NotFound):
            act()

    assert backend.open().add(third, limit=2) == AddResult(third, replayed=False)
    with pytest.raises(LimitReached):
        backend.open().add(a_configuration(ann), limit=2)


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
