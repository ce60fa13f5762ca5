"""Number of attempts, delays and end of the retries, on virtual time."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import DYNAMODB, Backoff, Retry, create_retry, dynamodb_probe, dynamodb_retry, s3_retry
from domain.deadline import within
from domain.errors import (
    Contended,
    DomainError,
    LimitReached,
    StoreUnavailable,
    Throttled,
    TickersUnavailable,
    TryLater,
)
from tests.support.virtual_time import VirtualTime

RETRIED = [kind for kind in ErrorKind if kind is not ErrorKind.PERMANENT]


class LongestDelays(random.Random):
    """Draws the upper bound of every interval."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 the signature is random.Random's
        return b


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def retry(time: VirtualTime) -> Retry:
    return dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestDelays())


@dataclass
class Attempts:
    """Fails with each of the kinds in turn, then succeeds. Each attempt takes `takes` seconds."""

    kinds: Iterable[ErrorKind]
    time: VirtualTime | None = None
    takes: float = 0.0
    made: int = 0

    def __post_init__(self) -> None:
        self._errors = iter(self.kinds)

    def __call__(self) -> str:
        self.made += 1
        if self.time is not None:
            self.time.now += self.takes
        for kind in self._errors:
            raise ServiceError(kind, f"A{kind.title()}Error", remedy="Do something.")
        return "done"


def failing(kind: ErrorKind, times: int = 10**6, **fields: float | VirtualTime) -> Attempts:
    return Attempts([kind] * times if times < 10**6 else iter(lambda: kind, None), **fields)  # type: ignore[arg-type]  # by name


def test_only_the_injected_sleep_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def real_sleep(seconds: float) -> None:
        assert seconds == 0, "a test would take real time"

    monkeypatch.setattr("backoff._sync.time.sleep", real_sleep)
    time = VirtualTime()
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestDelays())

    retry("add", failing(ErrorKind.TRANSIENT, 3))

    assert time.waits == [0.05, 0.1, 0.2]


# --- delays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        (ErrorKind.THROTTLED, [0.1, 0.2, 0.4, 0.8, 0.8, 0.8]),
        (ErrorKind.TRANSIENT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.TIMEOUT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.CONTENDED, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.PERMANENT, []),
    ],
)
def test_delays_double_up_to_a_maximum(retry: Retry, time: VirtualTime, kind: ErrorKind, waits: list[float]) -> None:
    with pytest.raises(TryLater):
        retry("add", failing(kind))

    assert time.waits == waits


def test_a_delay_has_full_jitter(time: VirtualTime) -> None:
    seed = 7
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(seed))

    retry("add", failing(ErrorKind.TRANSIENT, 6))

    expected = random.Random(seed)
    assert time.waits == [round(expected.uniform(0, step), 6) for step in (0.05, 0.1, 0.2, 0.4, 0.4, 0.4)]


def test_the_last_error_determines_the_delay(retry: Retry, time: VirtualTime) -> None:
    retry("add", Attempts([ErrorKind.TRANSIENT, ErrorKind.THROTTLED, ErrorKind.TRANSIENT]))

    assert time.waits == [0.05, 0.2, 0.2]


@pytest.mark.parametrize("kind", RETRIED)
def test_the_caller_does_not_see_an_error_that_a_retry_overcomes(retry: Retry, kind: ErrorKind) -> None:
    attempts = failing(kind, 3)

    assert retry("add", attempts) == "done"
    assert attempts.made == 4


