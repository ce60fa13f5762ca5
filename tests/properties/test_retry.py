"""What holds for every history of faults, waits and requests, on a clock that goes on only by what they take."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws.errors import Fault, FaultKind
from adapters.aws.retry import DYNAMODB, S3, Policy, Retry, RetryQuota, retrying
from domain.deadline import within
from domain.errors import LimitReached, TryLater

START = 1000.0
ROUNDING = 1e-9
"""Seconds that sums of binary fractions may be off."""


@dataclass(frozen=True)
class Attempt:
    """What one attempt takes, in seconds, and how it ends."""

    takes: float
    fault: FaultKind | None


@dataclass
class Run:
    """One process: its requests, one after the other, and what became of them."""

    policy: Policy
    rng: random.Random
    now: float = START
    waits: list[tuple[FaultKind, int, float]] = field(default_factory=list)
    made: list[FaultKind | None] = field(default_factory=list)
    late_starts: list[float] = field(default_factory=list)
    ask_again: float = 0.0

    def __post_init__(self) -> None:
        self.retry: Retry = retrying(self.policy, clock=self.clock, sleep=self.sleep, rng=self.rng)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        kind = self.made[-1]
        assert kind is not None, "only a fault is waited for"
        self.waits.append((kind, len(self.made), seconds))
        self.now += seconds

    def request(self, attempts: list[Attempt], seconds: float) -> type[Exception] | None:
        """Which refusal it ended with, if it did."""
        self.made, self.waits, self.late_starts = [], [], []
        left = iter(attempts)
        end = self.now + seconds

        def attempt() -> None:
            if self.now > end:
                self.late_starts.append(self.now - end)
            this = next(left, Attempt(0.001, None))
            self.now += this.takes
            self.made.append(this.fault)
            if this.fault is not None:
                raise Fault(this.fault, "Injected", remedy="None.")

        with within(seconds, clock=self.clock):
            try:
                self.retry("add", attempt)
            except TryLater as refusal:
                self.ask_again = refusal.retry_after.total_seconds()
                return type(refusal)
        return None


POLICIES = st.sampled_from([DYNAMODB, S3])
KINDS = st.sampled_from(list(FaultKind))
SEEDS = st.integers(0, 2**32).map(random.Random)


def attempts_within(policy: Policy) -> st.SearchStrategy[list[Attempt]]:
    """What a client with these timeouts may see: no attempt takes longer than the policy says."""
    return st.lists(st.builds(Attempt, st.floats(0, policy.attempt), KINDS | st.none()), max_size=12)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Policy, list[tuple[list[Attempt], float]]]:
    policy = draw(POLICIES)
    requests = st.tuples(attempts_within(policy), st.floats(0.01, 10))
    return policy, draw(st.lists(requests, min_size=1, max_size=12))


@given(history=histories(), rng=SEEDS)
def test_no_request_goes_past_its_deadline_by_trying_again(
    history: tuple[Policy, list[tuple[list[Attempt], float]]], rng: random.Random
) -> None:
    policy, requests = history
    run = Run(policy, rng)

    for attempts, seconds in requests:
        began = run.now
        run.request(attempts, seconds)

        first = attempts[0].takes if attempts and run.made else 0.0
        assert run.now - began <= max(seconds, first) + ROUNDING
        assert not run.late_starts


@given(history=histories(), rng=SEEDS)
def test_no_kind_of_fault_gets_more_tries_than_it_has(
    history: tuple[Policy, list[tuple[list[Attempt], float]]], rng: random.Random
) -> None:
    policy, requests = history
    run = Run(policy, rng)

    for attempts, seconds in requests:
        run.request(attempts, seconds)

        assert len(run.made) <= max(terms.tries for terms in policy.backoffs.values())
        for tries, kind in enumerate(run.made[:-1], start=1):
            assert kind is not None, "after a success there is no further attempt"
            assert tries < policy.backoffs[kind].tries


@given(history=histories(), rng=SEEDS)
def test_every_wait_is_within_its_step(
    history: tuple[Policy, list[tuple[list[Attempt], float]]], rng: random.Random
) -> None:
    policy, requests = history
    run = Run(policy, rng)

    for attempts, seconds in requests:
        run.request(attempts, seconds)

        assert len(run.waits) == max(0, len(run.made) - 1)
        for kind, tries, wait in run.waits:
            terms = policy.backoffs[kind]
            assert 0 <= wait <= min(terms.cap, terms.base * 2 ** (tries - 1))


@given(history=histories(), rng=SEEDS)
def test_a_request_ends_with_its_last_attempt_s_word(
    history: tuple[Policy, list[tuple[list[Attempt], float]]], rng: random.Random
) -> None:
    policy, requests = history
    run = Run(policy, rng)

    for attempts, seconds in requests:
        refusal = run.request(attempts, seconds)

        if not run.made:  # refused before it began, for a dependency that hangs
            assert refusal is policy.refusals[FaultKind.TIMEOUT]
        elif run.made[-1] is None:
            assert refusal is None
        else:
            low, high = policy.backoffs[run.made[-1]].ask_again
            assert refusal is policy.refusals[run.made[-1]]
            assert low <= run.ask_again <= high


@given(history=histories(), rng=SEEDS)
def test_whatever_happened_a_well_dependency_is_used_again_within_a_second_or_two(
    history: tuple[Policy, list[tuple[list[Attempt], float]]], rng: random.Random
) -> None:
    policy, requests = history
    run = Run(policy, rng)
    for attempts, seconds in requests:
        run.request(attempts, seconds)

    run.now += policy.probe_every + policy.attempt
    answers = [run.request([], 5) for _ in range(policy.quota)]

    assert answers == [None] * policy.quota
    kind = FaultKind.TRANSIENT
    retries = policy.backoffs[kind].tries - 1
    assert run.request([Attempt(0.001, kind)] * retries, 60) is None, "the quota is full again"


@given(
    capacity=st.integers(0, 30),
    acts=st.lists(st.none() | st.integers(0, 5), max_size=200),
)
def test_the_quota_is_never_negative_and_never_above_its_capacity(capacity: int, acts: list[int | None]) -> None:
    quota, tokens = RetryQuota(capacity), capacity

    for cost in acts:
        if cost is None:
            quota.give_back()
            tokens = min(capacity, tokens + 1)
        else:
            granted = quota.take(cost)
            assert granted == (cost <= tokens)
            tokens -= cost if granted else 0

        assert 0 <= tokens <= capacity
    assert _drained(quota) == tokens


@given(kinds=st.lists(st.sampled_from([FaultKind.THROTTLED, FaultKind.TRANSIENT, FaultKind.TIMEOUT]), min_size=1))
def test_a_process_makes_no_more_retries_than_successes_and_quota_pay_for(kinds: list[FaultKind]) -> None:
    run = Run(DYNAMODB, random.Random(3))
    retries = successes = 0

    for kind in kinds:
        run.request([Attempt(0.001, kind)] * 20, 60)
        retries += max(0, len(run.made) - 1)
        successes += run.request([], 60) is None

    assert retries <= DYNAMODB.quota + successes


@pytest.mark.parametrize("is_refusal", [False, True])
def test_an_answer_of_any_kind_gives_one_token_back(*, is_refusal: bool) -> None:
    run = Run(DYNAMODB, random.Random(3))
    for _ in range(DYNAMODB.quota):
        run.request([Attempt(0.001, FaultKind.TRANSIENT)] * 20, 60)

    if is_refusal:
        with pytest.raises(LimitReached):
            run.retry("add", _refuse)
    else:
        run.request([], 60)

    # The one retry that there is a token for succeeds, and gives it back; two are too many.
    assert run.request([Attempt(0.001, FaultKind.TRANSIENT)], 60) is None
    assert run.request([Attempt(0.001, FaultKind.TRANSIENT)] * 2, 60) is not None


def _drained(quota: RetryQuota) -> int:
    taken = 0
    while quota.take(1):
        taken += 1
    return taken


def _refuse() -> None:
    raise LimitReached(2)
