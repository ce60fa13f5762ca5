"""The promises of domain/ports.py, on every store: updates, deletes and the check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.configurations import Configuration, WatchedTicker
from domain.errors import LimitReached, NotFound, RevisionMismatch
from domain.ports import AddResult, ConfigurationStore
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration, rename_to
from tests.contract.stages import Stage

# --- updating ---------------------------------------------------------------------------------------------------------


def test_an_update_stores_the_result_of_change(stage: Stage, ann: str) -> None:
    before = a_configuration(ann, BERKSHIRE, APPLE, expires_at=NOW)
    stage.open().add(before, limit=1)
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

    updated = stage.open().update(ann, before.config_id, change)

    assert updated == after
    assert set(seen) == {before}
    assert stage.open().list(ann) == (after,)


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
    assert store.update(ann, configuration.config_id, rename_to("Still alive")).name == "Still alive"


def test_an_update_is_not_counted(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=2)

    store.update(ann, configuration.config_id, rename_to("Again"))
    store.update(ann, configuration.config_id, rename_to("And again"))

    store.add(a_configuration(ann), limit=2)
    with pytest.raises(LimitReached):
        store.add(a_configuration(ann), limit=2)


# --- removing ---------------------------------------------------------------------------------------------------------


def test_a_delete_allows_another_add(stage: Stage, ann: str) -> None:
    first, second, third = (a_configuration(ann) for _ in range(3))
    stage.open().add(first, limit=2)
    stage.open().add(second, limit=2)

    stage.open().remove(ann, first.config_id, now=NOW)

    assert stage.open().add(third, limit=2) == AddResult(third, replayed=False)
    with pytest.raises(LimitReached):
        stage.open().add(a_configuration(ann), limit=2)
    with pytest.raises(NotFound):
        stage.open().get(ann, first.config_id)


def test_a_second_delete_is_not_found_and_not_counted(store: ConfigurationStore, ann: str) -> None:
    gone, kept = a_configuration(ann), a_configuration(ann)
    for configuration in (gone, kept):
        store.add(configuration, limit=2)
    store.remove(ann, gone.config_id, now=NOW)

    with pytest.raises(NotFound):
        store.remove(ann, gone.config_id, now=NOW)

    store.add(a_configuration(ann), limit=2)
    with pytest.raises(LimitReached):
        store.add(a_configuration(ann), limit=2)


def test_the_list_is_empty_after_the_last_delete(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    store.remove(ann, configuration.config_id, now=NOW)

    assert store.list(ann) == ()
    with pytest.raises(NotFound):
        store.update(ann, configuration.config_id, rename_to("Risen"))


def test_a_delete_with_other_revisions_is_refused(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)

    for unknown in (frozenset({"another"}), frozenset[str]()):
        with pytest.raises(RevisionMismatch):
            store.remove(ann, configuration.config_id, revisions=unknown, now=NOW)
    assert store.list(ann) == (configuration,)

    store.remove(ann, configuration.config_id, revisions=frozenset({"another", configuration.revision}), now=NOW)
    assert store.list(ann) == ()


def test_a_missing_configuration_is_not_found_at_any_revision(store: ConfigurationStore, ann: str) -> None:
    with pytest.raises(NotFound):
        store.remove(ann, str(uuid4()), revisions=frozenset({"any"}), now=NOW)


def test_the_id_of_a_deleted_configuration_without_a_key_is_free(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=1)
    store.remove(ann, configuration.config_id, now=NOW)

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)


def test_the_check_of_an_available_store_succeeds(store: ConfigurationStore) -> None:
    store.check()