@pytest.mark.parametrize(
    ("kind", "domain_error", "shortest", "longest"),
    [
        (ErrorKind.THROTTLED, Throttled, 1, 3),
        (ErrorKind.CONTENDED, Contended, 1, 2),
        (ErrorKind.TRANSIENT, StoreUnavailable, 2, 8),
        (ErrorKind.TIMEOUT, StoreUnavailable, 2, 8),
        (ErrorKind.PERMANENT, StoreUnavailable, 2, 8),
    ],
)
def test_retry_after_is_random_within_the_bounds_of_the_kind(
    time: VirtualTime, kind: ErrorKind, domain_error: type[TryLater], shortest: int, longest: int
) -> None:
    spans = set()
    for seed in range(20):
        retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(seed))
        with pytest.raises(domain_error) as refused:
            retry("add", failing(kind))
        assert type(refused.value) is domain_error
        spans.add(refused.value.retry_after)

    assert len(spans) == 20
    assert timedelta(seconds=shortest) <= min(spans) < max(spans) <= timedelta(seconds=longest)


def test_other_exceptions_are_raised_unchanged_and_not_retried(retry: Retry, time: VirtualTime) -> None:
    for error in (LimitReached(2), KeyError("a bug")):
        with pytest.raises(type(error)) as raised:
            retry("add", _raising(error))
        assert raised.value is error

    assert time.waits == []


def test_a_failing_call_to_s3_raises_tickers_unavailable(time: VirtualTime) -> None:
    retry = s3_retry(clock=time, sleep=time.sleep, rng=LongestDelays())

    with within(60, clock=time), pytest.raises(TickersUnavailable):
        retry("read tickers", failing(ErrorKind.THROTTLED))

    assert time.waits == [0.2, 0.4, 0.8]


def test_a_probe_makes_one_attempt(time: VirtualTime) -> None:
    probe = dynamodb_probe(clock=time, sleep=time.sleep, rng=LongestDelays())

    with within(60, clock=time), pytest.raises(StoreUnavailable):
        probe("check", attempts := failing(ErrorKind.TRANSIENT))

    assert attempts.made == 1


# --- the deadline -----------------------------------------------------------------------------------------------------


def test_no_attempt_starts_that_could_exceed_the_deadline(retry: Retry, time: VirtualTime) -> None:
    with within(5, clock=time), pytest.raises(StoreUnavailable):
        retry("add", attempts := failing(ErrorKind.TIMEOUT, time=time, takes=1.0))

    assert attempts.made == 4
    assert time.now - 1000 + DYNAMODB.attempt_timeout >= 5
    assert time.now - 1000 <= 5


def test_there_is_no_delay_that_leaves_no_time_for_an_attempt(retry: Retry, time: VirtualTime) -> None:
    with within(DYNAMODB.attempt_timeout + 0.12, clock=time), pytest.raises(StoreUnavailable):
        retry("add", failing(ErrorKind.TRANSIENT))

    assert time.waits == [0.05]


def test_a_delay_and_an_attempt_that_fit_exactly_are_made(time: VirtualTime) -> None:
    exact = Backoff(max_attempts=2, base_delay=0.25, max_delay=0.25, cost=1, retry_after=(1, 2))  # sums are exact
    policy = replace(DYNAMODB, attempt_timeout=0.5, backoffs={ErrorKind.TRANSIENT: exact})
    retry = create_retry(policy, clock=time, sleep=time.sleep, rng=LongestDelays())

    with within(0.75, clock=time):
        assert retry("add", failing(ErrorKind.TRANSIENT, 1)) == "done"


def test_all_calls_of_a_request_share_its_deadline(retry: Retry, time: VirtualTime) -> None:
    with within(5, clock=time):
        retry("get", failing(ErrorKind.TRANSIENT, 2, time=time, takes=1.0))
        with pytest.raises(StoreUnavailable):
            retry("update", second := failing(ErrorKind.TRANSIENT, time=time, takes=1.0))

    assert second.made == 1
    assert time.now - 1000 <= 5


def test_no_attempt_is_made_after_the_deadline(retry: Retry, time: VirtualTime) -> None:
    with within(0, clock=time), pytest.raises(StoreUnavailable):
        retry("add", attempts := failing(ErrorKind.TRANSIENT))

    assert attempts.made == 0


# --- retry quota ------------------------------------------------------------------------------------------------------


