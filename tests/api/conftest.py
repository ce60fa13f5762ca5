"""The application with the memory store and a fixed clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import NOW, AFixedList

ORIGIN = "https://app.example.com"
SETTINGS = Settings(
    store=StoreKind.MEMORY, secret_keys=("a key of at least thirty-two characters",), cors_origins=(ORIGIN,)
)
V2 = "/api/v2"

MakeApp = Callable[..., Flask]


class AClock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> AClock:
    return AClock()


@pytest.fixture
def make_app(clock: AClock) -> Iterator[MakeApp]:
    with ExitStack() as applications:

        def make(*, settings: dict[str, Any] | None = None, **parts: Any) -> Flask:
            seams: dict[str, Any] = {"store": MemoryStore(), "ticker_list": AFixedList(), "clock": clock}
            app = create_app(replace(SETTINGS, **(settings or {})), rng=random.Random(7), **(seams | parts))
            applications.callback(close, app)
            return app

        yield make


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    return make_app().test_client()


def a_session(client: FlaskClient) -> dict[str, str]:
    """The headers of a new anonymous user."""
    answer = client.post(f"{V2}/auth/anonymous")
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.json['token']}"}


@pytest.fixture
def ann(client: FlaskClient) -> dict[str, str]:
    return a_session(client)


@pytest.fixture
def bob(client: FlaskClient) -> dict[str, str]:
    return a_session(client)


def a_body(**fields: Any) -> dict[str, Any]:
    return {"name": "Tech", "tickers": ["AAPL"]} | fields
