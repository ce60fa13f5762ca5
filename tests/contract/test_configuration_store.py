"""The promises of domain/ports.py, on every store."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from threading import Barrier
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.configurations import Configuration, WatchedTicker
from domain.deadline import within
from domain.errors import IdempotencyKeyReused, LimitReached, NotFound, RevisionMismatch, TryLater
from domain.ports import AddResult, ConfigurationStore
from domain.tickers import Ticker
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration
from tests.contract.stages import Interruption, Stage

AT_ONCE = 0.1
"""Seconds for an operation of a rival: it holds for one attempt, and does not make the test wait at every step."""
ADDED, REPLAYED, DONE, FULL, WAIT, GONE, OUTDATED = "added", "replayed", "done", "full", "wait", "gone", "outdated"


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
    renamed = store.update(ann, first.config_id, _renamed("Second thoughts"))

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
        store.update(ann, config_id, _renamed("Never"))
    with pytest.raises(NotFound):
        store.remove(ann, config_id, now=NOW)


# --- other users ---


def test_another_users_configuration_is_not_found(store: ConfigurationStore, ann: str, bob: str) -> None:
    hers = a_configuration(ann)
    store.add(hers, limit=1)

    with pytest.raises(NotFound):
        store.get(bob, hers.config_id)
    with pytest.raises(NotFound):
        store.update(bob, hers.config_id, _renamed("Mine now"))
    with pytest.raises(NotFound):
        store.remove(bob, hers.config_id, now=NOW)
    with pytest.raises(NotFound):
        store.remove(bob, hers.config_id, revisions=frozenset({hers.revision}), now=NOW)

    assert store.list(bob) == ()
    assert store.list(ann) == (hers,)


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

    renamed = store.update(ann, changed.config_id, _renamed("Changed"))

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
    assert store.update(ann, configuration.config_id, _renamed("Still alive")).name == "Still alive"


def test_an_update_is_not_counted(store: ConfigurationStore, ann: str) -> None:
    configuration = a_configuration(ann)
    store.add(configuration, limit=2)

    store.update(ann, configuration.config_id, _renamed("Again"))
    store.update(ann, configuration.config_id, _renamed("And again"))

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
        store.update(ann, configuration.config_id, _renamed("Risen"))


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


# --- two concurrent operations, at every interleaving ---


def test_one_of_two_concurrent_adds_at_the_limit_succeeds(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        ours.add(a_configuration(user), limit=2)
        return (
            partial(_outcome_of_add, ours, a_configuration(user)),
            partial(_outcome_of_add, theirs, a_configuration(user)),
        )

    for store, user, outcomes in _at_every_seam(stage, race):
        assert sorted(outcomes) == [ADDED, FULL]
        assert len(store.list(user)) == 2


def test_concurrent_adds_with_one_key_store_one_configuration(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        ours.add(a_configuration(user), limit=2)
        same = a_configuration(user)
        return partial(_outcome_of_add, ours, same), partial(_outcome_of_add, theirs, same)

    for store, user, outcomes in _at_every_seam(stage, race):
        assert sorted(outcomes) == [ADDED, REPLAYED]
        assert len(store.list(user)) == 2


def test_concurrent_updates_of_one_revision_are_not_allowed(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        configuration = a_configuration(user)
        ours.add(configuration, limit=2)

        def update(store: ConfigurationStore, name: str) -> str:
            def change(current: Configuration) -> Configuration:
                if current.revision != configuration.revision:
                    raise RevisionMismatch
                return replace(current, name=name, revision=name)

            return _outcome(lambda: store.update(user, configuration.config_id, change).name)

        return partial(update, ours, "ours"), partial(update, theirs, "theirs")

    for store, user, outcomes in _at_every_seam(stage, race):
        winner, loser = sorted(outcomes, key=lambda outcome: outcome == OUTDATED)
        assert loser == OUTDATED
        assert [each.name for each in store.list(user)] == [winner]


def test_no_concurrent_update_is_lost(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        configuration = a_configuration(user, timeframe_days=1)
        ours.add(configuration, limit=2)

        def one_more_day(store: ConfigurationStore, revision: str) -> str:
            def change(current: Configuration) -> Configuration:
                return replace(current, timeframe_days=current.timeframe_days + 1, revision=revision)

            return _outcome(lambda: store.update(user, configuration.config_id, change).revision)

        return partial(one_more_day, ours, "ours"), partial(one_more_day, theirs, "theirs")

    for store, user, outcomes in _at_every_seam(stage, race):
        assert sorted(outcomes) == ["ours", "theirs"]
        assert [each.timeframe_days for each in store.list(user)] == [3]


def test_concurrent_deletes_are_counted_once(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        doomed = a_configuration(user)
        ours.add(doomed, limit=2)
        ours.add(a_configuration(user), limit=2)
        return (
            lambda: _outcome(lambda: ours.remove(user, doomed.config_id, now=NOW)),
            lambda: _outcome(lambda: theirs.remove(user, doomed.config_id, now=NOW)),
        )

    for store, user, outcomes in _at_every_seam(stage, race):
        assert sorted(outcomes) == [DONE, GONE]
        assert _outcome_of_add(store, a_configuration(user)) == ADDED
        assert _outcome_of_add(store, a_configuration(user)) == FULL


def test_an_update_does_not_recreate_a_concurrently_deleted_configuration(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        configuration = a_configuration(user)
        ours.add(configuration, limit=1)
        return (
            lambda: _outcome(lambda: ours.update(user, configuration.config_id, _renamed("Risen")).name),
            lambda: _outcome(lambda: theirs.remove(user, configuration.config_id, now=NOW)),
        )

    for store, user, outcomes in _at_every_seam(stage, race):
        assert set(outcomes) in ({DONE, GONE}, {DONE, "Risen"})
        assert store.list(user) == ()


def test_a_delete_with_a_revision_does_not_remove_a_concurrent_update(stage: Stage) -> None:
    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[_Act, _Act]:
        seen = a_configuration(user)
        ours.add(seen, limit=1)
        return (
            lambda: _outcome(lambda: ours.remove(user, seen.config_id, revisions=frozenset({seen.revision}), now=NOW)),
            lambda: _outcome(lambda: theirs.update(user, seen.config_id, _renamed("Newer")).name),
        )

    for store, user, outcomes in _at_every_seam(stage, race):
        assert set(outcomes) in ({"Newer", OUTDATED}, {DONE, GONE})
        assert [each.name for each in store.list(user)] == (["Newer"] if "Newer" in outcomes else [])


# --- many concurrent operations ---


def test_twenty_concurrent_adds_fill_the_limit_exactly(stage: Stage, ann: str) -> None:
    together = Barrier(20)

    def create(_: int) -> str:
        store = stage.open()
        together.wait()
        return _settled(partial(_outcome_of_add, store, a_configuration(ann)))

    with ThreadPoolExecutor(20) as crowd:
        outcomes = Counter(crowd.map(create, range(20)))

    assert outcomes == {ADDED: 2, FULL: 18}
    assert len(stage.open().list(ann)) == 2


def test_twenty_concurrent_repeats_of_one_add_store_one_configuration(stage: Stage, ann: str) -> None:
    together = Barrier(20)
    configuration = a_configuration(ann)

    def create(_: int) -> str:
        store = stage.open()
        together.wait()
        return _settled(partial(_outcome_of_add, store, configuration))

    with ThreadPoolExecutor(20) as crowd:
        outcomes = Counter(crowd.map(create, range(20)))

    assert outcomes == {ADDED: 1, REPLAYED: 19}
    assert stage.open().list(ann) == (configuration,)


@pytest.mark.slow
def test_adds_of_several_processes_keep_the_limit(shared_stage: Stage, ann: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)

    with ProcessPoolExecutor(4, mp_context=spawn, initializer=_meet, initargs=(together,)) as crowd:
        outcomes = Counter(
            outcome for each in crowd.map(_five_creates, [shared_stage] * 4, [ann] * 4) for outcome in each
        )

    assert outcomes == {ADDED: 2, FULL: 18}
    assert len(shared_stage.open().list(ann)) == 2


def test_concurrent_adds_and_deletes_keep_the_limit_and_the_count(stage: Stage, ann: str) -> None:
    together = Barrier(6)

    def come_and_go(_: int) -> None:
        store = stage.open()
        together.wait()
        for _round in range(5):
            configuration = a_configuration(ann)
            if _settled(partial(_outcome_of_add, store, configuration)) == ADDED:
                assert len(store.list(ann)) <= 2
                _settled(lambda: _outcome(partial(store.remove, ann, configuration.config_id, now=NOW)))  # noqa: B023 - called now

    with ThreadPoolExecutor(6) as crowd:
        list(crowd.map(come_and_go, range(6)))

    assert stage.open().list(ann) == ()
    assert [_outcome_of_add(stage.open(), a_configuration(ann)) for _ in range(3)] == [ADDED, ADDED, FULL]


# --- helpers ---

_Act = Callable[[], str]
_Race = Callable[[ConfigurationStore, ConfigurationStore, str], tuple[_Act, _Act]]


def _at_every_seam(stage: Stage, race: _Race) -> list[tuple[ConfigurationStore, str, list[str]]]:
    """Run the race once for each step of our operation, with the rival's operation right before that step.

    A rival that got TryLater tries again when ours has finished.
    """
    played = []
    for seam in count():
        ours, theirs, user = stage.open(), stage.open(), f"user-{uuid4()}"
        our_act, their_act = race(ours, theirs, user)
        outcomes: list[str] = []

        def rival(act: _Act = their_act, outcomes: list[str] = outcomes) -> None:
            with within(AT_ONCE):
                outcomes.append(act())

        interruption = Interruption(seam, rival)
        with stage.interrupt(ours, interruption):
            outcomes.append(_settled(our_act))
        if not interruption.happened:
            break
        if outcomes[0] == WAIT:
            outcomes[0] = _settled(their_act)
        played.append((theirs, user, outcomes))
    assert played, "the store has no seam: the race was never played"
    return played


def _outcome(act: Callable[[], object]) -> str:
    try:
        return str(act() or DONE)
    except LimitReached:
        return FULL
    except NotFound:
        return GONE
    except RevisionMismatch:
        return OUTDATED
    except TryLater:
        return WAIT


def _outcome_of_add(store: ConfigurationStore, configuration: Configuration) -> str:
    return _outcome(lambda: REPLAYED if store.add(configuration, limit=2).replayed else ADDED)


def _settled(act: _Act) -> str:
    while (outcome := act()) == WAIT:
        pass
    return outcome


def _renamed(name: str) -> Callable[[Configuration], Configuration]:
    return lambda current: replace(current, name=name, revision=f"revision of {name}")


def _meet(barrier: Barrier) -> None:
    global _together  # noqa: PLW0603 - a pool's process has no other place for what it is born with
    _together = barrier


_together: Barrier


def _five_creates(stage: Stage, user: str) -> list[str]:
    store = stage.open()
    _together.wait()
    return [_settled(partial(_outcome_of_add, store, a_configuration(user))) for _ in range(5)]
