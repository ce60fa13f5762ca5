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
from tests.builders import NOW, a_configuration, rename_to
from tests.contract.backends import Backend
from tests.contract.conftest import expect_not_found


def test_the_limit_can_be_filled_exactly_and_a_refused_add_stores_nothing(store: ConfigurationStore, ann: str) -> None:
    for _ in range(3):
        store.add(a_configuration(ann), limit=3)
    refused = a_configuration(ann)

    with pytest.raises(LimitReached) as refusal:
        store.add(refused, limit=3)

    assert refusal.value.max_allowed == 3
    assert len(store.list(ann)) == 3
    with pytest.raises(NotFound):
        store.get(ann, refused.config_id)


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


def test_a_repeated_add_returns_the_stored_configuration_and_is_not_counted(backend: Backend, ann: str) -> None:
    first = a_configuration(ann)
    backend.open().add(first, limit=2)
    later = replace(first, revision="later", created_at=NOW + timedelta(minutes=1), updated_at=NOW)

    assert backend.open().add(later, limit=2) == AddResult(first, replayed=True)

    backend.open().add(a_configuration(ann), limit=2)
    assert backend.open().add(later, limit=2) == AddResult(first, replayed=True), "at the limit"
    renamed = backend.open().update(ann, first.config_id, rename_to("New"))
    assert backend.open().add(later, limit=1) == AddResult(renamed, replayed=True), "updated, and above the limit"
    assert len(backend.open().list(ann)) == 2


@pytest.mark.parametrize("limit", [1, 2])
def test_the_same_id_with_another_fingerprint_is_refused(store: ConfigurationStore, ann: str, limit: int) -> None:
    first = a_configuration(ann)
    store.add(first, limit=limit)

    with pytest.raises(IdempotencyKeyReused):
        store.add(replace(first, name="Other", request_fingerprint="other"), limit=limit)

    assert store.list(ann) == (first,)


def test_two_users_can_use_the_same_id(store: ConfigurationStore, ann: str, bob: str) -> None:
    hers = a_configuration(ann)
    his = replace(hers, user_id=bob, name="His")
    store.add(hers, limit=1)

    assert store.add(his, limit=1) == AddResult(his, replayed=False)
    assert store.get(ann, hers.config_id) == hers
    assert store.get(bob, hers.config_id) == his


def test_lists_are_ordered_by_creation_newest_first_with_ties_by_id(store: ConfigurationStore, ann: str) -> None:
    """Whatever their fractions of a second, years and updates."""
    moments = [NOW, NOW + timedelta(microseconds=1), NOW, NOW + timedelta(seconds=1), FIRST_YEAR, LAST_YEAR]
    held = [a_configuration(ann, at=moment) for moment in moments]
    for configuration in held:
        store.add(configuration, limit=9)
    oldest = store.update(ann, held[4].config_id, lambda current: replace(current, updated_at=LAST_YEAR))

    expected = sorted([*held[:4], oldest, held[5]], key=lambda each: (each.created_at, each.config_id), reverse=True)
    assert store.list(ann) == tuple(expected)


FIRST_YEAR, LAST_YEAR = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_times = st.datetimes(timezones=st.just(UTC))
_expiries = st.none() | st.integers(1, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
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
        expires_at=_expiries,
    )
)
def test_every_field_is_stored_unchanged(backend: Backend, some: Configuration) -> None:
    store, configuration = backend.open(), replace(some, user_id=f"user-{uuid4()}")

    assert store.add(configuration, limit=1) == AddResult(configuration, replayed=False)

    stored = store.get(configuration.user_id, configuration.config_id)
    assert stored == configuration
    assert stored.include_extended_hours is configuration.include_extended_hours
    assert store.list(configuration.user_id) == (configuration,)


@pytest.mark.parametrize(
    "config_id", ["", " ", "' OR 1=1 --", "x\0y", "QUOTA", "CONFIG#", "%2e%2e/", "é" * 300, "x" * 2000], ids=ascii
)
def test_an_invalid_id_is_not_found(store: ConfigurationStore, ann: str, config_id: str) -> None:
    store.add(a_configuration(ann), limit=1)

    expect_not_found(store, ann, config_id)


def test_another_users_configuration_is_not_found(store: ConfigurationStore, ann: str, bob: str) -> None:
    hers = a_configuration(ann)
    store.add(hers, limit=1)

    expect_not_found(store, bob, hers.config_id, hers.revision)
    assert store.list(bob) == ()
    assert store.list(ann) == (hers,)
