"""The deadline of a request: nesting, expiry, and which threads share it."""

from __future__ import annotations

import time as system_time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from domain.deadline import remaining, within
from tests.support.virtual_time import VirtualTime


def test_without_a_deadline_the_remaining_time_is_infinite() -> None:
    assert remaining() == float("inf")
    assert remaining(default=5.0) == 5.0


def test_remaining_time_decreases_below_zero(time: VirtualTime) -> None:
    with within(5, clock=time):
        assert remaining(clock=time, default=99) == 5
        time.now += 2
        assert remaining(clock=time) == 3
        time.now += 4
        assert remaining(clock=time) == -1


def test_a_deadline_ends_with_its_block_also_if_that_raises() -> None:
    with within(5):
        pass
    assert remaining(default=99) == 99

    with pytest.raises(ValueError, match="failed"), within(5):
        raise ValueError("failed")
    assert remaining(default=99) == 99


def test_a_nested_deadline_does_not_extend_the_outer_one(time: VirtualTime) -> None:
    with within(5, clock=time):
        with within(9, clock=time):
            assert remaining(clock=time) == 5
        with within(2, clock=time):
            assert remaining(clock=time) == 2
            time.now += 1
        assert remaining(clock=time) == 4


def test_the_default_clock_is_monotonic() -> None:
    before = system_time.monotonic()
    with within(5):
        left = remaining()
    elapsed = system_time.monotonic() - before

    assert 5 - elapsed <= left <= 5


def test_a_thread_has_no_deadline_unless_it_gets_the_context() -> None:
    with within(5), ThreadPoolExecutor(1) as threads:
        assert threads.submit(remaining, default=99).result() == 99
        assert threads.submit(copy_context().run, remaining).result() <= 5
