"""Rate limits."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse_many

from entrypoints import rate_limits
from entrypoints.rate_limits import RateLimit, RateLimited, Windows, read_limits
from tests.support.virtual_time import VirtualTime


def a_limit(notation: str, clock: VirtualTime) -> RateLimit:
    return RateLimit(notation, rng=random.Random(1), clock=clock)


def refused(limit: RateLimit, key: str) -> bool:
    try:
        limit.check(key)
    except RateLimited:
        return True
    return False


def test_each_window_allows_its_number_of_requests(time: VirtualTime) -> None:
    limit = a_limit("2/second", time)

    first = [refused(limit, "ann") for _ in range(4)]
    time.now += 1
    second = [refused(limit, "ann") for _ in range(3)]

    assert first == [False, False, True, True]
    assert second == [False, False, True]


def test_all_of_several_limits_hold(time: VirtualTime) -> None:
    limit = a_limit("2/second;3/minute", time)

    for _ in range(3):
        assert not refused(limit, "ann")
        time.now += 1

    assert refused(limit, "ann")


def test_retry_after_is_the_end_of_the_window_plus_jitter(time: VirtualTime) -> None:
    limit = a_limit("1/minute", time)
    limit.check("ann")
    time.now += 20

    waits = set()
    for _ in range(10):
        with pytest.raises(RateLimited, match=r"^At most 1 requests in 60 s\.$") as refusal:
            limit.check("ann")
        waits.add(refusal.value.retry_after)

    assert timedelta(seconds=40) <= min(waits) < max(waits) < timedelta(seconds=41)


def test_an_empty_notation_sets_no_limit(time: VirtualTime) -> None:
    limit = a_limit("", time)

    assert not any(refused(limit, "ann") for _ in range(1000))


def test_a_clock_that_is_set_back_does_not_block_requests(time: VirtualTime) -> None:
    limit = a_limit("1/minute", time)
    limit.check("ann")

    time.now -= 86_400

    assert not refused(limit, "ann")


def test_the_number_of_windows_is_bounded(time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MAX_KEYS", 10)
    windows = Windows(3600, clock=time)

    for number in range(100):
        windows.count(f"user-{number}")

    assert len(windows) <= 10


@given(
    texts=st.lists(
        st.from_regex(
            r" {0,2}[0-9]{1,5} ?(/| per )\t?([1-9][0-9]?)? ?(second|minute|hour|Day|MONTH|year)s? ?", fullmatch=True
        ),
        min_size=1,
        max_size=4,
    ),
    separator=st.sampled_from(",;|"),
)
def test_limits_are_parsed_as_by_flask_limiter(texts: list[str], separator: str) -> None:
    notation = separator.join(texts)

    assert read_limits(notation) == [(limit.amount, limit.get_expiry()) for limit in parse_many(notation)]


@pytest.mark.parametrize(
    "notation",
    [
        *("", ";", "10", "10/fortnight", "ten/second", "-1/second", "1/second;", "1/second 2/minute", "1/0 seconds"),
        *("1111111111/second", f"1/{'9' * 400} years", "٣/second", "1//second", "1/\u017fecond", "1/second\u017f"),
    ],
    ids=lambda notation: ascii(notation)[:20],
)
def test_a_malformed_limit_is_refused(notation: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is tested with the settings
        read_limits(notation)
