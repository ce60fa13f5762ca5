"""How often one caller may ask."""

from __future__ import annotations

import random

import pytest
from limits.strategies import FixedWindowRateLimiter

from domain.errors import RateLimited
from entrypoints import rate_limits
from entrypoints.rate_limits import QuietMemoryStorage, RateLimit


class AClock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> AClock:
    return AClock()


@pytest.fixture
def storage(clock: AClock) -> QuietMemoryStorage:
    return QuietMemoryStorage(clock=clock)


def a_limit(storage: QuietMemoryStorage, notation: str) -> RateLimit:
    return RateLimit(FixedWindowRateLimiter(storage), notation, kind="user", rng=random.Random(1))


def refused(limit: RateLimit, key: str) -> bool:
    try:
        limit.check(key)
    except RateLimited:
        return True
    return False


def test_a_window_lets_its_number_pass_and_the_next_window_again(storage: QuietMemoryStorage, clock: AClock) -> None:
    limit = a_limit(storage, "2/second")

    first = [refused(limit, "ann") for _ in range(4)]
    clock.now += 1
    second = [refused(limit, "ann") for _ in range(3)]

    assert first == [False, False, True, True]
    assert second == [False, False, True]


def test_every_one_of_several_limits_holds(storage: QuietMemoryStorage, clock: AClock) -> None:
    limit = a_limit(storage, "2/second;3/minute")

    answers = []
    for _ in range(4):
        answers.append(refused(limit, "ann"))
        clock.now += 1

    assert answers == [False, False, False, True]


def test_a_clock_that_is_set_back_locks_nobody_out(storage: QuietMemoryStorage, clock: AClock) -> None:
    limit = a_limit(storage, "1/minute")
    limit.check("ann")

    clock.now -= 86_400

    assert not refused(limit, "ann")


def test_callers_whose_window_is_over_are_forgotten(
    storage: QuietMemoryStorage, clock: AClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "MAX_KEYS", 10)
    limit = a_limit(storage, "1/second")
    for number in range(10):
        limit.check(f"user-{number}")

    clock.now += 1
    limit.check("one more")

    assert storage.reset() == 1


def test_a_crowd_of_new_callers_does_not_grow_memory_without_bound(
    storage: QuietMemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "MAX_KEYS", 10)
    limit = a_limit(storage, "1/hour")

    for number in range(100):
        limit.check(f"user-{number}")

    assert storage.reset() <= 11
