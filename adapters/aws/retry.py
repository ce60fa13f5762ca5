"""Trying an AWS call again: how often, after which waits, and when to stop.

The one retry layer of the service; botocore's and PynamoDB's own are off. All numbers are
in `DYNAMODB` and `S3` below. An attempt is repeated while four things agree:

* its kind of fault has tries left (a permanent one has none);
* the request's deadline leaves time for the wait and for a whole attempt;
* the retry quota has tokens: a failing dependency runs it dry within a few requests, and
  each later request makes one attempt only, until successes fill it again;
* the dependency isn't hanging: when timeouts were all that came for a while, one request
  a second is let through to see, and the others are refused at once.

Waits are drawn with full jitter: evenly between nothing and the exponential step
("Exponential Backoff And Jitter", AWS Architecture Blog).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any, Protocol, TypeVar

import backoff

from adapters.aws.errors import DYNAMODB_REFUSALS, S3_REFUSALS, Fault, FaultKind
from domain.deadline import Monotonic, remaining
from domain.errors import DomainError, TryLater

log = logging.getLogger(__name__)

T = TypeVar("T")
Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How one kind of fault is retried. Times in seconds.

    `tries` counts all attempts of a call; the wait after the nth is drawn from 0 to
    `base * 2**(n-1)`, at most `cap`; a retry takes `cost` tokens from the quota. Whoever is
    refused in the end is asked to come back after a time drawn from `ask_again`.
    """

    tries: int
    base: float
    cap: float
    cost: int
    ask_again: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the calls to one service are retried. Times in seconds; `attempt` is the longest that one may take.

    It hangs when `timeouts_in_a_row` and more spread over `silence` and more; a stall of a second that
    many requests share is none.
    """

    backoffs: Mapping[FaultKind, Backoff]
    refusals: Mapping[FaultKind, type[TryLater]]
    attempt: float
    quota: int = 20
    timeouts_in_a_row: int = 5
    silence: float = 2.0
    probe_every: float = 1.0


_NEVER = Backoff(tries=1, base=0, cap=0, cost=0, ask_again=(2, 8))

DYNAMODB = Policy(
    backoffs={
        # With 3 of 10 calls failing, 7 tries fail together twice in 10,000 calls.
        FaultKind.THROTTLED: Backoff(tries=7, base=0.1, cap=0.8, cost=1, ask_again=(1, 3)),
        FaultKind.TRANSIENT: Backoff(tries=7, base=0.05, cap=0.4, cost=1, ask_again=(2, 8)),
        FaultKind.TIMEOUT: Backoff(tries=7, base=0.05, cap=0.4, cost=2, ask_again=(2, 8)),
        # A crowd of one user's own writes says nothing about the store's health: no tokens.
        FaultKind.CONTENDED: Backoff(tries=7, base=0.05, cap=0.4, cost=0, ask_again=(1, 2)),
        FaultKind.PERMANENT: _NEVER,
    },
    refusals=DYNAMODB_REFUSALS,
    attempt=1.5,  # 0.5 s to connect, 1 s to read
)

S3 = Policy(
    backoffs={
        FaultKind.THROTTLED: Backoff(tries=4, base=0.2, cap=1.0, cost=1, ask_again=(5, 15)),
        FaultKind.TRANSIENT: Backoff(tries=4, base=0.1, cap=0.5, cost=1, ask_again=(5, 15)),
        FaultKind.TIMEOUT: Backoff(tries=3, base=0.1, cap=0.5, cost=2, ask_again=(5, 15)),
        FaultKind.CONTENDED: Backoff(tries=4, base=0.1, cap=0.5, cost=0, ask_again=(5, 15)),
        FaultKind.PERMANENT: _NEVER,
    },
    refusals=S3_REFUSALS,
    attempt=2.5,  # 0.5 s to connect, 2 s to read
)

_TOO_LATE, _NO_PULSE = "deadline", "no answer for a while"

_DETAILS: Mapping[FaultKind, str] = {
    FaultKind.THROTTLED: "The service is busy. Try again in a moment.",
    FaultKind.CONTENDED: "Other requests of yours were changing the same things. Try again in a moment.",
    FaultKind.TRANSIENT: "The service cannot reach its data now. Try again in a moment.",
    FaultKind.TIMEOUT: "The service cannot reach its data in time. Try again in a moment.",
    FaultKind.PERMANENT: "The service cannot reach its data now. Try again later.",
}


class Retry(Protocol):
    """Makes a call until it succeeds or until trying again makes no sense."""

    def __call__(self, operation: str, attempt: Callable[[], T]) -> T:
        """What `attempt` returns in the end; a `Fault` that it raises is tried again or becomes a TryLater.

        `operation` names the call in the logs. Anything else that `attempt` raises passes through.
        """


def dynamodb_retry(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries for calls to DynamoDB, with a quota of their own. Raises Throttled, Contended, StoreUnavailable."""
    return retrying(DYNAMODB, clock=clock, sleep=sleep, rng=rng)