def test_an_empty_quota_means_one_attempt_per_call_without_delay(retry: Retry, time: VirtualTime) -> None:
    for _ in range(5):
        _refused(retry, failing(ErrorKind.TRANSIENT))
    time.waits.clear()

    attempts = [failing(ErrorKind.TRANSIENT) for _ in range(20)]
    for each in attempts:
        _refused(retry, each)

    assert [each.made for each in attempts] == [1] * 20
    assert time.waits == []


def test_successful_calls_fill_the_quota(retry: Retry) -> None:
    for _ in range(5):
        _refused(retry, failing(ErrorKind.TRANSIENT))

    for _ in range(6):
        retry("get", lambda: None)

    assert retry("add", failing(ErrorKind.TRANSIENT, 6)) == "done"


def test_a_domain_error_counts_as_a_successful_call(retry: Retry) -> None:
    for _ in range(5):
        _refused(retry, failing(ErrorKind.TRANSIENT))

    for _ in range(6):
        with pytest.raises(LimitReached):
            retry("add", _raising(LimitReached(2)))

    assert retry("add", failing(ErrorKind.TRANSIENT, 6)) == "done"


def test_contention_takes_no_tokens(retry: Retry) -> None:
    for _ in range(50):
        with pytest.raises(Contended):
            retry("add", failing(ErrorKind.CONTENDED))

    assert retry("add", failing(ErrorKind.TRANSIENT, 6)) == "done"


def test_more_than_999_of_1000_calls_succeed_when_three_of_ten_attempts_fail(time: VirtualTime) -> None:
    rng = random.Random(1)
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=rng)
    kinds = [ErrorKind.THROTTLED, ErrorKind.TRANSIENT, ErrorKind.TRANSIENT, ErrorKind.CONTENDED, ErrorKind.TIMEOUT]

    def attempt() -> None:
        if rng.random() < 0.3:
            raise ServiceError(rng.choice(kinds), "Injected")

    refused = 0
    for _ in range(10_000):
        try:
            retry("add", attempt)
        except TryLater:
            refused += 1

    assert refused / 10_000 < 0.001


# --- circuit breaker --------------------------------------------------------------------------------------------------


def test_with_an_open_circuit_calls_are_refused_without_an_attempt(retry: Retry, time: VirtualTime) -> None:
    _open_circuit(retry, time)

    attempts = [failing(ErrorKind.TIMEOUT, time=time, takes=1.0) for _ in range(20)]
    began = time.now
    for each in attempts:
        _refused(retry, each)

    assert sum(each.made for each in attempts) == 0
    assert time.now == began


def test_with_an_open_circuit_one_call_per_second_makes_one_attempt(retry: Retry, time: VirtualTime) -> None:
    _open_circuit(retry, time)

    made = []
    for _ in range(50):
        time.now += 0.1
        _refused(retry, attempts := failing(ErrorKind.TIMEOUT, time=time, takes=1.0))
        made.append(attempts.made)

    assert sum(made) == 5
    assert max(made) == 1


def test_calls_are_refused_while_the_probe_is_in_progress(retry: Retry, time: VirtualTime) -> None:
    _open_circuit(retry, time)
    time.now += 1.0

    def probe() -> None:
        _refused(retry, others := failing(ErrorKind.TIMEOUT))
        assert others.made == 0
        time.now += 1.0
        raise ServiceError(ErrorKind.TIMEOUT, "ReadTimeoutError")

    _refused(retry, probe)


def test_the_first_response_closes_the_circuit(retry: Retry, time: VirtualTime) -> None:
    _open_circuit(retry, time)
    time.now += 1.0

    assert retry("get", lambda: "back") == "back"
    assert [retry("get", lambda: "back") for _ in range(20)] == ["back"] * 20


# --- log --------------------------------------------------------------------------------------------------------------


