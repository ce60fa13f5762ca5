"""The `/configurations` endpoints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from domain.times import iso_utc
from tests.api.conftest import V2, AClock, a_body

CONFIGURATIONS = f"{V2}/configurations"
Headers = dict[str, str]


def test_a_configuration_can_be_created_read_listed_and_deleted(client: FlaskClient, ann: Headers) -> None:
    body = a_body(name="  Tech  ", tickers=[" aapl ", "brk-b"], timeframe_days=30, include_extended_hours=True)

    created = client.post(CONFIGURATIONS, json=body, headers=ann)
    read = client.get(created.headers["Location"], headers=ann)
    listed = client.get(CONFIGURATIONS, headers=ann)
    deleted = client.delete(created.headers["Location"], headers=ann)
    again = client.delete(created.headers["Location"], headers=ann)

    assert created.status_code == 201
    assert created.json == {
        "config_id": created.headers["Location"].rsplit("/", 1)[1],
        "name": "Tech",
        "tickers": [
            {"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ"},
            {"symbol": "BRK.B", "name": "Berkshire Hathaway Inc", "exchange": "NYSE"},
        ],
        "timeframe_days": 30,
        "include_extended_hours": True,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "revision": created.headers["ETag"].strip('"'),
    }
    assert (read.status_code, read.json, read.headers["ETag"]) == (200, created.json, created.headers["ETag"])
    assert listed.json == {"configurations": [created.json], "max_allowed": 2, "remaining": 1}
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert (again.status_code, again.json["code"]) == (404, "not_found")


def test_a_create_at_the_limit_is_409_with_the_limit(client: FlaskClient, ann: Headers) -> None:
    for _ in range(2):
        client.post(CONFIGURATIONS, json=a_body(), headers=ann)

    refused = client.post(CONFIGURATIONS, json=a_body(), headers=ann)

    assert (refused.status_code, refused.json["code"], refused.json["max_allowed"]) == (409, "limit_reached", 2)
    assert "Retry-After" not in refused.headers


def test_a_late_duplicate_of_a_create_is_refused_with_the_time_of_the_delete(
    client: FlaskClient, ann: Headers, clock: AClock
) -> None:
    keyed = ann | {"Idempotency-Key": "one-intention"}
    created = client.post(CONFIGURATIONS, json=a_body(), headers=keyed)
    clock.now += timedelta(minutes=1)
    client.delete(created.headers["Location"], headers=ann)

    late = client.post(CONFIGURATIONS, json=a_body(), headers=keyed)

    assert (late.status_code, late.json["code"]) == (409, "deleted_since")
    assert (late.json["config_id"], late.json["deleted_at"]) == (created.json["config_id"], iso_utc(clock.now))


@pytest.mark.parametrize(
    ("key", "same"), [("k-1", '"k-1"'), ('"a\\"b"', 'a"b'), ('"a\\\\b"', "a\\b"), ("k" * 255, f'"{"k" * 255}"')]
)
def test_a_create_is_replayed_with_the_same_key_in_quotes_or_without(
    client: FlaskClient, ann: Headers, key: str, same: str
) -> None:
    first, again = (
        client.post(CONFIGURATIONS, json=a_body(), headers=ann | {"Idempotency-Key": each}) for each in (key, same)
    )

    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert again.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("key", ["", '""', "a b", '"a b"', "k" * 256, f'"{"k" * 256}"', "clé"])
def test_a_malformed_idempotency_key_is_refused(client: FlaskClient, ann: Headers, key: str) -> None:
    refused = client.post(CONFIGURATIONS, json=a_body(), headers=ann | {"Idempotency-Key": key})

    assert refused.status_code == 400
    assert refused.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_patch_changes_only_the_given_fields(client: FlaskClient, ann: Headers, clock: AClock) -> None:
    created = client.post(CONFIGURATIONS, json=a_body(), headers=ann)
    clock.now += timedelta(minutes=1)

    patched = client.patch(created.headers["Location"], json={"timeframe_days": 365}, headers=ann)

    assert patched.status_code == 200
    assert patched.json == created.json | {
        "timeframe_days": 365,
        "updated_at": "2026-11-23T12:01:00Z",
        "revision": patched.headers["ETag"].strip('"'),
    }
    assert patched.headers["ETag"] != created.headers["ETag"]
    assert client.get(created.headers["Location"], headers=ann).json == patched.json


@pytest.mark.parametrize("media_type", ["application/merge-patch+json", "application/json; charset=utf-8"])
def test_a_patch_may_be_a_merge_patch(client: FlaskClient, ann: Headers, media_type: str) -> None:
    path = client.post(CONFIGURATIONS, json=a_body(), headers=ann).headers["Location"]

    patched = client.patch(path, data=b'{"timeframe_days": 30}', content_type=media_type, headers=ann)

    assert (patched.status_code, patched.json["name"], patched.json["timeframe_days"]) == (200, "Tech", 30)


def test_accept_patch_names_the_media_types_of_patch(client: FlaskClient, ann: Headers) -> None:
    path = client.post(CONFIGURATIONS, json=a_body(), headers=ann).headers["Location"]

    options = client.options(path)
    refused = client.patch(path, data=b"[]", content_type="application/json-patch+json", headers=ann)

    assert refused.status_code == 415
    accepted = "application/merge-patch+json, application/json"
    assert options.headers["Accept-Patch"] == refused.headers["Accept-Patch"] == accepted
    assert "Accept-Patch" not in client.options(CONFIGURATIONS).headers


def test_a_put_replaces_everything(client: FlaskClient, ann: Headers) -> None:
    created = client.post(CONFIGURATIONS, json=a_body(timeframe_days=30, include_extended_hours=True), headers=ann)

    put = client.put(created.headers["Location"], json=a_body(name="New", tickers=["MSFT"]), headers=ann)

    assert put.status_code == 200
    assert (put.json["name"], put.json["tickers"][0]["symbol"], put.json["timeframe_days"]) == ("New", "MSFT", 7)


UNKNOWN = "5f0c9c9e-6d0e-4b3a-8f52-9b5e8a1f2d11"


@pytest.mark.parametrize("config_id", [UNKNOWN, "..%2f..%2fetc", "%00", "a" * 3000, "😀", "%ff"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_unknown_or_malformed_id_is_not_found(
    client: FlaskClient, ann: Headers, config_id: str, method: str
) -> None:
    missing = client.open(f"{CONFIGURATIONS}/{config_id}", method=method, json=a_body(), headers=ann)

    assert missing.status_code == 404
    assert client.get(CONFIGURATIONS, headers=ann).json["configurations"] == []
