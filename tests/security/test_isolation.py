"""Users cannot see each other's configurations, nor whether they exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain.interception import InterceptedStore
from tests.api.conftest import V2, MakeApp, a_body, a_session

CONFIGURATIONS = f"{V2}/configurations"
T = TypeVar("T")


@pytest.fixture
def calls() -> list[str]:
    """The operations of the store that were called."""
    return []


@pytest.fixture
def client(make_app: MakeApp, calls: list[str]) -> FlaskClient:
    def record(operation: str, call: Callable[[], T]) -> T:
        calls.append(operation)
        return call()

    return make_app(store=InterceptedStore(MemoryStore(), record)).test_client()


def observe(client: FlaskClient, calls: list[str], config_id: str, **request: Any) -> tuple[Any, ...]:
    """The response without the request id and config id, and the calls to the store."""
    calls.clear()
    answer = client.open(f"{CONFIGURATIONS}/{config_id}", **request)
    headers = [(name, value) for name, value in answer.headers if name != "X-Request-ID"]
    body = answer.data.replace(config_id.encode(), b"").replace(answer.headers["X-Request-ID"].encode(), b"")
    return answer.status_code, headers, body, list(calls)


@pytest.mark.parametrize(
    "match", [{}, {"If-Match": '"some-revision"'}, {"If-Match": "*"}, {"If-None-Match": "*"}], ids=str
)
@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", None),
        ("PATCH", {"name": "Mine"}),
        ("PATCH", {"tickers": ["NONE"]}),
        ("PUT", a_body()),
        ("PUT", a_body(name="")),
        ("DELETE", None),
    ],
    ids=json.dumps,
)
def test_another_users_configuration_is_indistinguishable_from_a_missing_one(
    client: FlaskClient, calls: list[str], method: str, body: object, match: dict[str, str]
) -> None:
    ann, eve = a_session(client), a_session(client)
    theirs = client.post(CONFIGURATIONS, json=a_body(), headers=ann).json["config_id"]
    missing = "00000000-0000-4000-8000-000000000000"
    request = {"method": method, "json": body, "headers": eve | match}

    assert observe(client, calls, theirs, **request) == observe(client, calls, missing, **request)
    assert client.get(f"{CONFIGURATIONS}/{theirs}", headers=ann).json["name"] == "Tech"
