"""Retries of AWS calls: how often, after which delays, and when to stop.

This is the only retry layer: the retries of botocore and PynamoDB are off. All numbers are in
`DYNAMODB` and `S3`. A failed attempt is retried if

* its kind of error has attempts left (a permanent error is never retried);
* the deadline of the request leaves time for the delay and for a whole attempt;
* the circuit breaker is closed: when a service does not respond for a while, only one request
  per second is sent to it, and all others are refused at once;
* the retry quota has tokens: when a service fails, a few requests use up the quota, and each
  later request makes one attempt only, until successful calls fill the quota again.

Delays have full jitter: they are drawn evenly between 0 and the exponential step ("Exponential
Backoff And Jitter", AWS Architecture Blog).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock
from typing import Any, Protocol, TypeVar

import backoff

from adapters.aws.circuit_breaker import CircuitBreaker
from adapters.aws.errors import DYNAMODB_DOMAIN_ERRORS, S3_DOMAIN_ERRORS, ErrorKind, ServiceError
from domain.deadline import Monotonic, remaining
from domain.errors import DomainError, TryLater
from domain.events import Event
from domain.times import random_between

log = logging.getLogger(__name__)

T = TypeVar("T")
Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How one kind of error is retried. Times in seconds.

    `max_attempts` includes the first attempt. The delay after attempt n is drawn from 0 to
    `base_delay * 2**(n-1)`, at most `max_delay`. A retry takes `cost` tokens from the retry quota.
    `retry_after` are the bounds of the time after which a caller is asked to come back.
    """

    max_attempts: int
    base_delay: float
    max_delay: float
    cost: int
    retry_after: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the calls to one service are retried. Times in seconds.

    An attempt takes at most `attempt_timeout`. The circuit breaker opens after `breaker_threshold` consecutive
    timeouts over at least `breaker_window`.
    """

    backoffs: Mapping[ErrorKind, Backoff]
    domain_errors: Mapping[ErrorKind, type[TryLater]]
    attempt_timeout: float
    retry_quota: int = 20
    breaker_threshold: int = 5
    breaker_window: float = 2.0
    probe_interval: float = 1.0


_NO_RETRY = Backoff(max_attempts=1, base_delay=0, max_delay=0, cost=0, retry_after=(2, 8))

DYNAMODB = Policy(
    backoffs={
        # If 3 of 10 calls fail, 7 attempts in a row fail in 2 of 10,000 cases.
        ErrorKind.THROTTLED: Backoff(max_attempts=7, base_delay=0.1, max_delay=0.8, cost=1, retry_after=(1, 3)),
        ErrorKind.TRANSIENT: Backoff(max_attempts=7, base_delay=0.05, max_delay=0.4, cost=1, retry_after=(2, 8)),
        ErrorKind.TIMEOUT: Backoff(max_attempts=7, base_delay=0.05, max_delay=0.4, cost=2, retry_after=(2, 8)),
        # Conflicts between the writes of one user say nothing about the health of the service: no tokens.
        ErrorKind.CONTENDED: Backoff(max_attempts=7, base_delay=0.05, max_delay=0.4, cost=0, retry_after=(1, 2)),
        # Another attempt would be refused in the same way. A new request of the client settles it.
        ErrorKind.UNSETTLED: Backoff(max_attempts=1, base_delay=0, max_delay=0, cost=0, retry_after=(1, 2)),
        ErrorKind.PERMANENT: _NO_RETRY,
    },
    domain_errors=DYNAMODB_DOMAIN_ERRORS,
    # 0.5 s to connect, 1 s to read
    attempt_timeout=1.5,
)

S3 = Policy(
    backoffs={
        ErrorKind.THROTTLED: Backoff(max_attempts=4, base_delay=0.2, max_delay=1.0, cost=1, retry_after=(5, 15)),
        ErrorKind.TRANSIENT: Backoff(max_attempts=4, base_delay=0.1, max_delay=0.5, cost=1, retry_after=(5, 15)),
        ErrorKind.TIMEOUT: Backoff(max_attempts=3, base_delay=0.1, max_delay=0.5, cost=2, retry_after=(5, 15)),
        ErrorKind.CONTENDED: Backoff(max_attempts=4, base_delay=0.1, max_delay=0.5, cost=0, retry_after=(5, 15)),
        ErrorKind.UNSETTLED: _NO_RETRY,
        ErrorKind.PERMANENT: _NO_RETRY,
    },
    domain_errors=S3_DOMAIN_ERRORS,
    # 0.5 s to connect, 1 s to read, and further chunks of the response
    attempt_timeout=2.5,
)

_DEADLINE, _CIRCUIT_OPEN = "deadline", "circuit open"
_NO_ATTEMPTS_LEFT, _QUOTA_SPENT = "no attempts left", "retry quota spent"

_DETAILS: Mapping[ErrorKind, str] = {
    ErrorKind.THROTTLED: "The service is busy. Try again in a moment.",
    ErrorKind.CONTENDED: "Other requests changed the same data at the same time. Try again in a moment.",
    ErrorKind.TRANSIENT: "The service cannot reach its data now. Try again in a moment.",
    ErrorKind.TIMEOUT: "The service cannot reach its data in time. Try again in a moment.",
    ErrorKind.UNSETTLED: "It is not known yet whether the request was carried out. Repeat it with the same key.",
    ErrorKind.PERMANENT: "The service cannot reach its data now. Try again later.",
}


class Retry(Protocol):
    """Makes a call, and retries it by a policy."""

    def __call__(self, operation: str, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it succeeds, and return its result. `operation` is its name in the log.

        Raises a TryLater in place of the last `ServiceError`. Every other exception of `attempt` is raised unchanged.
        """


