"""What the retries log and what the caller sees."""

from __future__ import annotations

import logging
import random

import pytest

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import Retry, dynamodb_retry
from domain.deadline import within
from domain.errors import DomainError
from tests.support.retries import expect_unavailable, failing, open_circuit
from tests.support.virtual_time import VirtualTime

# --- log --------------------------------------------------------------------------------------------------------------


def test_each_retry_is_logged_and_the_end_with_all_attempts(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

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

    expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

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

    expect_unavailable(retry, denied)

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
        expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

    assert [_extra(record)["reason"] for record in caplog.records][-2:] == ["retry quota spent"] * 2


def test_the_deadline_and_an_open_circuit_are_logged_as_the_reason(
    retry: Retry, time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    open_circuit(retry, time)
    expect_unavailable(retry, failing(ErrorKind.TIMEOUT))
    with within(0, clock=time):
        expect_unavailable(retry, failing(ErrorKind.TIMEOUT))

    attempts_and_reasons = [(len(record.__dict__["attempts"]), record.__dict__["reason"]) for record in caplog.records]
    assert attempts_and_reasons == [
        (4, "deadline"),
        (1, "circuit open"),
        (0, "circuit open"),
        (0, "deadline"),
    ]


def test_a_successful_first_attempt_logs_nothing(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    retry("get", lambda: None)

    assert caplog.records == []


def test_the_message_for_the_caller_has_no_error_code(retry: Retry) -> None:
    for kind in ErrorKind:
        with pytest.raises(DomainError) as error:
            retry("add", failing(kind))
        assert "Error" not in str(error.value)
        assert str(error.value).endswith(("in a moment.", "Try again later.", "with the same key."))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    own = {"event", "operation", "attempt", "wait", "error", "reason", "attempts", "cause", "remedy"}
    return {name: value for name, value in record.__dict__.items() if name in own}
