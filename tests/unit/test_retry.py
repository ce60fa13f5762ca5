"""How often, after which waits, and when no more. No test here waits: time is a list of the waits."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from adapters.aws.errors import Fault, FaultKind
from adapters.aws.retry import DYNAMODB, Backoff, Pulse, Retry, dynamodb_probe, dynamodb_retry, retrying, s3_retry
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

RETRIED = [kind for kind in FaultKind if kind is not FaultKind.PERMANENT]


class LongestWaits(random.Random):
    """Draws the upper end of every span, so that the steps show."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 the signature is random.Random's
        return b


@dataclass
class Time:
    """A clock that only goes on when somebody sleeps or an attempt takes its time."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def retry(time: Time) -> Retry:
    return dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestWaits())


@dataclass
class Attempts:
    """Fails with each of the kinds in turn, then succeeds; `takes` seconds each."""

    kinds: Iterable[FaultKind]
    time: Time | None = None
    takes: float = 0.0
    made: int = 0

    def __post_init__(self) -> None:
        self._faults = iter(self.kinds)

    def __call__(self) -> str:
        self.made += 1
        if self.time is not None:
            self.time.now += self.takes
        for kind in self._faults:
            raise Fault(kind, f"A{kind.title()}Error", remedy="Do something.")
        return "done"


def failing(kind: FaultKind, times: int = 10**6, **fields: float | Time) -> Attempts:
    return Attempts([kind] * times if times < 10**6 else iter(lambda: kind, None), **fields)  # type: ignore[arg-type]  # by name


def test_only_the_sleep_that_was_handed_in_is_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    def really(seconds: float) -> None:
        assert seconds == 0, "a mutant of a wait would take real time, and every other test here hours"

    monkeypatch.setattr("backoff._sync.time.sleep", really)
    time = Time()
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestWaits())

    retry("add", failing(FaultKind.TRANSIENT, 3))

    assert time.waits == [0.05, 0.1, 0.2]


# --- waits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        (FaultKind.THROTTLED, [0.1, 0.2, 0.4, 0.8, 0.8, 0.8]),
        (FaultKind.TRANSIENT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (FaultKind.TIMEOUT, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (FaultKind.CONTENDED, [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]),
        (FaultKind.PERMANENT, []),
    ],
)
def test_the_waits_double_up_to_a_cap(retry: Retry, time: Time, kind: FaultKind, waits: list[float]) -> None:
    with pytest.raises(TryLater):
        retry("add", failing(kind))

    assert time.waits == waits


def test_a_wait_is_drawn_evenly_from_the_whole_step(time: Time) -> None:
    seed = 7
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(seed))

    retry("add", failing(FaultKind.TRANSIENT, 6))

    expected = random.Random(seed)
    assert time.waits == [round(expected.uniform(0, step), 6) for step in (0.05, 0.1, 0.2, 0.4, 0.4, 0.4)]


def test_the_last_fault_decides_how_long_to_wait(retry: Retry, time: Time) -> None:
    retry("add", Attempts([FaultKind.TRANSIENT, FaultKind.THROTTLED, FaultKind.TRANSIENT]))

    assert time.waits == [0.05, 0.2, 0.2]


@pytest.mark.parametrize("kind", RETRIED)
def test_a_fault_that_passes_is_not_seen_by_the_caller(retry: Retry, kind: FaultKind) -> None:
    attempts = failing(kind, 3)

    assert retry("add", attempts) == "done"
    assert attempts.made == 4


@pytest.mark.parametrize(
    ("kind", "refusal", "shortest", "longest"),
    [
        (FaultKind.THROTTLED, Throttled, 1, 3),
        (FaultKind.CONTENDED, Contended, 1, 2),
        (FaultKind.TRANSIENT, StoreUnavailable, 2, 8),
        (FaultKind.TIMEOUT, StoreUnavailable, 2, 8),
        (FaultKind.PERMANENT, StoreUnavailable, 2, 8),
    ],
)
def test_the_caller_is_told_when_to_come_back_and_a_crowd_not_all_at_once(
    time: Time, kind: FaultKind, refusal: type[TryLater], shortest: int, longest: int
) -> None:
    spans = set()
    for seed in range(20):
        retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(seed))
        with pytest.raises(refusal) as refused:
            retry("add", failing(kind))
        assert type(refused.value) is refusal
        spans.add(refused.value.retry_after)

    assert len(spans) == 20
    assert timedelta(seconds=shortest) <= min(spans) < max(spans) <= timedelta(seconds=longest)


def test_what_is_no_fault_passes_through_at_once(retry: Retry, time: Time) -> None:
    for error in (LimitReached(2), KeyError("a bug")):
        with pytest.raises(type(error)) as raised:
            retry("add", _raising(error))
        assert raised.value is error

    assert time.waits == []


def test_a_failing_ticker_list_is_the_tickers_trouble(time: Time) -> None:
    retry = s3_retry(clock=time, sleep=time.sleep, rng=LongestWaits())

    with pytest.raises(TickersUnavailable):
        retry("read tickers", failing(FaultKind.THROTTLED))

    assert time.waits == [0.2, 0.4, 0.8]


def test_a_probe_asks_once(time: Time) -> None:
    probe = dynamodb_probe(clock=time, sleep=time.sleep, rng=LongestWaits())

    with pytest.raises(StoreUnavailable):
        probe("check", attempts := failing(FaultKind.TRANSIENT))

    assert attempts.made == 1


# --- the deadline -----------------------------------------------------------------------------------------------------


def test_no_attempt_is_begun_that_could_outlast_the_deadline(retry: Retry, time: Time) -> None:
    with within(5, clock=time), pytest.raises(StoreUnavailable):
        retry("add", attempts := failing(FaultKind.TIMEOUT, time=time, takes=1.0))

    assert attempts.made == 4
    assert time.now - 1000 + DYNAMODB.attempt >= 5
    assert time.now - 1000 <= 5


def test_a_wait_that_would_leave_no_time_for_an_attempt_is_not_waited(retry: Retry, time: Time) -> None:
    with within(DYNAMODB.attempt + 0.12, clock=time), pytest.raises(StoreUnavailable):
        retry("add", failing(FaultKind.TRANSIENT))

    assert time.waits == [0.05]


def test_a_wait_and_an_attempt_that_just_fit_are_made(time: Time) -> None:
    exact = Backoff(tries=2, base=0.25, cap=0.25, cost=1, ask_again=(1, 2))  # binary fractions: sums are exact
    policy = replace(DYNAMODB, attempt=0.5, backoffs={FaultKind.TRANSIENT: exact})
    retry = retrying(policy, clock=time, sleep=time.sleep, rng=LongestWaits())

    with within(0.75, clock=time):
        assert retry("add", failing(FaultKind.TRANSIENT, 1)) == "done"


def test_one_deadline_holds_for_all_calls_of_a_request(retry: Retry, time: Time) -> None:
    with within(5, clock=time):
        retry("get", failing(FaultKind.TRANSIENT, 2, time=time, takes=1.0))
        with pytest.raises(StoreUnavailable):
            retry("update", second := failing(FaultKind.TRANSIENT, time=time, takes=1.0))

    assert second.made == 1
    assert time.now - 1000 <= 5


def test_nothing_is_tried_when_the_time_is_over(retry: Retry, time: Time) -> None:
    with within(0, clock=time), pytest.raises(StoreUnavailable):
        retry("add", attempts := failing(FaultKind.TRANSIENT))

    assert attempts.made == 0


# --- the quota --------------------------------------------------------------------------------------------------------


def test_a_dead_dependency_is_soon_asked_once_a_request_and_no_longer_waited_for(retry: Retry, time: Time) -> None:
    for _ in range(5):
        _refused(retry, failing(FaultKind.TRANSIENT))
    time.waits.clear()

    attempts = [failing(FaultKind.TRANSIENT) for _ in range(20)]
    for each in attempts:
        _refused(retry, each)

    assert [each.made for each in attempts] == [1] * 20
    assert time.waits == []


def test_successes_bring_the_retries_back(retry: Retry) -> None:
    for _ in range(5):
        _refused(retry, failing(FaultKind.TRANSIENT))

    for _ in range(6):
        retry("get", lambda: None)

    assert retry("add", failing(FaultKind.TRANSIENT, 6)) == "done"


def test_a_refusal_by_a_rule_is_a_success_of_the_store(retry: Retry) -> None:
    for _ in range(5):
        _refused(retry, failing(FaultKind.TRANSIENT))

    for _ in range(6):
        with pytest.raises(LimitReached):
            retry("add", _raising(LimitReached(2)))

    assert retry("add", failing(FaultKind.TRANSIENT, 6)) == "done"


def test_a_call_that_failed_within_another_is_no_success(retry: Retry) -> None:
    for _ in range(20):
        _refused(retry, lambda: retry("inner", failing(FaultKind.TRANSIENT)))

    _refused(retry, attempts := failing(FaultKind.TRANSIENT))

    assert attempts.made == 1


def test_a_user_s_own_crowd_does_not_cost_the_others_their_retries(retry: Retry) -> None:
    for _ in range(50):
        with pytest.raises(Contended):
            retry("add", failing(FaultKind.CONTENDED))

    assert retry("add", failing(FaultKind.TRANSIENT, 6)) == "done"


def test_with_three_calls_in_ten_failing_the_quota_lasts(time: Time) -> None:
    rng = random.Random(1)
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=rng)
    kinds = [FaultKind.THROTTLED, FaultKind.TRANSIENT, FaultKind.TRANSIENT, FaultKind.CONTENDED, FaultKind.TIMEOUT]

    def attempt() -> None:
        if rng.random() < 0.3:
            raise Fault(rng.choice(kinds), "Injected")

    refused = 0
    for _ in range(10_000):
        try:
            retry("add", attempt)
        except TryLater:
            refused += 1

    assert refused / 10_000 < 0.001


# --- a dependency that hangs ------------------------------------------------------------------------------------------


def test_after_a_run_of_timeouts_requests_are_refused_without_an_attempt(retry: Retry, time: Time) -> None:
    _hang(retry, time)

    attempts = [failing(FaultKind.TIMEOUT, time=time, takes=1.0) for _ in range(20)]
    began = time.now
    for each in attempts:
        _refused(retry, each)

    assert sum(each.made for each in attempts) == 0
    assert time.now == began


def test_one_request_a_second_sees_whether_it_is_back(retry: Retry, time: Time) -> None:
    _hang(retry, time)

    made = []
    for _ in range(50):
        time.now += 0.1
        _refused(retry, attempts := failing(FaultKind.TIMEOUT, time=time, takes=1.0))
        made.append(attempts.made)

    assert sum(made) == 5
    assert max(made) == 1


def test_while_one_looks_the_others_don_t(retry: Retry, time: Time) -> None:
    _hang(retry, time)
    time.now += 1.0

    def looks() -> None:
        _refused(retry, others := failing(FaultKind.TIMEOUT))
        assert others.made == 0
        time.now += 1.0
        raise Fault(FaultKind.TIMEOUT, "ReadTimeoutError")

    _refused(retry, looks)


def test_whoever_looks_has_the_time_of_an_attempt_and_the_next_one_waits_that_long(time: Time) -> None:
    pulse = Pulse(DYNAMODB, clock=time)
    for _ in range(DYNAMODB.timeouts_in_a_row):
        pulse.timed_out()
        time.now += DYNAMODB.silence
    assert pulse.admits()

    admitted = []
    for _ in range(4):
        time.now += (DYNAMODB.attempt + DYNAMODB.probe_every) / 4
        admitted.append(pulse.admits())

    assert admitted == [False, False, False, True]


def test_the_first_answer_lets_everybody_in_again(retry: Retry, time: Time) -> None:
    _hang(retry, time)
    time.now += 1.0

    assert retry("get", lambda: "back") == "back"
    assert [retry("get", lambda: "back") for _ in range(20)] == ["back"] * 20


def test_a_stall_of_a_second_shuts_nobody_out_however_many_it_caught(time: Time) -> None:
    pulse = Pulse(DYNAMODB, clock=time)
    for _ in range(50):
        pulse.timed_out()

    assert not pulse.hangs

    time.now += DYNAMODB.silence
    pulse.timed_out()

    assert pulse.hangs


def test_silence_lasts_from_the_first_timeout_on(time: Time) -> None:
    pulse = Pulse(DYNAMODB, clock=time)
    pulse.timed_out()
    time.now += DYNAMODB.silence
    for _ in range(DYNAMODB.timeouts_in_a_row - 1):
        pulse.timed_out()

    assert pulse.hangs


def test_timeouts_among_answers_shut_nobody_out(retry: Retry) -> None:
    for _ in range(100):
        assert retry("get", failing(FaultKind.TIMEOUT, 1)) == "done"
        assert retry("get", lambda: "done") == "done"


# --- what is logged ---------------------------------------------------------------------------------------------------


def test_each_retry_is_logged_and_giving_up_once_with_all_attempts(
    retry: Retry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    _refused(retry, failing(FaultKind.TRANSIENT))

    *retries, end = caplog.records
    assert [(each.levelname, each.message) for each in retries] == [("INFO", "retrying")] * 6
    assert _extra(retries[2]) == {"operation": "add", "attempt": 3, "wait": 0.2, "error": "ATransientError"}
    assert (end.levelname, end.message) == ("WARNING", "gave up")
    waits = [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]
    assert _extra(end) == {
        "operation": "add",
        "error": "ATransientError",
        "reason": "no tries left",
        "attempts": [{"error": "ATransientError", "wait": wait} for wait in waits] + [{"error": "ATransientError"}],
    }


def test_waits_are_logged_in_whole_milliseconds(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(7))

    _refused(retry, failing(FaultKind.TRANSIENT))

    *retries, end = caplog.records
    waits = [round(wait, 3) for wait in time.waits]
    assert [each.__dict__["wait"] for each in retries] == waits
    assert [each["wait"] for each in end.__dict__["attempts"][:-1]] == waits


def test_a_permanent_fault_is_an_error_with_its_cause_and_the_way_out(
    retry: Retry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def denied() -> None:
        raise Fault(FaultKind.PERMANENT, "AccessDeniedException", remedy="Allow it.") from OSError("not authorized")

    _refused(retry, denied)

    (record,) = caplog.records
    assert (record.levelname, record.message) == ("ERROR", "permanent fault")
    assert _extra(record) == {
        "operation": "add",
        "error": "AccessDeniedException",
        "cause": "not authorized",
        "remedy": "Allow it.",
        "attempts": [{"error": "AccessDeniedException"}],
    }


def test_a_spent_quota_is_named_as_the_reason(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        _refused(retry, failing(FaultKind.TRANSIENT))

    assert [_extra(record)["reason"] for record in caplog.records][-2:] == ["retry quota spent"] * 2


def test_a_late_request_and_a_hanging_store_are_named_as_the_reason(
    retry: Retry, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    _hang(retry, time)
    _refused(retry, failing(FaultKind.TIMEOUT))
    with within(0, clock=time):
        _refused(retry, failing(FaultKind.TIMEOUT))

    tries_and_reasons = [(len(record.__dict__["attempts"]), record.__dict__["reason"]) for record in caplog.records]
    assert tries_and_reasons == [
        (4, "deadline"),
        (1, "no answer for a while"),
        (0, "no answer for a while"),
        (0, "deadline"),
    ]


def test_a_request_that_was_not_begun_is_logged_as_one_that_was_given_up(
    retry: Retry, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    with within(0, clock=time):
        _refused(retry, failing(FaultKind.TRANSIENT))

    (record,) = caplog.records
    assert (record.levelname, record.message) == ("WARNING", "gave up")
    assert _extra(record) == {"operation": "add", "attempts": [], "reason": "deadline"}


def test_a_success_at_once_logs_nothing(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    retry("get", lambda: None)

    assert caplog.records == []


def test_the_caller_learns_nothing_about_the_technology(retry: Retry) -> None:
    for kind in FaultKind:
        with pytest.raises(DomainError) as refusal:
            retry("add", failing(kind))
        assert "Error" not in str(refusal.value)
        assert str(refusal.value).endswith(("in a moment.", "Try again later."))


# --- helpers ----------------------------------------------------------------------------------------------------------


def _raising(error: Exception) -> Callable[[], None]:
    def attempt() -> None:
        raise error

    return attempt


def _refused(retry: Retry, attempt: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable):
        retry("add", attempt)


def _hang(retry: Retry, time: Time) -> None:
    """Requests with five seconds each, until five attempts in a row had no answer."""
    for _ in range(2):
        with within(5, clock=time):
            _refused(retry, failing(FaultKind.TIMEOUT, time=time, takes=1.0))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    own = {"operation", "attempt", "wait", "error", "reason", "attempts", "cause", "remedy"}
    return {name: value for name, value in record.__dict__.items() if name in own}
