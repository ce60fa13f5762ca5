"""The function's handler, in this process; tests/deployment has it where it belongs."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from tests.support.lambda_events import a_request

Handle = Callable[[Any, Any], Any]

ZAPPA_SETTINGS = {
    "APP_MODULE": "entrypoints.wsgi",
    "APP_FUNCTION": "app",
    "API_STAGE": "dev",
    "PROJECT_NAME": "config-api",
    "DEBUG": False,
    "LOG_LEVEL": "INFO",
    "BINARY_SUPPORT": True,
    "EXCEPTION_HANDLER": None,
    "DJANGO_SETTINGS": None,
    "BASE_PATH": None,
    "CONTEXT_HEADER_MAPPINGS": {},
    "ENVIRONMENT_VARIABLES": {},
    "ADDITIONAL_TEXT_MIMETYPES": ["application/problem+json"],
}


@dataclass
class Context:
    """What Lambda passes beside an event."""

    aws_request_id: str = "lambda-1"

    def get_remaining_time_in_millis(self) -> int:
        return 9000


@pytest.fixture(scope="module")
def handle() -> Iterator[Handle]:
    settings = ModuleType("zappa_settings")
    vars(settings).update(ZAPPA_SETTINGS)
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "zappa_settings", settings)
        for name, value in {"STORE": "memory", "RATE_ADDRESS": "3/hour"}.items():
            patch.setenv(f"CONFIG_API_{name}", value)
        for name in ("SERVERTYPE", "FRAMEWORK", "PROJECT", "STAGE"):
            patch.setenv(name, "")  # Zappa sets these: the test's end takes them back
        for module in ("entrypoints.wsgi", "entrypoints.aws_lambda"):
            patch.delitem(sys.modules, module, raising=False)
        from entrypoints import aws_lambda  # noqa: PLC0415 - it builds the application while it is imported

        yield aws_lambda.handle
        for module in ("entrypoints.wsgi", "entrypoints.aws_lambda"):
            sys.modules.pop(module, None)
    logging.basicConfig(level=level, handlers=handlers, force=True)


def test_a_request_is_served_under_its_stage(handle: Handle) -> None:
    answer = handle(a_request("GET", "/api/v2/health"), Context())

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})


def test_an_answer_without_a_body_has_an_empty_one(handle: Handle) -> None:
    opened = handle(a_request("POST", "/api/v2/auth/anonymous", address="203.0.113.20"), Context())
    session = json.loads(opened["body"])
    bearer = f"Bearer {session['token']}"
    body = {"name": "Tech", "tickers": ["AAPL"]}
    created = handle(a_request("POST", "/api/v2/configurations", body=body, authorization=bearer), Context())
    path = created["headers"]["Location"].removeprefix("/dev")

    same = handle(a_request("GET", path, authorization=bearer, if_none_match=created["headers"]["ETag"]), Context())
    gone = handle(a_request("DELETE", path, authorization=bearer), Context())

    assert (same["statusCode"], same["body"]) == (304, "")
    assert (gone["statusCode"], gone["body"]) == (204, "")


def test_the_callers_address_is_what_the_gateway_saw_whatever_they_claim(handle: Handle) -> None:
    statuses = [
        handle(a_request("POST", "/api/v2/auth/anonymous", x_forwarded_for=f"10.0.0.{n}, 10.1.1.1"), Context())[
            "statusCode"
        ]
        for n in range(4)
    ]

    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "event", [{}, {"detail-type": "Scheduled Event", "resources": ["a/b-handler.keep_warm_callback"]}]
)
def test_a_warm_up_is_answered(handle: Handle, event: Any) -> None:
    assert handle(event, Context()) == {"status": "warm"}


def test_a_job_gets_the_event_and_its_failure_is_lambdas_to_repeat(
    handle: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = ModuleType("entrypoints.jobs")
    vars(jobs)["refresh_tickers"] = lambda event, context: (event["command"], context.aws_request_id)
    monkeypatch.setitem(sys.modules, "entrypoints.jobs", jobs)
    command = {"command": "entrypoints.jobs.refresh_tickers"}

    assert handle(command, Context()) == (command["command"], "lambda-1")

    vars(jobs)["refresh_tickers"] = None  # cannot be called
    with pytest.raises(TypeError):
        handle(command, Context())


@pytest.mark.parametrize(
    "event",
    [
        {"raw_command": "1/0"},
        {"command": "os.abort"},
        {"command": ["os.abort"]},
        {"detail-type": "Scheduled Event", "resources": []},
        {"version": "2.0", "requestContext": 7},
        {"version": "2.0", "requestContext": {"http": None}},
        {"httpMethod": "GET", "path": "/"},
        {1: 2},
        "garbage",
        [],
        None,
    ],
    ids=str,
)
def test_what_is_neither_is_refused(handle: Handle, event: Any) -> None:
    assert handle(event, Context()) == {"status": "refused"}


def test_no_event_changes_the_environment(handle: Handle) -> None:
    event = a_request("GET", "/api/v2/health") | {"stageVariables": {"AWS_ENDPOINT_URL": "https://evil.example"}}

    assert handle(event, Context())["statusCode"] == 200
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_what_has_the_form_of_a_request_runs_nothing_else(handle: Handle) -> None:
    event = a_request("GET", "/nothing") | {
        "raw_command": "1/0",
        "command": "os.abort",
        "manage": "flush",
        "Records": [],
    }

    assert handle(event, Context())["statusCode"] == 404
