"""Properties of the retries for any sequence of errors, durations and requests, on virtual time."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import DYNAMODB, S3, Policy, Retry, RetryQuota, create_retry
from domain.deadline import within
from domain.errors import LimitReached, TryLater

START = 1000.0
ROUNDING = 1e-9
"""Seconds of rounding error in a sum of floats."""


@dataclass(frozen=True)
class Attempt:
    """The duration of one attempt in seconds, and the kind of error it ends with, if any."""

    takes: float
    error: ErrorKind | None


@dataclass
class Run:
    """One process that serves one request after the other."""

    policy: Policy
    rng: random.Random
    now: float = START
    waits: list[tuple[ErrorKind, int, float]] = field(default_factory=list)
    made: list[ErrorKind | None] = field(default_factory=list)
    late_starts: list[float] = field(default_factory=list)
    retry_after: float = 0.0

    def __post_init__(self) -> None:
        self.retry: Retry = create_retry(self.policy, clock=self.clock, sleep=self.sleep, rng=self.rng)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        kind = self.made[-1]
        assert kind is not None, "a delay without an error"
        self.waits.append((kind, len(self.made), seconds))
        self.now += seconds

    def request(self, attempts: list[Attempt], seconds: float) -> type[Exception] | None:
        """Serve a request. Returns the type of the domain error it ended with, if any."""
        self.made, self.waits, self.late_starts = [], [], []
        left = iter(attempts)
        end = self.now + seconds

        def attempt() -> None:
            if self.now > end:
                self.late_starts.append(self.now - end)
            this = next(left, Attempt(0.001, None))
            self.now += this.takes
            self.made.append(this.error)
            if this.error is not None:
                raise ServiceError(this.error, "Injected", remedy="None.")

        with within(seconds, clock=self.clock):
            try:
                self.retry("add", attempt)
            except TryLater as error:
                self.retry_after = error.retry_after.total_seconds()
                return type(error)
        return None


Requests = list[tuple[list[Attempt], float]]
"""The attempts of each request, and its deadline."""


@st.composite
def histories(draw: st.DrawFn) -> tuple[Run, Requests]:
    """A process, and the requests that it serves."""
    policy = draw(st.sampled_from([DYNAMODB, S3]))
    attempts = st.builds(Attempt, st.floats(0, policy.attempt_timeout), st.sampled_from(ErrorKind) | st.none())
    requests = st.lists(st.tuples(st.lists(attempts, max_size=12), st.floats(0.01, 10)), min_size=1, max_size=12)
    return Run(policy, draw(st.integers(0, 2**32).map(random.Random))), draw(requests)


@given(histories())
def test_retries_never_exceed_the_deadline(history: tuple[Run, Requests]) -> None:
    """A request ends within its deadline, or with its first attempt; no attempt starts after the deadline."""
    run, requests = history

    for attempts, seconds in requests:
        began = run.now
        run.request(attempts, seconds)

        first = attempts[0].takes if attempts and run.made else 0.0
        assert run.now - began <= max(seconds, first) + ROUNDING
        assert not run.late_starts


@given(histories())
def test_attempts_and_delays_follow_the_terms_of_each_error(history: tuple[Run, Requests]) -> None:
    """A retry follows an error only while its kind has attempts left, after a delay between 0 and its step."""
    run, requests = history

    for attempts, seconds in requests:
        run.request(attempts, seconds)

        assert len(run.waits) == max(0, len(run.made) - 1)
        assert [kind for kind, _, _ in run.waits] == run.made[:-1], "after a success there is no further attempt"
        for kind, tries, wait in run.waits:
            terms = run.policy.backoffs[kind]
            assert tries < terms.max_attempts
            assert 0 <= wait <= min(terms.max_delay, terms.base_delay * 2 ** (tries - 1))


@given(histories())
def test_the_last_attempt_determines_the_result(history: tuple[Run, Requests]) -> None:
    """A request succeeds if its last attempt did, and raises the domain error of its last error otherwise."""
    run, requests = history

    for attempts, seconds in requests:
        error = run.request(attempts, seconds)

        if not run.made:  # refused by the circuit breaker
            assert error is run.policy.domain_errors[ErrorKind.TIMEOUT]
        elif run.made[-1] is None:
            assert error is None
        else:
            low, high = run.policy.backoffs[run.made[-1]].retry_after
            assert error is run.policy.domain_errors[run.made[-1]]
            assert low <= run.retry_after <= high


@given(histories())
def test_after_any_history_a_recovered_service_is_used_again(history: tuple[Run, Requests]) -> None:
    """When the service responds again, the next probe closes the circuit, and successful calls fill the quota."""
    run, requests = history
    for attempts, seconds in requests:
        run.request(attempts, seconds)

    run.now += run.policy.probe_interval + run.policy.attempt_timeout
    answers = [run.request([], 5) for _ in range(run.policy.retry_quota)]

    assert answers == [None] * run.policy.retry_quota
    kind = ErrorKind.TRANSIENT
    retries = run.policy.backoffs[kind].max_attempts - 1
    assert run.request([Attempt(0.001, kind)] * retries, 60) is None, "the quota is full again"


@given(capacity=st.integers(0, 30), operations=st.lists(st.none() | st.integers(0, 5), max_size=200))
def test_the_retry_quota_stays_between_zero_and_its_capacity(capacity: int, operations: list[int | None]) -> None:
    """The bucket behaves like a bounded counter for any sequence of `acquire` and `release`."""
    quota, tokens = RetryQuota(capacity), capacity

    for cost in operations:
        if cost is None:
            quota.release()
            tokens = min(capacity, tokens + 1)
        else:
            granted = quota.acquire(cost)
            assert granted == (cost <= tokens)
            tokens -= cost if granted else 0

        assert 0 <= tokens <= capacity
    assert [quota.acquire(1) for _ in range(tokens + 1)] == [True] * tokens + [False]


@pytest.mark.parametrize("is_domain_error", [False, True])
def test_a_result_and_a_domain_error_return_one_token(*, is_domain_error: bool) -> None:
    """With an empty quota, one success pays exactly one retry."""
    run = Run(DYNAMODB, random.Random(3))
    for _ in range(DYNAMODB.retry_quota):
        run.request([Attempt(0.001, ErrorKind.TRANSIENT)] * 20, 60)

    def attempt() -> None:
        if is_domain_error:
            raise LimitReached(2)

    with suppress(LimitReached):
        run.retry("add", attempt)

    # There is a token for one retry, whose success returns it, but not for two.
    assert run.request([Attempt(0.001, ErrorKind.TRANSIENT)], 60) is None
    assert run.request([Attempt(0.001, ErrorKind.TRANSIENT)] * 2, 60) is not None
