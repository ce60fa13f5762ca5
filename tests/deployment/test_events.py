"""The deployed function and its events: requests, schedules, and events that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.deployment.stage import Stage
from tests.support.lambda_events import a_request

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

V2 = "/api/v2"
Function = Callable[..., Stage]


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


def test_a_preflight_request_passes_the_gateway(function: Function) -> None:
    open_to_one = function(CONFIG_API_STORE="memory", CONFIG_API_CORS_ORIGINS="https://app.example.com")

    answer, _ = open_to_one.invoke(
        a_request(
            "OPTIONS",
            f"{V2}/configurations",
            origin="https://app.example.com",
            access_control_request_method="POST",
        )
    )

    assert answer["statusCode"] == 200
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_the_client_address_is_the_one_that_the_gateway_saw(function: Function) -> None:
    strict = function(CONFIG_API_STORE="memory", CONFIG_API_RATE_ADDRESS="1/hour")
    statuses = []
    for claimed in ("1.1.1.1, 2.2.2.2", "3.3.3.3, 4.4.4.4"):
        event = a_request("POST", f"{V2}/auth/anonymous", x_forwarded_for=claimed)
        statuses.append(strict.invoke(event)[0]["statusCode"])

    assert statuses == [201, 429]
