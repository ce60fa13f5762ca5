"""The Lambda handler in this process; tests/deployment runs the packaged one."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any

import pytest

from tests.support.lambda_events import a_request

Handle = Callable[[Any, Any], Any]

ADDRESSES = count(30)
"""The rate limit of the fixture allows an address few sessions."""

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
    """The context object that Lambda passes with an event."""

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
            # Zappa sets these; the patch restores them.
            patch.setenv(name, "")
        for module in ("entrypoints.wsgi", "entrypoints.aws_lambda"):
            patch.delitem(sys.modules, module, raising=False)
        from entrypoints import aws_lambda  # noqa: PLC0415 - the import creates the application

        yield aws_lambda.handle
        for module in ("entrypoints.wsgi", "entrypoints.aws_lambda"):
            sys.modules.pop(module, None)
    logging.basicConfig(level=level, handlers=handlers, force=True)


MOUNTS = {
    "stage": (None, "dev", "/dev"),
    "stage named api": (None, "api", "/api"),
    "default stage": (None, "$default", ""),
    "custom domain": (None, "dev", ""),
    "custom domain, stage named api": (None, "api", ""),
    "base path": ("config", "dev", "/config"),
    "base path, address of the stage": ("config", "dev", "/dev"),
    "base path named api": ("api", "dev", "/api"),
}


@pytest.mark.parametrize(("base_path", "stage", "mount"), MOUNTS.values(), ids=MOUNTS)
def test_every_url_contains_the_mount_path(
    handle: Handle, monkeypatch: pytest.MonkeyPatch, base_path: str | None, stage: str, mount: str
) -> None:
    monkeypatch.setattr("entrypoints.aws_lambda.base_path", base_path)
    address = f"203.0.113.{next(ADDRESSES)}"

    def ask(method: str, path: str, **request: Any) -> Any:
        event = a_request(method, "", stage=stage, address=address, **request)
        return handle(event | {"rawPath": path}, Context())

    problem = json.loads(ask("GET", f"{mount}/api/v2/nothing")["body"])
    session = json.loads(ask("POST", f"{mount}/api/v2/auth/anonymous")["body"])
    bearer = {"authorization": f"Bearer {session['token']}"}
    body = {"name": "Tech", "tickers": ["AAPL"]}
    created = ask("POST", f"{mount}/api/v2/configurations", body=body, **bearer)

    assert (problem["type"], problem["instance"]) == (f"{mount}/docs#not_found", f"{mount}/api/v2/nothing")
    assert json.loads(ask("GET", f"{mount}/openapi.json")["body"])["servers"] == [{"url": mount or "/"}]
    assert ask("GET", created["headers"]["Location"], **bearer)["body"] == created["body"]
    for page in ("/", "/docs"):
        html = ask("GET", mount + page)["body"]
        assert f'data-api="{mount}/api/v2"' in html
        links = re.findall(r'(?:href|src)="(/[^"#]*)', html)
        assert {link: ask("GET", link)["statusCode"] for link in links} == dict.fromkeys(links, 200)


def test_a_path_that_only_begins_like_the_stage_is_not_shortened(handle: Handle) -> None:
    problem = json.loads(handle(a_request("GET", "", stage="dev") | {"rawPath": "/developers"}, Context())["body"])

    assert problem["instance"] == "/developers"


def test_the_body_of_a_204_and_a_304_is_an_empty_string(handle: Handle) -> None:
    opened = handle(a_request("POST", "/api/v2/auth/anonymous", address="203.0.113.20"), Context())
    bearer = f"Bearer {json.loads(opened['body'])['token']}"
    body = {"name": "Tech", "tickers": ["AAPL"]}
    created = handle(a_request("POST", "/api/v2/configurations", body=body, authorization=bearer), Context())
    path = created["headers"]["Location"].removeprefix("/dev")

    same = handle(a_request("GET", path, authorization=bearer, if_none_match=created["headers"]["ETag"]), Context())
    gone = handle(a_request("DELETE", path, authorization=bearer), Context())

    assert (same["statusCode"], same["body"]) == (304, "")
    assert (gone["statusCode"], gone["body"]) == (204, "")


@pytest.mark.parametrize(
    "event", [{}, {"detail-type": "Scheduled Event", "resources": ["a/b-handler.keep_warm_callback"]}]
)
def test_a_warm_up_event_is_answered(handle: Handle, event: Any) -> None:
    assert handle(event, Context()) == {"status": "warm"}


def test_a_job_gets_the_event_and_its_exception_reaches_lambda(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = ModuleType("entrypoints.jobs")
    vars(jobs)["refresh_tickers"] = lambda event, context: (event["command"], context.aws_request_id)
    monkeypatch.setitem(sys.modules, "entrypoints.jobs", jobs)
    command = {"command": "entrypoints.jobs.refresh_tickers"}

    assert handle(command, Context()) == (command["command"], "lambda-1")

    vars(jobs)["refresh_tickers"] = None
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
def test_an_event_that_is_neither_a_request_nor_a_job_is_refused(handle: Handle, event: Any) -> None:
    assert handle(event, Context()) == {"status": "refused"}


def test_a_request_neither_sets_environment_variables_nor_runs_a_command(handle: Handle) -> None:
    event = a_request("GET", "/api/v2/health") | {
        "stageVariables": {"AWS_ENDPOINT_URL": "https://evil.example"},
        "raw_command": "1/0",
        "command": "os.abort",
        "manage": "flush",
        "Records": [],
    }

    assert handle(event, Context())["statusCode"] == 200
    assert "AWS_ENDPOINT_URL" not in os.environ
