"""What an attacker can write into the log, and what whoever reads it can find there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain.configurations import Configuration
from entrypoints import logs
from entrypoints.settings import StoreKind
from tests.api.conftest import V2, MakeApp, a_body

SHELF = f"{V2}/configurations"
FORGED = '{"level": "ERROR"}'
BREAKS = ["\r\n", "\n", "\x1b[2K\x1b[31m", "\u2028", "\u2029", "\x85", "\x0b", "\x00", "\ud800"]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    yield stream
    root.handlers[:], level = kept
    root.setLevel(level)


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    """Each line as an object; by whatever a viewer takes for the end of a line."""
    written = stream.getvalue()
    assert written.isascii()
    assert "\x1b" not in written
    return [json.loads(line) for line in written.splitlines()]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_nothing_that_a_caller_sends_begins_a_line(client: FlaskClient, lines: io.StringIO, line_break: str) -> None:
    text = (f"a{line_break}{FORGED}").encode("utf-8", "surrogatepass").decode("latin-1")
    environ = {f"HTTP_{name}": text for name in ("X_REQUEST_ID", "IDEMPOTENCY_KEY", "USER_AGENT", "IF_MATCH", "ORIGIN")}
    session = client.post(f"{V2}/auth/anonymous").json

    for authorization in (f"Bearer {session['token']}", f"Bearer {text}"):
        client.post(SHELF, json=a_body(name=text), environ_overrides=environ | {"HTTP_AUTHORIZATION": authorization})
    client.open("/", method=text, environ_overrides=environ | {"PATH_INFO": f"/api/v2/{text}", "QUERY_STRING": text})

    requests = [line for line in logged(lines) if line["message"] == "request"]
    assert len(requests) == 4
    assert {line["level"] for line in logged(lines)} <= {"DEBUG", "INFO"}
    assert all(len(line["request_id"]) == 32 for line in requests)


def test_an_error_that_quotes_its_caller_is_still_one_line(make_app: MakeApp, lines: io.StringIO) -> None:
    class ABrokenStore(MemoryStore):
        def list(self, user_id: str) -> tuple[Configuration, ...]:
            raise KeyError(f"{len(user_id)}\r\n{FORGED}\u2028\x1b[31m")

    client = make_app(store=ABrokenStore()).test_client()
    session = client.post(f"{V2}/auth/anonymous").json

    client.get(SHELF, headers={"Authorization": f"Bearer {session['token']}"})

    assert [line["message"] for line in logged(lines) if line["level"] == "ERROR"] == ["internal error"]


@pytest.mark.parametrize("store", [StoreKind.MEMORY, StoreKind.SQLITE])
def test_not_even_the_most_talkative_level_names_a_user_a_token_or_what_they_keep(
    make_app: MakeApp, lines: io.StringIO, store: StoreKind, tmp_path: Any
) -> None:
    client = make_app(store=None, settings={"store": store, "sqlite_path": tmp_path / "db.sqlite3"}).test_client()
    session = client.post(f"{V2}/auth/anonymous").json
    headers = {"Authorization": f"Bearer {session['token']}", "Idempotency-Key": "my-key"}
    created = client.post(SHELF, json=a_body(name="my secret plan"), headers=headers).json
    for method in ("GET", "PATCH", "DELETE"):
        client.open(f"{SHELF}/{created['config_id']}", method=method, json={"name": "my other plan"}, headers=headers)
    client.get(SHELF, headers={"Authorization": f"Bearer {session['token']}x"})

    assert len(logged(lines)) >= 6
    for private in (session["token"][:-1], session["user_id"], "my secret plan", "my other plan", "my-key"):
        assert private not in lines.getvalue()


@pytest.mark.parametrize("name", ["botocore.endpoint", "urllib3.connectionpool", "pynamodb.connection.base", "boto3"])
@pytest.mark.usefixtures("lines")
def test_what_logs_whole_requests_at_debug_is_never_at_debug(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
