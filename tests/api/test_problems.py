"""Every error is an RFC 9457 problem, from one table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain import errors
from domain.configurations import Configuration
from domain.errors import DomainError, FieldProblem
from entrypoints.api.errors import PayloadTooLarge
from entrypoints.api.problems import ALL, PROBLEMS
from tests.api.conftest import V2, MakeApp, a_session
from tests.builders import NOW, AFixedList

ABSTRACT = {errors.TryLater}


def subclasses(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from subclasses(kind)


class ABrokenStore(MemoryStore):
    """Raises an error from every read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def list(self, user_id: str) -> tuple[Configuration, ...]:  # noqa: ARG002 - the port's own
        raise self._error

    def check(self) -> None:
        raise self._error


def test_every_domain_error_is_in_the_table() -> None:
    assert {kind for kind in subclasses(DomainError) if kind not in ABSTRACT} == set(PROBLEMS)


def test_codes_are_unique() -> None:
    codes = [problem.code for problem in ALL]

    assert len(codes) == len(set(codes))


def an(error: type[DomainError]) -> DomainError:
    if issubclass(error, errors.TryLater):
        return error("Come back.", retry_after=timedelta(seconds=2.2))
    if issubclass(error, errors.ValidationFailed):
        return error((FieldProblem("name", "too_long", "Too long."),))
    if error is errors.DeletedSince:
        return error("a-config-id", NOW)
    if error in {errors.LimitReached, PayloadTooLarge}:
        return error(2)
    return error() if "__init__" in vars(error) else error("No.")


@pytest.mark.parametrize("error", sorted(PROBLEMS, key=str))
def test_every_error_is_answered_with_its_status_and_code(make_app: MakeApp, error: type[DomainError]) -> None:
    client = make_app(store=ABrokenStore(an(error))).test_client()

    answer = client.get(f"{V2}/configurations", headers=a_session(client))

    row = PROBLEMS[error]
    assert answer.status_code == row.status
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == row.code
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert {"type", "title", "status", "detail", "instance"} <= answer.json.keys()
    if issubclass(error, errors.TryLater):
        assert (answer.headers["Retry-After"], answer.json["retry_after"]) == ("3", 3)


def test_retry_after_is_at_least_a_second(make_app: MakeApp) -> None:
    store = ABrokenStore(errors.Throttled("Come back.", retry_after=timedelta(0)))
    client = make_app(store=store).test_client()

    assert client.get(f"{V2}/configurations", headers=a_session(client)).headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v2/nothing", "/api/v3/configurations", "/%2e%2e/etc/passwd", "/%00"]
)
def test_an_unknown_path_is_a_404_problem(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json["code"], answer.json["status"]) == (404, "not_found", 404)
    assert answer.content_type == "application/problem+json"


def test_a_wrong_method_is_405_with_the_allowed_methods(client: FlaskClient) -> None:
    answer = client.delete(f"{V2}/configurations")

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_type_of_a_problem_links_to_its_documentation(client: FlaskClient) -> None:
    path, code = client.get("/nothing").json["type"].split("#")

    assert f'id="{code}"' in client.get(path).get_data(as_text=True)


def test_readiness_reports_the_store_and_the_ticker_list(client: FlaskClient, make_app: MakeApp) -> None:
    down = ABrokenStore(errors.Throttled("Come back.", retry_after=timedelta(seconds=2)))
    not_ready = make_app(store=down, ticker_list=AFixedList()).test_client().get(f"{V2}/health/ready")

    assert client.get(f"{V2}/health").json == {"status": "ok"}
    assert client.get(f"{V2}/health/ready").json == {
        "status": "ready",
        "store": "ok",
        "tickers": {"source": "bundled", "version": "2026-11-01", "count": 3, "age_seconds": 3600},
    }
    assert (not_ready.status_code, not_ready.json["code"], not_ready.json["store"]) == (
        503,
        "store_unavailable",
        "unavailable",
    )
    assert (not_ready.json["tickers"]["source"], not_ready.headers["Retry-After"]) == ("bundled", "2")


def test_a_bug_is_a_500_whose_cause_is_only_in_the_log(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(store=ABrokenStore(KeyError("arn:aws:dynamodb:secret-table"))).test_client()

    answer = client.get(f"{V2}/configurations", headers=a_session(client))

    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret-table" not in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)
    logged = [record for record in caplog.records if record.exc_info]
    assert logged
    assert "secret-table" in str(logged[0].exc_info)
