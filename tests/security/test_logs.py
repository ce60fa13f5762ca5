"""Log injection, and private data in the log."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain.configurations import Configuration
from entrypoints.settings import StoreKind
from tests.api.conftest import V2, MakeApp, a_body, a_session, logged

CONFIGURATIONS = f"{V2}/configurations"
FORGED = '{"level": "ERROR"}'
BREAKS = ["\r\n", "\n", "\x1b[2K\x1b[31m", "\u2028", "\u2029", "\x85", "\x0b", "\x00", "\ud800"]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_no_input_starts_a_new_log_line(client: FlaskClient, lines: io.StringIO, line_break: str) -> None:
    text = (f"a{line_break}{FORGED}").encode("utf-8", "surrogatepass").decode("latin-1")
    environ = {f"HTTP_{name}": text for name in ("X_REQUEST_ID", "IDEMPOTENCY_KEY", "USER_AGENT", "IF_MATCH", "ORIGIN")}
    session = client.post(f"{V2}/auth/anonymous").json

    for authorization in (f"Bearer {session['token']}", f"Bearer {text}"):
        client.post(
            CONFIGURATIONS, json=a_body(name=text), environ_overrides=environ | {"HTTP_AUTHORIZATION": authorization}
        )
    client.open("/", method=text, environ_overrides=environ | {"PATH_INFO": f"/api/v2/{text}", "QUERY_STRING": text})

    requests = [line for line in logged(lines) if line["message"] == "request"]
    assert len(requests) == 4
    assert lines.getvalue().isascii()
    assert "\x1b" not in lines.getvalue()
    assert {line["level"] for line in logged(lines)} <= {"DEBUG", "INFO"}
    assert all(len(line["request_id"]) == 32 for line in requests)


def test_an_exception_with_line_breaks_is_one_line(make_app: MakeApp, lines: io.StringIO) -> None:
    class ABrokenStore(MemoryStore):
        def list(self, user_id: str) -> tuple[Configuration, ...]:
            raise KeyError(f"{len(user_id)}\r\n{FORGED}\u2028\x1b[31m")

    client = make_app(store=ABrokenStore()).test_client()

    client.get(CONFIGURATIONS, headers=a_session(client))

    assert [line["message"] for line in logged(lines) if line["level"] == "ERROR"] == ["internal error"]


@pytest.mark.parametrize("store", [StoreKind.MEMORY, StoreKind.SQLITE])
def test_no_level_logs_user_ids_tokens_or_bodies(
    make_app: MakeApp, lines: io.StringIO, store: StoreKind, tmp_path: Path
) -> None:
    client = make_app(store=None, settings={"store": store, "sqlite_path": tmp_path / "db.sqlite3"}).test_client()
    session = client.post(f"{V2}/auth/anonymous").json
    headers = {"Authorization": f"Bearer {session['token']}", "Idempotency-Key": "my-key"}
    created = client.post(CONFIGURATIONS, json=a_body(name="my secret plan"), headers=headers).json
    for method in ("GET", "PATCH", "DELETE"):
        client.open(
            f"{CONFIGURATIONS}/{created['config_id']}", method=method, json={"name": "my other plan"}, headers=headers
        )
    client.get(CONFIGURATIONS, headers={"Authorization": f"Bearer {session['token']}x"})

    assert len(logged(lines)) >= 6
    for private in (session["token"][:-1], session["user_id"], "my secret plan", "my other plan", "my-key"):
        assert private not in lines.getvalue()


@pytest.mark.parametrize("name", ["botocore.endpoint", "urllib3.connectionpool", "pynamodb.connection.base", "boto3"])
@pytest.mark.usefixtures("lines")
def test_libraries_that_log_requests_at_debug_stay_at_info(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
