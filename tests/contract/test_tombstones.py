"""Idempotency keys after a delete, on every store: a late duplicate does not recreate the configuration."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.configurations import Configuration
from domain.errors import DeletedSince, IdempotencyKeyReused, LimitReached
from domain.idempotency import TOMBSTONE_RETENTION
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration
from tests.contract.backends import Backend

DELETED_AT = NOW + timedelta(minutes=5)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def deleted(store: ConfigurationStore, ann: str) -> Configuration:
    """A configuration that was created with a key and then deleted."""
    configuration = a_keyed_configuration(ann)
    store.add(configuration, limit=1)
    store.remove(ann, configuration.config_id, now=DELETED_AT)
    return configuration


def test_a_late_duplicate_of_a_create_is_refused_after_the_delete(backend: Backend, ann: str) -> None:
    configuration = a_keyed_configuration(ann)
    backend.open().add(configuration, limit=1)
    backend.open().remove(ann, configuration.config_id, now=DELETED_AT)
    late = replace(configuration, created_at=DELETED_AT + MOMENT, revision=str(uuid4()))

    with pytest.raises(DeletedSince) as error:
        backend.open().add(late, limit=1)

    assert (error.value.config_id, error.value.deleted_at) == (configuration.config_id, DELETED_AT)
    assert backend.open().list(ann) == ()


def test_another_request_with_the_key_of_a_deleted_configuration_is_a_reuse(
    store: ConfigurationStore, ann: str, deleted: Configuration
) -> None:
    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(deleted, request_fingerprint="another"), limit=1)

    assert store.list(ann) == ()


def test_a_late_duplicate_is_refused_as_deleted_at_the_limit_too(
    store: ConfigurationStore, ann: str, deleted: Configuration
) -> None:
    store.add(a_configuration(ann), limit=1)

    with pytest.raises(DeletedSince):
        store.add(deleted, limit=1)


def test_an_expired_tombstone_frees_the_key(store: ConfigurationStore, ann: str, deleted: Configuration) -> None:
    before, after = (DELETED_AT + TOMBSTONE_RETENTION + each for each in (-MOMENT, MOMENT))

    with pytest.raises(DeletedSince):
        store.add(replace(deleted, created_at=before), limit=1)
    again = replace(deleted, created_at=after, updated_at=after)
    assert not store.add(again, limit=1).replayed

    assert store.list(ann) == (again,)
    with pytest.raises(LimitReached):
        store.add(a_configuration(ann), limit=1)


def test_the_tombstone_of_one_user_does_not_affect_another(
    store: ConfigurationStore, bob: str, deleted: Configuration
) -> None:
    assert not store.add(replace(deleted, user_id=bob), limit=1).replayed


def test_a_key_is_remembered_from_its_second_delete_on_too(store: ConfigurationStore, ann: str) -> None:
    configuration = a_keyed_configuration(ann)
    later = DELETED_AT + TOMBSTONE_RETENTION + MOMENT
    store.add(configuration, limit=1)
    store.remove(ann, configuration.config_id, now=DELETED_AT)
    store.add(replace(configuration, created_at=later), limit=1)
    store.remove(ann, configuration.config_id, now=later)

    with pytest.raises(DeletedSince) as error:
        store.add(replace(configuration, created_at=later + MOMENT), limit=1)

    assert error.value.deleted_at == later


def test_find_replay_answers_as_a_repeated_create_would(store: ConfigurationStore, ann: str) -> None:
    configuration = a_keyed_configuration(ann)
    key = ann, configuration.config_id, configuration.request_fingerprint

    assert store.find_replay(*key, now=NOW) is None

    store.add(configuration, limit=1)
    found = store.find_replay(*key, now=NOW)
    assert found is not None
    assert (found.configuration, found.replayed) == (configuration, True)
    with pytest.raises(IdempotencyKeyReused):
        store.find_replay(ann, configuration.config_id, "another", now=NOW)

    store.remove(ann, configuration.config_id, now=DELETED_AT)
    with pytest.raises(DeletedSince):
        store.find_replay(*key, now=DELETED_AT)
    assert store.find_replay(*key, now=DELETED_AT + TOMBSTONE_RETENTION + MOMENT) is None