def dynamodb_retry(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries calls to DynamoDB. Raises Throttled, Contended, StoreUnavailable."""
    return create_retry(DYNAMODB, clock=clock, sleep=sleep, rng=rng)


def dynamodb_probe(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Makes one attempt, to check whether DynamoDB responds. Raises what `dynamodb_retry` raises."""
    once = {kind: replace(terms, max_attempts=1) for kind, terms in DYNAMODB.backoffs.items()}
    return create_retry(
        replace(DYNAMODB, backoffs=once),
        clock=clock,
        sleep=sleep,  # pragma: no mutate - there is no delay after the only attempt
        rng=rng,
    )


def s3_retry(*, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries calls to S3. Raises TickersUnavailable."""
    return create_retry(S3, clock=clock, sleep=sleep, rng=rng)


def create_retry(policy: Policy, *, clock: Monotonic, sleep: Sleep, rng: random.Random) -> Retry:
    """Retries by `policy`. All calls through the result share one retry quota and one circuit breaker."""
    quota = RetryQuota(policy.retry_quota)
    breaker = CircuitBreaker(
        threshold=policy.breaker_threshold,
        window=policy.breaker_window,
        probe_interval=policy.probe_interval,
        probe_timeout=policy.attempt_timeout,
        clock=clock,
    )

    def retry(operation: str, attempt: Callable[[], T]) -> T:
        return _Call(operation, policy, quota, breaker, clock=clock, sleep=sleep, rng=rng).run(attempt)

    return retry


class RetryQuota:
    """A token bucket: a retry takes tokens, a successful call returns one. Tokens do not return with time.

    It stays full while fewer than half of the attempts fail, and is soon empty when nearly all fail.
    This is the standard retry mode of the AWS SDKs with smaller numbers, because a Lambda process
    serves one request at a time.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._tokens = capacity
        self._lock = Lock()

    def acquire(self, cost: int) -> bool:
        """Take `cost` tokens, or none if there are fewer. Returns whether they were taken."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def release(self) -> None:
        """Return a token after a successful call."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + 1)


class _Call:
    """One call and its attempts."""

    def __init__(
        self,
        operation: str,
        policy: Policy,
        quota: RetryQuota,
        breaker: CircuitBreaker,
        *,
        clock: Monotonic,
        sleep: Sleep,
        rng: random.Random,
    ) -> None:
        self._operation = operation
        self._policy = policy
        self._quota = quota
        self._breaker = breaker
        self._clock = clock
        self._sleep = sleep
        self._random = rng
        self._attempts: list[dict[str, Any]] = []
        self._delay = 0.0  # pragma: no mutate - set before it is read

    def run(self, attempt: Callable[[], T]) -> T:
        """Make the attempts."""
        if reason := self._reason_not_to_start():
            self._log_end(reason)
            raise self._domain_error(ErrorKind.TIMEOUT)
        # backoff makes the loop: `giveup` decides after each error, and `on_backoff` waits. backoff itself
        # can wait with `time.sleep` only, so its own interval is 0, and `_sleep_before_retry` uses the injected sleep.
        retried = backoff.on_exception(
            backoff.constant,
            ServiceError,
            interval=0,
            jitter=None,  # pragma: no mutate - jitter does not change an interval of 0
            giveup=self._should_give_up,
            on_backoff=self._sleep_before_retry,
            logger=None,
        )(attempt)
        try:
            result = retried()
        except ServiceError as error:
            raise self._domain_error(error.kind) from error
        except DomainError:
            # An error such as LimitReached is a response of a healthy service.
            self._record_success()
            raise
        self._record_success()
        return result

    def _should_give_up(self, error: Any) -> bool:
        """Record a failed attempt. Returns whether the call ends with it."""
        if error.kind is ErrorKind.TIMEOUT:
            self._breaker.record_timeout()
        else:
            self._breaker.record_response()
        terms, number = self._policy.backoffs[error.kind], len(self._attempts) + 1
        delay = self._random.uniform(0, min(terms.max_delay, terms.base_delay * 2 ** (number - 1)))
        self._attempts.append({"error": error.code})
        if reason := self._reason_to_stop(terms, delay):
            self._log_end(reason, error)
            return True
        self._attempts[-1]["wait"] = round(delay, 3)
        self._delay = delay
        return False

    def _sleep_before_retry(self, _: object) -> None:
        """Sleep before the next attempt, for the delay that `_should_give_up` has drawn."""
        extra = {"event": Event.RETRYING, "operation": self._operation, "attempt": len(self._attempts)}
        log.info("retrying", extra=extra | self._attempts[-1])
        self._sleep(self._delay)

    def _reason_not_to_start(self) -> str | None:
        if remaining(clock=self._clock) <= 0:
            return _DEADLINE
        return None if self._breaker.allows_request() else _CIRCUIT_OPEN

    def _reason_to_stop(self, terms: Backoff, delay: float) -> str | None:
        if len(self._attempts) >= terms.max_attempts:
            return _NO_ATTEMPTS_LEFT
        if remaining(clock=self._clock) - delay - self._policy.attempt_timeout < 0:
            return _DEADLINE
        if not self._breaker.is_closed:
            return _CIRCUIT_OPEN
        return None if self._quota.acquire(terms.cost) else _QUOTA_SPENT

    def _record_success(self) -> None:
        self._breaker.record_response()
        self._quota.release()

    def _log_end(self, reason: str, error: ServiceError | None = None) -> None:
        extra: dict[str, Any] = {"operation": self._operation, "attempts": self._attempts}
        if error is not None:
            extra["error"] = error.code
        if error is not None and error.kind is ErrorKind.PERMANENT:
            extra |= {"event": Event.PERMANENT_FAULT, "cause": str(error.__cause__ or error), "remedy": error.remedy}
            log.error("permanent fault", extra=extra)
        else:
            log.warning("gave up", extra=extra | {"event": Event.GAVE_UP, "reason": reason})

    def _domain_error(self, kind: ErrorKind) -> TryLater:
        low, high = (timedelta(seconds=bound) for bound in self._policy.backoffs[kind].retry_after)
        return self._policy.domain_errors[kind](_DETAILS[kind], retry_after=random_between(low, high, self._random))
