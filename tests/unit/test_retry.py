"""Number of attempts, delays and end of the retries on virtual time, and what is logged."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import DYNAMODB, Backoff, Retry, create_retry, dynamodb_probe, dynamodb_retry, s3_retry
from domain.deadline import within
from domain.errors import Contended, LimitReached, StoreUnavailable, Throttled, TickersUnavailable, TryLater
from tests.support.retries import Attempts, LongestDelays, expect_unavailable, failing, open_circuit
from tests.support.sentences import is_sentence
from tests.support.virtual_time import VirtualTime


def test_only_the_injected_sleep_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def real_sleep(seconds: float) -> None:
        assert seconds == 0, "a test would take real time"

    monkeypatch.setattr("backoff._sync.time.sleep", real_sleep)
    time = VirtualTime()
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestDelays())

    retry("add", failing(ErrorKind.TRANSIENT, 3))

    assert time.waits == [0.05, 0.1, 0.2]


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        (ErrorKind.THROTTLED, [0.1, 0.2, 0.4, 0.8, 0.8, 0.8]),
        (ErrorKind.TRANSIENT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.TIMEOUT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.CONTENDED, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (ErrorKind.UNSETTLED, []),
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


def test_retry_after_is_random_within_the_bounds_of_the_kind(time: VirtualTime) -> None:
    spans = set()
    for seed in range(20):
        retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(seed))
        with pytest.raises(Throttled) as refused:
            retry("add", failing(ErrorKind.THROTTLED))
        spans.add(refused.value.retry_after)

    assert len(spans) == 20
    assert timedelta(seconds=1) <= min(spans) < max(spans) <= timedelta(seconds=3)


@pytest.mark.parametrize("error", [LimitReached(2), KeyError("a bug")], ids=repr)
def test_other_exceptions_are_raised_unchanged_and_not_retried(
    retry: Retry, time: VirtualTime, error: Exception
) -> None:
    def attempt() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        retry("add", attempt)

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

    assert refused < 10


def test_calls_are_refused_while_the_probe_is_in_progress(retry: Retry, time: VirtualTime) -> None:
    open_circuit(retry, time)
    time.now += 1.0

    def probe() -> None:
        expect_unavailable(retry, others := failing(ErrorKind.TIMEOUT))
        assert others.made == 0
        time.now += 1.0
        raise ServiceError(ErrorKind.TIMEOUT, "ReadTimeoutError")

    expect_unavailable(retry, probe)


@pytest.fixture
def _log_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="adapters.aws.retry")


@pytest.mark.usefixtures("_log_at_debug")
def test_each_retry_is_logged_and_the_end_with_all_attempts(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

    *retries, end = map(vars, caplog.records)
    assert {(each["levelname"], each["event"], each["operation"]) for each in retries} == {("INFO", "retrying", "add")}
    waits = [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]
    assert [(each["attempt"], each["wait"]) for each in retries] == list(enumerate(waits, start=1))
    assert (end["levelname"], end["event"], end["reason"]) == ("WARNING", "gave up", "no attempts left")
    assert [each.get("wait") for each in end["attempts"]] == [*waits, None]
    assert {each["error"] for each in (*retries, *end["attempts"], end)} == {"ATransientError"}
    assert all(each["message"] == each["event"] for each in (*retries, end))


@pytest.mark.usefixtures("_log_at_debug")
def test_delays_are_logged_in_milliseconds(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(7))

    retry("add", failing(ErrorKind.TRANSIENT, 1))

    assert vars(caplog.records[0])["wait"] == round(time.waits[0], 3)


@pytest.mark.usefixtures("_log_at_debug")
def test_a_permanent_error_is_logged_with_cause_and_remedy(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    def denied() -> None:
        raise ServiceError(ErrorKind.PERMANENT, "AccessDeniedException", remedy="Allow it.") from OSError("no role")

    expect_unavailable(retry, denied)

    (record,) = map(vars, caplog.records)
    assert (record["levelname"], record["event"], record["operation"]) == ("ERROR", "permanent fault", "add")
    assert record["message"] == record["event"]
    assert (record["error"], record["cause"], record["remedy"]) == ("AccessDeniedException", "no role", "Allow it.")


def test_the_reason_of_the_end_is_logged(retry: Retry, time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    open_circuit(retry, time)
    expect_unavailable(retry, failing(ErrorKind.TIMEOUT))
    with within(0, clock=time):
        expect_unavailable(retry, failing(ErrorKind.TIMEOUT))

    assert [(len(record["attempts"]), record["reason"]) for record in map(vars, caplog.records)] == [
        (4, "deadline"),
        (1, "circuit open"),
        (0, "circuit open"),
        (0, "deadline"),
    ]


def test_a_spent_quota_is_logged_as_the_reason(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

    assert vars(caplog.records[-1])["reason"] == "retry quota spent"


@pytest.mark.usefixtures("_log_at_debug")
def test_a_successful_first_attempt_logs_nothing(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    retry("get", lambda: None)

    assert caplog.records == []


@pytest.mark.parametrize("kind", ErrorKind)
def test_the_message_for_the_caller_is_a_sentence_without_an_error_code(retry: Retry, kind: ErrorKind) -> None:
    with pytest.raises(TryLater) as error:
        retry("add", failing(kind))

    assert is_sentence(str(error.value))
    assert "Error" not in str(error.value)