def dynamodb_probe(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """One attempt only, to learn how DynamoDB is; raises what `dynamodb_retry` does."""
    once = {kind: replace(terms, tries=1) for kind, terms in DYNAMODB.backoffs.items()}
    return retrying(
        replace(DYNAMODB, backoffs=once),
        clock=clock,
        sleep=sleep,  # pragma: no mutate - nothing is waited for after the only try
        rng=rng,
    )


def s3_retry(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries for calls to S3, with a quota of their own. Raises TickersUnavailable."""
    return retrying(S3, clock=clock, sleep=sleep, rng=rng)


def retrying(policy: Policy, *, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries by `policy`; all calls that go through the result share its quota."""
    quota = RetryQuota(policy.quota)
    pulse = Pulse(policy, clock=clock)

    def retry(operation: str, attempt: Callable[[], T]) -> T:
        call = _Call(operation, policy, quota, pulse, clock=clock, sleep=sleep, rng=rng)
        return call.until_it_works(attempt)

    return retry


class RetryQuota:
    """A token bucket: retries take tokens, successes give one back, and time gives none.

    Where fewer than half of the attempts fail it stays full; where nearly all do, it is
    soon empty (the standard retry mode of the AWS SDKs, with numbers for a process that
    serves a request at a time).
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tokens = capacity
        self._lock = Lock()

    def take(self, cost: int) -> bool:
        """Take `cost` tokens and say whether there were as many."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def give_back(self) -> None:
        """Return a token for a call that succeeded."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + 1)


class Pulse:
    """Knows a dependency that hangs: for a while, attempts got no answer in time, and nothing else came.

    While it hangs, one attempt at a time may see whether it is back, and the next one
    `probe_every` seconds after that one failed.
    """

    def __init__(self, policy: Policy, *, clock: Monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._timeouts = 0
        self._first = self._last = self._next_probe = 0.0  # pragma: no mutate - the first timeout sets what is read
        self._lock = Lock()

    @property
    def hangs(self) -> bool:
        """Whether there was nothing but timeouts for a while."""
        return self._timeouts >= self._policy.timeouts_in_a_row and self._last - self._first >= self._policy.silence

    def admits(self) -> bool:
        """Whether a new call may be made now; an admitted probe holds others back while it lasts."""
        with self._lock:
            now = self._clock()
            if not self.hangs:
                return True
            if now < self._next_probe:
                return False
            self._next_probe = now + self._policy.attempt + self._policy.probe_every
            return True

    def answered(self) -> None:
        """An attempt got an answer, whatever it said."""
        with self._lock:
            self._timeouts = 0

    def timed_out(self) -> None:
        """An attempt got no answer in time."""
        with self._lock:
            self._last = self._clock()
            if self._timeouts == 0:
                self._first = self._last
            self._timeouts += 1
            self._next_probe = self._last + self._policy.probe_every


class _Call:
    """One call with its attempts."""

    def __init__(
        self,
        operation: str,
        policy: Policy,
        quota: RetryQuota,
        pulse: Pulse,
        *,
        clock: Monotonic,
        sleep: Sleep,
        rng: random.Random,
    ) -> None:
        self._operation = operation
        self._policy = policy
        self._quota = quota
        self._pulse = pulse
        self._clock = clock
        self._sleep = sleep
        self._random = rng
        self._attempts: list[dict[str, Any]] = []

    def until_it_works(self, attempt: Callable[[], T]) -> T:
        if reason := self._reason_not_to_start():
            log.warning("gave up", extra={"operation": self._operation, "attempts": [], "reason": reason})
            raise self._refusal(FaultKind.TIMEOUT)
        persistent = backoff.on_exception(
            self._waits,
            Fault,
            jitter=None,  # pragma: no mutate - backoff only ever gets 0 to wait, which no jitter changes
            logger=None,
        )(attempt)
        try:
            result = persistent()
        except Fault as fault:
            raise self._refusal(fault.kind) from fault
        except TryLater:  # of a call within this one, which has been reckoned up
            raise
        except DomainError:  # a refusal such as LimitReached is an answer: the dependency is well
            self._succeeded()
            raise
        self._succeeded()
        return result

    def _waits(self) -> Generator[Any, Any, None]:
        """Sleeps before each retry, and ends when there shall be none.

        backoff sends the fault and calls `time.sleep` with what it gets. The wait is slept
        here, by the sleep that was handed in, and backoff is told that none is left.
        """
        fault = yield  # backoff drops the first
        while True:
            self._note(fault)
            terms = self._policy.backoffs[fault.kind]
            tries = len(self._attempts)
            wait = self._random.uniform(0, min(terms.cap, terms.base * 2 ** (tries - 1)))
            if reason := self._reason_to_stop(terms, wait):
                self._log_the_end(fault, reason)
                return
            self._attempts[-1]["wait"] = round(wait, 3)
            log.info(
                "retrying",
                extra={"operation": self._operation, "attempt": tries, "wait": round(wait, 3), "error": fault.code},
            )
            self._sleep(wait)
            fault = yield 0

    def _succeeded(self) -> None:
        self._pulse.answered()
        self._quota.give_back()

    def _note(self, fault: Fault) -> None:
        self._attempts.append({"error": fault.code})
        if fault.kind is FaultKind.TIMEOUT:
            self._pulse.timed_out()
        else:
            self._pulse.answered()

    def _reason_not_to_start(self) -> str | None:
        if self._left() <= 0:
            return _TOO_LATE
        if not self._pulse.admits():
            return _NO_PULSE
        return None

    def _reason_to_stop(self, terms: Backoff, wait: float) -> str | None:
        if len(self._attempts) >= terms.tries:
            return "no tries left"
        if self._left() - wait - self._policy.attempt < 0:
            return _TOO_LATE
        if self._pulse.hangs:
            return _NO_PULSE
        if not self._quota.take(terms.cost):
            return "retry quota spent"
        return None

    def _log_the_end(self, fault: Fault, reason: str) -> None:
        data: dict[str, Any] = {"operation": self._operation, "attempts": self._attempts}
        if fault.kind is FaultKind.PERMANENT:
            cause = str(fault.__cause__ or fault)
            log.error("permanent fault", extra=data | {"error": fault.code, "cause": cause, "remedy": fault.remedy})
        else:
            log.warning("gave up", extra=data | {"error": fault.code, "reason": reason})

    def _left(self) -> float:
        return remaining(clock=self._clock)

    def _refusal(self, kind: FaultKind) -> TryLater:
        low, high = self._policy.backoffs[kind].ask_again
        return self._policy.refusals[kind](
            _DETAILS[kind], retry_after=timedelta(seconds=self._random.uniform(low, high))
        )
