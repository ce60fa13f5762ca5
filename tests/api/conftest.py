"""The application with the memory store and a fixed clock."""

from __future__ import annotations

import io
import json
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.oidc import MemberTokens
from adapters.identity.verifier import TokenVerifier
from adapters.memory import MemoryStore
from entrypoints import logs
from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import NOW, AFixedList
from verification.environment.issuer import AUDIENCE, Issuer, running_issuer

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
            parts_by_default: dict[str, Any] = {"store": MemoryStore(), "ticker_list": AFixedList(), "clock": clock}
            app = create_app(replace(SETTINGS, **(settings or {})), rng=random.Random(7), **(parts_by_default | parts))
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


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log at the level DEBUG, as the service writes it."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    yield stream
    root.handlers[:], level = kept
    root.setLevel(level)


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    """Each line as an object, split at every character that a log viewer may take for a line break."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


Ask = Callable[[str], TestResponse]


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def members(issuer: Issuer, clock: AClock, seconds: Seconds) -> MemberTokens:
    return MemberTokens(issuer.url, AUDIENCE, clock=clock, rng=random.Random(1), monotonic=seconds)


@pytest.fixture
def member_client(make_app: MakeApp, members: MemberTokens, clock: AClock) -> FlaskClient:
    anonymous = AnonymousTokens(["a key of at least thirty-two characters"], clock=clock)
    return make_app(identities=TokenVerifier(anonymous, members)).test_client()


@pytest.fixture
def ask(member_client: FlaskClient) -> Ask:
    return lambda token: member_client.get(f"{V2}/auth/me", headers={"Authorization": f"Bearer {token}"})
