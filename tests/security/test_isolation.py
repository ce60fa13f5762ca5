"""Users cannot see each other's configurations, nor whether they exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain.configurations import Configuration
from tests.api.conftest import V2, MakeApp, a_body, a_session

CONFIGURATIONS = f"{V2}/configurations"


class ARecordingStore(MemoryStore):
    """Records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def get(self, user_id: str, config_id: str) -> Configuration:
        self.calls.append("get")
        return super().get(user_id, config_id)

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        self.calls.append("update")
        return super().update(user_id, config_id, change)

    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        self.calls.append("remove")
        super().remove(user_id, config_id, now=now, revisions=revisions)


@pytest.fixture
def store() -> ARecordingStore:
    return ARecordingStore()


@pytest.fixture
def client(make_app: MakeApp, store: ARecordingStore) -> FlaskClient:
    return make_app(store=store).test_client()


def observe(client: FlaskClient, store: ARecordingStore, config_id: str, **request: Any) -> tuple[Any, ...]:
    """The response without the request id and config id, and the calls to the store."""
    store.calls.clear()
    answer = client.open(f"{CONFIGURATIONS}/{config_id}", **request)
    headers = [(name, value) for name, value in answer.headers if name != "X-Request-ID"]
    body = answer.data.replace(config_id.encode(), b"").replace(answer.headers["X-Request-ID"].encode(), b"")
    return answer.status_code, headers, body, list(store.calls)


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
    client: FlaskClient, store: ARecordingStore, method: str, body: object, match: dict[str, str]
) -> None:
    ann, eve = a_session(client), a_session(client)
    theirs = client.post(CONFIGURATIONS, json=a_body(), headers=ann).json["config_id"]
    missing = "00000000-0000-4000-8000-000000000000"

    request = {"method": method, "json": body, "headers": eve | match}

    assert observe(client, store, theirs, **request) == observe(client, store, missing, **request)
    assert client.get(f"{CONFIGURATIONS}/{theirs}", headers=ann).json["name"] == "Tech"
