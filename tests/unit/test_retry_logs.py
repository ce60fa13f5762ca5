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
from tests.support.sentences import is_sentence
from tests.support.virtual_time import VirtualTime


@pytest.fixture(autouse=True)
def _log_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="adapters.aws.retry")


def test_each_retry_is_logged_and_the_end_with_all_attempts(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    expect_unavailable(retry, failing(ErrorKind.TRANSIENT))

    *retries, end = map(vars, caplog.records)
    assert {(each["levelname"], each["event"], each["operation"]) for each in retries} == {("INFO", "retrying", "add")}
    waits = [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]
    assert [(each["attempt"], each["wait"]) for each in retries] == list(enumerate(waits, start=1))
    assert (end["levelname"], end["event"], end["reason"]) == ("WARNING", "gave up", "no attempts left")
    assert [each.get("wait") for each in end["attempts"]] == [*waits, None]
    assert {each["error"] for each in (*retries, *end["attempts"], end)} == {"ATransientError"}


def test_delays_are_logged_in_milliseconds(time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    retry = dynamodb_retry(clock=time, sleep=time.sleep, rng=random.Random(7))

    retry("add", failing(ErrorKind.TRANSIENT, 1))

    assert vars(caplog.records[0])["wait"] == round(time.waits[0], 3)


def test_a_permanent_error_is_logged_with_cause_and_remedy(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    def denied() -> None:
        raise ServiceError(ErrorKind.PERMANENT, "AccessDeniedException", remedy="Allow it.") from OSError("no role")

    expect_unavailable(retry, denied)

    (record,) = map(vars, caplog.records)
    assert (record["levelname"], record["event"], record["operation"]) == ("ERROR", "permanent fault", "add")
    assert (record["error"], record["cause"], record["remedy"]) == ("AccessDeniedException", "no role", "Allow it.")


def test_the_reason_of_the_end_is_logged(retry: Retry, time: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="adapters.aws.retry")

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


def test_a_successful_first_attempt_logs_nothing(retry: Retry, caplog: pytest.LogCaptureFixture) -> None:
    retry("get", lambda: None)

    assert caplog.records == []


@pytest.mark.parametrize("kind", ErrorKind)
def test_the_message_for_the_caller_is_a_sentence_without_an_error_code(retry: Retry, kind: ErrorKind) -> None:
    with pytest.raises(DomainError) as error:
        retry("add", failing(kind))

    assert is_sentence(str(error.value))
    assert "Error" not in str(error.value)
