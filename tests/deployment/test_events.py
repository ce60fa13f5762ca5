"""What the function makes of an event, whoever sends it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.deployment.stage import SECRET, Stage
from tests.support.lambda_events import a_request

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

V2 = "/api/v2"
Function = Callable[..., Stage]


def test_a_warm_up_is_answered_and_does_nothing_else(stage: Stage) -> None:
    assert stage.invoke({}) == ({"status": "warm"}, None)
    rule = "arn:aws:events:us-east-1:000000000000:rule/config-api-dev-zappa-keep-warm-handler.keep_warm_callback"
    assert stage.invoke({"detail-type": "Scheduled Event", "resources": [rule]}) == ({"status": "warm"}, None)


def test_the_weekly_schedule_starts_the_job(stage: Stage) -> None:
    events = stage.client("events")
    rule = next(
        rule for rule in events.list_rules()["Rules"] if rule["Name"].endswith("entrypoints.jobs.refresh_tickers")
    )
    target = events.list_targets_by_rule(Rule=rule["Name"])["Targets"][0]
    assert rule["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert stage.function in target["Arn"]

    stage.invoke({"detail-type": "Scheduled Event", "resources": [rule["Arn"]]})

    assert stage.logged("job started")[-1]["job"] == "entrypoints.jobs.refresh_tickers"


@pytest.mark.parametrize(
    "event",
    [
        {"raw_command": "raise SystemExit"},
        {"command": "os.abort"},
        {"command": 7},
        {"manage": "flush"},
        {"detail-type": "Scheduled Event", "resources": []},
        {"detail-type": "Scheduled Event", "resources": ["arn:aws:events:::rule/x-os.abort"]},
        {"Records": [{"s3": {"configurationId": "a:os.abort"}}]},
        {"version": "2.0"},
        {"version": "2.0", "requestContext": 7},
        {"httpMethod": "GET", "path": "/"},
        {"type": "TOKEN"},
        "garbage",
        [1, 2],
        None,
        7,
    ],
    ids=str,
)
def test_what_is_no_request_and_no_job_is_refused_and_logged(stage: Stage, event: Any) -> None:
    before = len(stage.logged("event refused"))

    assert stage.invoke(event) == ({"status": "refused"}, None)

    refused = stage.logged("event refused")
    assert len(refused) == before + 1
    assert refused[-1]["level"] == "ERROR"
    assert "os.abort" not in refused[-1]["looks_like"]


def test_behind_its_stage_the_service_knows_its_own_address(stage: Stage) -> None:
    session, _ = stage.invoke(a_request("POST", f"{V2}/auth/anonymous"))
    token = json.loads(session["body"])["token"]

    created, _ = stage.invoke(
        a_request(
            "POST", f"{V2}/configurations", body={"name": "A", "tickers": ["AAPL"]}, authorization=f"Bearer {token}"
        )
    )

    assert created["statusCode"] == 201
    assert created["headers"]["Location"].startswith("/dev/api/v2/configurations/")
    assert created["isBase64Encoded"] is False


def test_a_function_without_its_settings_says_so_in_our_format_and_in_its_log(function: Function) -> None:
    broken = function(CONFIG_API_STORE="dynamodb")

    answer, error = broken.invoke(a_request("GET", f"{V2}/configurations"))

    assert error is None
    assert answer["statusCode"] == 503
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert int(answer["headers"]["Retry-After"]) >= 1
    assert json.loads(answer["body"])["code"] == "store_unavailable"
    named = next(line for line in broken.log() if line["level"] == "ERROR")
    assert set(named["settings"]) == {"CONFIG_API_TABLE", "CONFIG_API_SECRET_KEYS"}


def test_a_browser_elsewhere_is_let_in_by_origin(function: Function) -> None:
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


def test_the_address_of_a_caller_is_what_the_gateway_saw(function: Function) -> None:
    strict = function(CONFIG_API_STORE="memory", CONFIG_API_RATE_ADDRESS="1/hour")
    statuses = []
    for claimed in ("1.1.1.1, 2.2.2.2", "3.3.3.3, 4.4.4.4"):
        event = a_request("POST", f"{V2}/auth/anonymous", x_forwarded_for=claimed)
        statuses.append(strict.invoke(event)[0]["statusCode"])

    assert statuses == [201, 429]


def test_a_store_that_hangs_is_our_503_before_it_is_lambdas_timeout(function: Function) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never answers
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        hanging = function(
            timeout=3,
            CONFIG_API_STORE="dynamodb",
            CONFIG_API_TABLE="config-api-dev",
            CONFIG_API_SECRET_KEYS=SECRET,
            CONFIG_API_DEADLINE="20",
            AWS_ENDPOINT_URL_DYNAMODB=endpoint,
        )
        session, _ = hanging.invoke(a_request("POST", f"{V2}/auth/anonymous"))
        token = json.loads(session["body"])["token"]
        started = time.monotonic()

        answer, error = hanging.invoke(a_request("GET", f"{V2}/configurations", authorization=f"Bearer {token}"))

        assert time.monotonic() - started < 3
    assert error is None
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (503, "store_unavailable")
