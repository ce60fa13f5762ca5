"""The API through gateway, Lambda and DynamoDB, deployed by `zappa deploy` with the role that it will have."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.deployment.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

V2 = "/api/v2"


@pytest.fixture
def ann(stage: Stage) -> dict[str, str]:
    session = stage.ask("POST", f"{V2}/auth/anonymous")
    assert session.status_code == 201
    return {"Authorization": f"Bearer {session.json()['token']}"}


def a_body(**fields: Any) -> dict[str, Any]:
    return {"name": "Tech", "tickers": ["AAPL", "MSFT"]} | fields


def test_the_function_is_up_and_reaches_its_store_and_its_list(stage: Stage) -> None:
    assert stage.ask("GET", f"{V2}/health").json() == {"status": "ok"}

    ready = stage.answer(f"{V2}/health/ready", until=lambda body: body["tickers"]["source"] == "s3")

    assert (ready["status"], ready["store"], ready["tickers"]["source"]) == ("ready", "ok", "s3")


def test_a_configuration_is_created_listed_read_changed_and_deleted(stage: Stage, ann: dict[str, str]) -> None:
    created = stage.ask("POST", f"{V2}/configurations", headers=ann, json=a_body())
    assert created.status_code == 201
    path = f"{V2}/configurations/{created.json()['config_id']}"
    assert stage.ask("GET", f"{V2}/configurations", headers=ann).json()["remaining"] == 1

    tag = stage.ask("GET", path, headers=ann).headers["ETag"]
    assert stage.ask("GET", path, headers=ann | {"If-None-Match": tag}).status_code == 304
    renamed = stage.ask("PATCH", path, headers=ann | {"If-Match": tag}, json={"name": "Big tech"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Big tech")
    assert stage.ask("PATCH", path, headers=ann | {"If-Match": tag}, json={"name": "Late"}).status_code == 412

    assert stage.ask("DELETE", path, headers=ann).status_code == 204
    assert stage.ask("GET", path, headers=ann).status_code == 404


def test_a_refusal_arrives_as_it_was_said(stage: Stage, ann: dict[str, str]) -> None:
    for _ in range(2):
        assert stage.ask("POST", f"{V2}/configurations", headers=ann, json=a_body()).status_code == 201

    refused = stage.ask("POST", f"{V2}/configurations", headers=ann | {"X-Request-ID": "abc-1"}, json=a_body())

    assert refused.status_code == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["X-Request-ID"] == refused.json()["request_id"] == "abc-1"
    assert (refused.json()["code"], refused.json()["max_allowed"]) == ("limit_reached", 2)


def test_all_wrong_fields_are_named_at_once(stage: Stage, ann: dict[str, str]) -> None:
    refused = stage.ask("POST", f"{V2}/configurations", headers=ann, json={"name": "", "tickers": [], "color": "red"})

    assert refused.status_code == 400
    assert {wrong["field"] for wrong in refused.json()["errors"]} >= {"name", "tickers", "color"}


def test_whoever_sends_no_token_is_told_how_to_get_one(stage: Stage) -> None:
    refused = stage.ask("GET", f"{V2}/configurations")

    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_of_many_creates_at_once_no_more_succeed_than_the_limit_allows(stage: Stage, ann: dict[str, str]) -> None:
    def create(_: int) -> int:
        return stage.ask("POST", f"{V2}/configurations", headers=ann, json=a_body()).status_code

    with ThreadPoolExecutor(10) as crowd:
        statuses = Counter(crowd.map(create, range(10)))

    stored = stage.ask("GET", f"{V2}/configurations", headers=ann).json()["configurations"]
    assert set(statuses) <= {201, 409, 429, 503}
    assert statuses[201] <= len(stored) <= 2
    assert statuses[201]


def test_a_repeat_finds_what_the_first_request_made(stage: Stage, ann: dict[str, str]) -> None:
    key = ann | {"Idempotency-Key": str(uuid4())}
    first = stage.ask("POST", f"{V2}/configurations", headers=key, json=a_body())

    again = stage.ask("POST", f"{V2}/configurations", headers=key, json=a_body())

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"


def test_tickers_come_from_the_list_in_s3(stage: Stage) -> None:
    assert stage.ask("GET", f"{V2}/tickers/search", params={"q": "micro"}).json()["results"][0]["symbol"] == "MSFT"
    verdict = stage.answer(f"{V2}/tickers/validate?symbol=FB", until=lambda body: body["status"] == "delisted")
    assert (verdict["status"], verdict["successor"]) == ("delisted", "META")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8"), ("/", "text/html; charset=utf-8")],
)
def test_what_people_and_tools_read_is_served(stage: Stage, path: str, kind: str) -> None:
    page = stage.ask("GET", path)

    assert (page.status_code, page.headers["Content-Type"]) == (200, kind)


def test_a_line_of_the_log_leads_from_the_request_to_lambda_and_its_trace(stage: Stage, ann: dict[str, str]) -> None:
    stage.ask("POST", f"{V2}/configurations", headers=ann | {"X-Request-ID": "find-me"}, json=a_body())

    lines = [line for line in stage.log() if line.get("request_id") == "find-me"]

    assert [line["message"] for line in lines] == ["create", "request"]
    assert all(line["lambda_request_id"] for line in lines)
    assert [line for line in stage.log() if line.get("trace_id", "").startswith("Root=")]  # of those that are sampled
    create, request = lines
    assert (create["outcome"], create["Creates"], create["stage"]) == ("created", 1, "dev")
    assert request["StoreLatency"] > 0
    assert ann["Authorization"][7:] not in str(stage.log())
