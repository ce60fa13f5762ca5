"""Every error is an RFC 9457 problem, from one table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote, unquote

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain import errors
from domain.configurations import Configuration
from domain.errors import DomainError, FieldProblem
from entrypoints.api.errors import PayloadTooLarge
from entrypoints.api.problems import ALL, PROBLEMS
from tests.api.conftest import V2, MakeApp, a_session
from tests.builders import NOW

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
    assert len({problem.code for problem in ALL}) == len(ALL)


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


@pytest.mark.parametrize("path", ["/nothing", "/api/v3/configurations", "/%2e%2e/etc/passwd", "/%00", "/a%20b/%25"])
@pytest.mark.parametrize("mount", ["", "/dev"])
def test_an_unknown_path_is_a_404_problem_whose_urls_are_below_the_mount(
    client: FlaskClient, path: str, mount: str
) -> None:
    mounted = {"SCRIPT_NAME": mount}

    answer = client.get(path, environ_overrides=mounted)

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.json["instance"] == mount + quote(unquote(path))
    documentation, code = answer.json["type"].split("#")
    assert documentation == f"{mount}/docs"
    assert f'id="{code}"' in client.get("/docs", environ_overrides=mounted).text


def test_a_wrong_method_is_405_with_the_allowed_methods(client: FlaskClient) -> None:
    answer = client.delete(f"{V2}/configurations")

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_readiness_reports_the_store_and_the_ticker_list(client: FlaskClient, make_app: MakeApp) -> None:
    down = ABrokenStore(errors.Throttled("Come back.", retry_after=timedelta(seconds=2)))
    tickers = {"source": "bundled", "version": "2026-11-01", "count": 3, "age_seconds": 3600}

    ready = client.get(f"{V2}/health/ready")
    not_ready = make_app(store=down).test_client().get(f"{V2}/health/ready")

    assert (ready.status_code, ready.json) == (200, {"status": "ready", "store": "ok", "tickers": tickers})
    assert (not_ready.status_code, not_ready.headers["Retry-After"]) == (503, "2")
    assert not_ready.json.items() >= {"code": "store_unavailable", "store": "unavailable", "tickers": tickers}.items()


def test_a_bug_is_a_500_whose_cause_is_only_in_the_log(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(store=ABrokenStore(KeyError("arn:aws:dynamodb:secret-table"))).test_client()

    answer = client.get(f"{V2}/configurations", headers=a_session(client))

    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "secret-table" not in answer.text
    assert "Traceback" not in answer.text
    assert "secret-table" in caplog.text
