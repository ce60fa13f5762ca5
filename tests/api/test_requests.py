"""Authentication, rate limits, request ids, deadlines, CORS, logs and the start of the application."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain import deadline
from domain.configurations import Configuration
from entrypoints.settings import SettingsError, StoreKind
from tests.api.conftest import ORIGIN, V2, AClock, MakeApp, a_body, a_session, logged

CONFIGURATIONS = f"{V2}/configurations"
Headers = dict[str, str]


# Identity


def test_a_session_lasts_thirty_days(client: FlaskClient) -> None:
    session = client.post(f"{V2}/auth/anonymous").json
    me = client.get(f"{V2}/auth/me", headers={"Authorization": f"Bearer {session['token']}"}).json

    assert (session["token_type"], session["auth_type"]) == ("Bearer", "anonymous")
    assert (session["created_at"], session["session_expires_at"]) == ("2026-11-23T12:00:00Z", "2026-12-23T12:00:00Z")
    assert (me["user_id"], me["session_expires_at"]) == (session["user_id"], session["session_expires_at"])


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "unauthenticated"),
        ("Bearer", "unauthenticated"),
        ("Basic YTpi", "unauthenticated"),
        ("Bearer " + "x" * 100_000, "invalid_token"),
        ("Bearer é", "invalid_token"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/me"), ("GET", "/configurations"), ("POST", "/configurations"), ("DELETE", "/configurations/x")],
)
def test_a_request_without_a_valid_token_is_401_with_a_challenge(
    client: FlaskClient, method: str, path: str, authorization: str | None, code: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    refused = client.open(V2 + path, method=method, headers=headers, json=a_body())

    assert (refused.status_code, refused.json["code"]) == (401, code)
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


# Rate limits


def test_a_user_above_the_rate_limit_is_429_with_retry_after_and_changes_nothing(make_app: MakeApp) -> None:
    store = MemoryStore()
    client = make_app(store=store, settings={"rate_user": "1/hour"}).test_client()
    ann, bob = a_session(client), a_session(client)
    user_id = client.get(f"{V2}/auth/me", headers=ann).json["user_id"]

    refused = client.post(CONFIGURATIONS, json=a_body(), headers=ann)

    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 3601
    assert store.list(user_id) == ()
    assert client.get(CONFIGURATIONS, headers=bob).status_code == 200


@pytest.mark.parametrize("kind", ["identity", "http"])
def test_behind_a_gateway_the_address_is_the_one_it_reports(make_app: MakeApp, kind: str) -> None:
    client = make_app(settings={"rate_address": "1/hour"}).test_client()
    gateway = {"lambda.event": {"requestContext": {kind: {"sourceIp": "192.0.2.1"}}}}
    client.post(f"{V2}/auth/anonymous", environ_overrides=gateway)

    spoofed = client.post(f"{V2}/auth/anonymous", environ_overrides=gateway, headers={"X-Forwarded-For": "192.0.2.77"})

    assert spoofed.status_code == 429
    assert client.post(f"{V2}/auth/anonymous").status_code == 201


# Request ids, deadline, headers


@pytest.mark.parametrize("given", ["abc", "Root=1-67891233-abcdef012345678912345678", "a" * 128])
def test_a_well_formed_request_id_is_kept(client: FlaskClient, given: str) -> None:
    assert client.get("/nothing", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "{}", "-a", "é", "<script>"])
def test_a_malformed_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    made = client.get("/nothing", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert made != given
    assert len(made) == 32


@pytest.mark.parametrize(("left_ms", "seconds"), [(None, 500), (700_000, 500), (300_000, 298.5)])
def test_the_deadline_is_shorter_if_the_lambda_has_less_time_left(
    make_app: MakeApp, left_ms: int | None, seconds: float
) -> None:
    class ALookingStore(MemoryStore):
        def list(self, user_id: str) -> tuple[Configuration, ...]:
            left.append(deadline.remaining())
            return super().list(user_id)

    left: list[float] = []
    client = make_app(store=ALookingStore(), settings={"deadline": timedelta(seconds=500)}).test_client()
    context = SimpleNamespace(aws_request_id="lambda-1", get_remaining_time_in_millis=lambda: left_ms)

    client.get(
        CONFIGURATIONS, headers=a_session(client), environ_overrides={"lambda.context": context} if left_ms else {}
    )

    # Even on a busy machine, a request does not take a minute.
    assert seconds - 60 < left[0] <= seconds


# CORS


def test_a_preflight_needs_no_token(client: FlaskClient) -> None:
    asked = {"Method": "POST", "Headers": "authorization, idempotency-key"}
    headers = {f"Access-Control-Request-{name}": value for name, value in asked.items()}

    answer = client.options(CONFIGURATIONS, headers={"Origin": ORIGIN} | headers)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "X-Request-ID" in answer.headers


def test_no_cors_headers_without_configured_origins(make_app: MakeApp) -> None:
    client = make_app(settings={"cors_origins": ()}).test_client()

    assert "Access-Control-Allow-Origin" not in client.get(f"{V2}/health", headers={"Origin": ORIGIN}).headers


# Logs


def test_a_request_is_logged_as_one_line_of_json(client: FlaskClient, ann: Headers, lines: io.StringIO) -> None:
    client.get(f"{CONFIGURATIONS}/some-id", headers=ann | {"X-Request-ID": "abc"})

    (line,) = [line for line in logged(lines) if line["message"] == "request"]
    assert (line["request_id"], line["method"], line["status"]) == ("abc", "GET", 404)
    assert line["route"] == "/api/v2/configurations/<config_id>"
    assert len(line["user"]) == 16


def test_every_create_is_logged_with_its_outcome(client: FlaskClient, ann: Headers, lines: io.StringIO) -> None:
    keyed = ann | {"Idempotency-Key": "k"}
    for headers, name in ((keyed, "Tech"), (keyed, "Tech"), (ann, ""), (ann, "Tech"), (ann, "Tech")):
        client.post(CONFIGURATIONS, json=a_body(name=name), headers=headers)

    outcomes = [line["outcome"] for line in logged(lines) if line["message"] == "create"]
    assert outcomes == ["created", "replayed", "validation_failed", "created", "limit_reached"]


# Start


def test_expired_data_is_deleted_at_the_next_start(make_app: MakeApp, clock: AClock, tmp_path: Path) -> None:
    settings = {"store": StoreKind.SQLITE, "sqlite_path": tmp_path / "db.sqlite3"}
    client = make_app(store=None, settings=settings).test_client()
    ann = a_session(client)
    client.post(CONFIGURATIONS, json=a_body(), headers=ann)
    clock.now += timedelta(days=20)
    client.post(CONFIGURATIONS, json=a_body(), headers=a_session(client))

    clock.now += timedelta(days=18)
    make_app(store=None, settings=settings)

    clock.now -= timedelta(days=38)
    assert client.get(CONFIGURATIONS, headers=ann).json["configurations"] == []


@pytest.mark.parametrize(("name", "content"), [("db.sqlite3", b"not a database" * 400), ("db.sqlite3.key", b"")])
def test_an_unusable_database_or_key_file_stops_the_start_and_names_the_setting(
    make_app: MakeApp, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    settings = {"store": StoreKind.SQLITE, "sqlite_path": tmp_path / "db.sqlite3", "secret_keys": ()}

    with pytest.raises(SettingsError, match="CONFIG_API_SQLITE_PATH"):
        make_app(store=None, settings=settings)