def test_each_retry_is_logged_and_the_end_with_all_attempts(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    _refused(retry, failing(ErrorKind.TRANSIENT))

    *retries, end = caplog.records
    assert [(each.levelname, each.message) for each in retries] == [("INFO", "retrying")] * 6
    assert _extra(retries[2]) == {
        "event": "retrying",
        "operation": "add",
        "attempt": 3,
        "wait": 0.2,
        "error": "ATransientError",
    }
    assert (end.levelname, end.message) == ("WARNING", "gave up")
    waits = [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]
    assert _extra(end) == {
        "event": "gave up",
        "operation": "add",
        "error": "ATransientError",
        "reason": "no attempts left",
        "attempts": [{"error": "ATransientError", "wait": wait} for wait in waits] + [{"error": "ATransientError"}],
    }


def test_delays_are_logged_in_milliseconds(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(7))

    _refused(retry, failing(ErrorKind.TRANSIENT))

    *retries, end = caplog.records
    waits = [round(wait, 3) for wait in time.waits]
    assert [each.__dict__["wait"] for each in retries] == waits
    assert [each["wait"] for each in end.__dict__["attempts"][:-1]] == waits


def test_a_permanent_error_is_logged_with_cause_and_remedy(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def denied() -> None:
        raise ServiceError(ErrorKind.PERMANENT, "AccessDeniedException", remedy="Allow it.") from OSError(
            "not authorized"
        )

    _refused(retry, denied)

    (record,) = caplog.records
    assert (record.levelname, record.message) == ("ERROR", "permanent fault")
    assert _extra(record) == {
        "event": "permanent fault",
        "operation": "add",
        "error": "AccessDeniedException",
        "cause": "not authorized",
        "remedy": "Allow it.",
        "attempts": [{"error": "AccessDeniedException"}],
    }


def test_a_spent_quota_is_logged_as_the_reason(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        _refused(retry, failing(ErrorKind.TRANSIENT))

    assert [_extra(record)["reason"] for record in caplog.records][-2:] == ["retry quota spent"] * 2


def test_the_deadline_and_an_open_circuit_are_logged_as_the_reason(
    retry: Retry, time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    _open_circuit(retry, time)
    _refused(retry, failing(ErrorKind.TIMEOUT))
    with within(0, clock=time):
        _refused(retry, failing(ErrorKind.TIMEOUT))

    attempts_and_reasons = [(len(record.__dict__["attempts"]), record.__dict__["reason"]) for record in caplog.records]
    assert attempts_and_reasons == [
        (4, "deadline"),
        (1, "circuit open"),
        (0, "circuit open"),
        (0, "deadline"),
    ]


def test_a_call_without_an_attempt_is_logged_with_the_reason(
    retry: Retry, time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    with within(0, clock=time):
        _refused(retry, failing(ErrorKind.TRANSIENT))

    (record,) = caplog.records
    assert (record.levelname, record.message) == ("WARNING", "gave up")
    assert _extra(record) == {"event": "gave up", "operation": "add", "attempts": [], "reason": "deadline"}


def test_a_successful_first_attempt_logs_nothing(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    retry("get", lambda: None)

    assert caplog.records == []


def test_the_message_for_the_caller_has_no_error_code(retry: Retry) -> None:
    for kind in ErrorKind:
        with pytest.raises(DomainError) as error:
            retry("add", failing(kind))
        assert "Error" not in str(error.value)
        assert str(error.value).endswith(("in a moment.", "Try again later."))


# --- helpers ----------------------------------------------------------------------------------------------------------


def _raising(error: Exception) -> Callable[[], None]:
    def attempt() -> None:
        raise error

    return attempt


def _refused(retry: Retry, attempt: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable):
        retry("add", attempt)


def _open_circuit(retry: Retry, time: VirtualTime) -> None:
    """Two requests with five seconds each: five attempts in a row time out, and the circuit opens."""
    for _ in range(2):
        with within(5, clock=time):
            _refused(retry, failing(ErrorKind.TIMEOUT, time=time, takes=1.0))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    own = {"event", "operation", "attempt", "wait", "error", "reason", "attempts", "cause", "remedy"}
    return {name: value for name, value in record.__dict__.items() if name in own}
