"""The API through the gateway, Lambda and DynamoDB, and other events of the function, as `zappa deploy` sets it up."""

from __future__ import annotations

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


def test_the_deployed_function_reaches_its_table_and_its_ticker_list(stage: Stage) -> None:
    ready = stage.wait_for_answer(f"{V2}/health/ready", until=lambda body: body["tickers"]["source"] == "s3")

    assert (ready["status"], ready["store"], ready["tickers"]["count"]) == ("ready", "ok", 3)


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


def test_an_error_keeps_its_body_and_headers(stage: Stage, ann: dict[str, str]) -> None:
    for _ in range(2):
        assert stage.ask("POST", f"{V2}/configurations", headers=ann, json=a_body()).status_code == 201

    refused = stage.ask("POST", f"{V2}/configurations", headers=ann | {"X-Request-ID": "abc-1"}, json=a_body())

    assert refused.status_code == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["X-Request-ID"] == refused.json()["request_id"] == "abc-1"
    assert (refused.json()["code"], refused.json()["max_allowed"]) == ("limit_reached", 2)


@pytest.mark.parametrize(("path", "kind"), [("/openapi.json", "application/json"), ("/", "text/html; charset=utf-8")])
def test_pages_and_documents_keep_their_content_type(stage: Stage, path: str, kind: str) -> None:
    page = stage.ask("GET", path)

    assert (page.status_code, page.headers["Content-Type"]) == (200, kind)


def test_log_lines_of_a_request_contain_the_ids_of_lambda_and_the_metrics(stage: Stage, ann: dict[str, str]) -> None:
    request_id = uuid4().hex
    stage.ask("POST", f"{V2}/configurations", headers=ann | {"X-Request-ID": request_id}, json=a_body())

    created = stage.wait_for_log(lambda line: line.get("request_id") == request_id and "Creates" in line)
    request = stage.wait_for_log(lambda line: line.get("request_id") == request_id and "StoreLatency" in line)

    assert created["lambda_request_id"] == request["lambda_request_id"]
    assert (created["outcome"], created["Creates"], created["stage"]) == ("created", 1, "dev")
    assert request["StoreLatency"] > 0
    # Only sampled requests have a trace.
    assert stage.wait_for_log(lambda line: line.get("trace_id", "").startswith("Root="))
    assert ann["Authorization"].removeprefix("Bearer ") not in str(stage.log())


def test_the_weekly_schedule_invokes_the_function_with_the_job(stage: Stage) -> None:
    events = stage.client("events")
    rule = next(
        rule for rule in events.list_rules()["Rules"] if rule["Name"].endswith("entrypoints.jobs.refresh_tickers")
    )
    target = events.list_targets_by_rule(Rule=rule["Name"])["Targets"][0]
    assert rule["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert stage.function in target["Arn"]

    stage.invoke({"detail-type": "Scheduled Event", "resources": [rule["Arn"]]})

    stage.wait_for_log(lambda line: line.get("job") == "entrypoints.jobs.refresh_tickers")


def test_an_event_that_is_neither_a_request_nor_a_job_is_refused_and_logged(stage: Stage) -> None:
    unique = f"unknown-{uuid4().hex}"

    assert stage.invoke({unique: "os.abort"}) == ({"status": "refused"}, None)

    refused = stage.wait_for_log(lambda line: unique in str(line))
    assert refused["level"] == "ERROR"
    assert refused["EventsRefused"] == 1
    assert "os.abort" not in str(refused)
