"""The promises of domain/ports.py, on every store: adds, replays and reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.configurations import Configuration, WatchedTicker
from domain.errors import IdempotencyKeyReused, LimitReached, NotFound
from domain.ports import AddResult, ConfigurationStore
from domain.tickers import Ticker
from tests.builders import APPLE, NOW, a_configuration, rename_to
from tests.contract.stages import Stage

# --- adding -----------------------------------------------------------------------------------------------------------


def test_an_added_configuration_is_visible_to_other_handles(stage: Stage, ann: str) -> None:
    configuration = a_configuration(ann)

    added = stage.open().add(configuration, limit=2)

    assert added == AddResult(configuration, replayed=False)
    assert stage.open().get(ann, configuration.config_id) == configuration
    assert stage.open().list(ann) == (configuration,)


def test_the_limit_can_be_filled_exactly(store: ConfigurationStore, ann: str) -> None:
    for _ in range(3):
        store.add(a_configuration(ann), limit=3)

    with pytest.raises(LimitReached) as refusal:
        store.add(a_configuration(ann), limit=3)

    assert refusal.value.max_allowed == 3
    assert len(store.list(ann)) == 3


def test_a_refused_add_stores_nothing(store: ConfigurationStore, ann: str) -> None:
    kept, refused = a_configuration(ann), a_configuration(ann)
    store.add(kept, limit=1)

    with pytest.raises(LimitReached):
        store.add(refused, limit=1)

    assert store.list(ann) == (kept,)
    with pytest.raises(NotFound):
        store.get(ann, refused.config_id)


def test_a_limit_of_zero_refuses_every_add(store: ConfigurationStore, ann: str) -> None:
    with pytest.raises(LimitReached):
        store.add(a_configuration(ann), limit=0)

    assert store.list(ann) == ()


def test_a_lowered_limit_keeps_stored_configurations_and_refuses_adds_above_it(
    store: ConfigurationStore, ann: str
) -> None:
    held = [a_configuration(ann) for _ in range(3)]
    for configuration in held:
        store.add(configuration, limit=3)

    for configuration in held[:2]:
        with pytest.raises(LimitReached):
            store.add(a_configuration(ann), limit=2)
        store.remove(ann, configuration.config_id, now=NOW)

    store.add(a_configuration(ann), limit=2)
    assert len(store.list(ann)) == 2


def test_the_limit_applies_to_each_user_separately(store: ConfigurationStore, ann: str, bob: str) -> None:
    store.add(a_configuration(ann), limit=1)

    added = store.add(a_configuration(bob), limit=1)

    assert not added.replayed


# --- replays ----------------------------------------------------------------------------------------------------------


def test_a_repeated_add_is_not_counted_twice(stage: Stage, ann: str) -> None:
    configuration = a_configuration(ann)
    stage.open().add(configuration, limit=2)

    again = stage.open().add(configuration, limit=2)

    assert again == AddResult(configuration, replayed=True)
    stage.open().add(a_configuration(ann), limit=2)
    assert len(stage.open().list(ann)) == 2


def test_a_replay_returns_the_stored_configuration(store: ConfigurationStore, ann: str) -> None:
    first = a_configuration(ann)
    store.add(first, limit=2)

    later = replace(first, revision="later", created_at=NOW + timedelta(minutes=1), updated_at=NOW)
    again = store.add(later, limit=2)

    assert again == AddResult(first, replayed=True)
    assert store.get(ann, first.config_id) == first


def test_a_replay_succeeds_at_the_limit(store: ConfigurationStore, ann: str) -> None:
    first, second = a_configuration(ann), a_configuration(ann)
    store.add(first, limit=2)
    store.add(second, limit=2)

    assert store.add(first, limit=2) == AddResult(first, replayed=True)
    assert store.add(second, limit=1) == AddResult(second, replayed=True)


def test_a_replay_returns_later_updates(store: ConfigurationStore, ann: str) -> None:
    first = a_configuration(ann)
    store.add(first, limit=2)
    renamed = store.update(ann, first.config_id, rename_to("Second thoughts"))

    assert store.add(first, limit=2) == AddResult(renamed, replayed=True)


def test_the_same_id_with_another_fingerprint_is_refused(store: ConfigurationStore, ann: str) -> None:
    first = a_configuration(ann)
    store.add(first, limit=2)

    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(first, name="Other", request_fingerprint="other"), limit=2)

    assert store.list(ann) == (first,)


def test_a_reused_key_is_reported_at_the_limit_too(store: ConfigurationStore, ann: str) -> None:
    first = a_configuration(ann)
    store.add(first, limit=1)

    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(first, request_fingerprint="other"), limit=1)


def test_two_users_can_use_the_same_id(store: ConfigurationStore, ann: str, bob: str) -> None:
    hers = a_configuration(ann)
    his = replace(hers, user_id=bob, name="His")
    store.add(hers, limit=1)

    assert store.add(his, limit=1) == AddResult(his, replayed=False)
    assert store.get(ann, hers.config_id) == hers
    assert store.get(bob, hers.config_id) == his


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_new_user_has_no_configurations(store: ConfigurationStore, ann: str) -> None:
    assert store.list(ann) == ()
    with pytest.raises(NotFound):
        store.get(ann, str(uuid4()))


def test_lists_are_ordered_newest_first_with_ties_by_id(store: ConfigurationStore, ann: str) -> None:
    moments = [NOW, NOW + timedelta(microseconds=1), NOW, NOW - timedelta(days=1), NOW + timedelta(seconds=1)]
    held = [a_configuration(ann, at=moment) for moment in moments]
    for configuration in held:
        store.add(configuration, limit=9)

    listed = store.list(ann)

    assert listed == tuple(sorted(held, key=lambda each: (each.created_at, each.config_id), reverse=True))


def test_times_with_and_without_fractions_sort_as_times(store: ConfigurationStore, ann: str) -> None:
    whole, fraction = a_configuration(ann, at=NOW), a_configuration(ann, at=NOW + timedelta(milliseconds=500))
    for configuration in (whole, fraction):
        store.add(configuration, limit=2)

    assert store.list(ann) == (fraction, whole)


def test_a_clock_that_is_set_back_does_not_affect_the_order(store: ConfigurationStore, ann: str) -> None:
    first = a_configuration(ann, at=NOW)
    before = a_configuration(ann, at=NOW - timedelta(days=365))
    store.add(first, limit=2)
    store.add(before, limit=2)

    updated = store.update(ann, first.config_id, lambda current: replace(current, updated_at=NOW - timedelta(days=1)))

    assert store.list(ann) == (updated, before)


_times = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it
_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50)


@settings(max_examples=50)
@given(
    some=st.builds(
        Configuration,
        config_id=st.uuids().map(str),
        user_id=st.just(""),
        name=_texts,
        tickers=st.lists(
            st.builds(WatchedTicker, st.builds(Ticker, _texts, _texts, _texts), _times), min_size=1, max_size=5
        ).map(tuple),
        timeframe_days=st.integers(1, 365),
        include_extended_hours=st.booleans(),
        created_at=_times,
        updated_at=_times,
        revision=st.uuids().map(str),
        request_fingerprint=st.none() | st.uuids().map(str),
        expires_at=st.none() | _times.map(lambda time: time.replace(microsecond=0)),
    )
)
def test_every_field_is_stored_unchanged(stage: Stage, some: Configuration) -> None:
    store, configuration = stage.open(), replace(some, user_id=f"user-{uuid4()}")

    store.add(configuration, limit=1)

    assert store.get(configuration.user_id, configuration.config_id) == configuration
    assert store.list(configuration.user_id) == (configuration,)


def test_field_types_are_preserved(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann, APPLE, include_extended_hours=True, name="👩‍👩‍👧 Ünïcødé 株")
    store.add(configuration, limit=1)

    stored = store.get(ann, configuration.config_id)

    assert repr(stored) == repr(configuration)


@pytest.mark.parametrize(
    "config_id", ["", " ", "' OR 1=1 --", "x\0y", "QUOTA", "CONFIG#", "%2e%2e/", "é" * 300], ids=ascii
)
def test_an_invalid_id_is_not_found(store: ConfigurationStore, ann: str, config_id: str) -> None:
    store.add(a_configuration(ann), limit=1)

    with pytest.raises(NotFound):
        store.get(ann, config_id)
    with pytest.raises(NotFound):
        store.update(ann, config_id, rename_to("Never"))
    with pytest.raises(NotFound):
        store.remove(ann, config_id, now=NOW)


# --- other users ---


def test_another_users_configuration_is_not_found(store: ConfigurationStore, ann: str, bob: str) -> None:
    hers = a_configuration(ann)
    store.add(hers, limit=1)

    with pytest.raises(NotFound):
        store.get(bob, hers.config_id)
    with pytest.raises(NotFound):
        store.update(bob, hers.config_id, rename_to("Mine now"))
    with pytest.raises(NotFound):
        store.remove(bob, hers.config_id, now=NOW)
    with pytest.raises(NotFound):
        store.remove(bob, hers.config_id, revisions=frozenset({hers.revision}), now=NOW)

    assert store.list(bob) == ()
    assert store.list(ann) == (hers,)
