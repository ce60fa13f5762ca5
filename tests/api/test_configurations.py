"""The `/configurations` endpoints, and their ETags, `If-Match` and `If-None-Match`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.memory import MemoryStore
from domain.limits import ConfigurationLimits
from domain.times import iso_utc
from tests.api.conftest import V2, AClock, MakeApp, a_body, a_session
from tests.builders import a_configuration

CONFIGURATIONS = f"{V2}/configurations"
Headers = dict[str, str]


@pytest.fixture
def created(client: FlaskClient, ann: Headers) -> TestResponse:
    return client.post(CONFIGURATIONS, json=a_body(), headers=ann)


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


def test_a_patch_changes_only_the_given_fields(
    client: FlaskClient, ann: Headers, created: TestResponse, clock: AClock
) -> None:
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
def test_a_patch_may_be_a_merge_patch(
    client: FlaskClient, ann: Headers, created: TestResponse, media_type: str
) -> None:
    path = created.headers["Location"]

    patched = client.patch(path, data=b'{"timeframe_days": 30}', content_type=media_type, headers=ann)

    assert (patched.status_code, patched.json["timeframe_days"]) == (200, 30)


def test_accept_patch_names_the_media_types_of_patch(client: FlaskClient, ann: Headers, created: TestResponse) -> None:
    path = created.headers["Location"]

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


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("tag", ['"{}"', 'W/"{}"', "{}", '"{}-gzip"', '"other", "{}"', 'W/"other", W/"{}"', "*"])
def test_if_match_accepts_the_current_revision(
    client: FlaskClient, ann: Headers, created: TestResponse, method: str, tag: str
) -> None:
    path, headers = created.headers["Location"], ann | {"If-Match": tag.format(created.json["revision"])}

    matched = client.open(path, method=method, json=a_body(name="New"), headers=headers)

    assert matched.status_code in {200, 204}


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "tag", ['"another"', 'W/"another"', '""', "nonsense", "", ", ,", ", ".join(f'"{n}"' for n in range(500))]
)
def test_if_match_with_another_revision_is_412_and_changes_nothing(
    client: FlaskClient, ann: Headers, created: TestResponse, method: str, tag: str
) -> None:
    path = created.headers["Location"]

    refused = client.open(path, method=method, json=a_body(name="New"), headers=ann | {"If-Match": tag})

    assert (refused.status_code, refused.json["code"]) == (412, "revision_mismatch")
    assert client.get(path, headers=ann).json == created.json


def test_if_match_star_requires_existence(client: FlaskClient, ann: Headers) -> None:
    assert client.delete(f"{CONFIGURATIONS}/none", headers=ann | {"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize("tag", ["{}", "W/{}", '"x", {}', "*"])
def test_if_none_match_with_the_current_revision_is_304(
    client: FlaskClient, ann: Headers, created: TestResponse, tag: str
) -> None:
    kept = client.get(created.headers["Location"], headers=ann | {"If-None-Match": tag.format(created.headers["ETag"])})

    assert (kept.status_code, kept.data, kept.headers["ETag"]) == (304, b"", created.headers["ETag"])


def test_a_list_that_has_not_changed_is_304(client: FlaskClient, ann: Headers, created: TestResponse) -> None:
    first = client.get(CONFIGURATIONS, headers=ann)
    known = ann | {"If-None-Match": f"W/{first.headers['ETag']}"}

    unchanged = client.get(CONFIGURATIONS, headers=known)
    client.patch(created.headers["Location"], json={"name": "New"}, headers=ann)
    changed = client.get(CONFIGURATIONS, headers=known)

    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (changed.status_code, changed.json["configurations"][0]["name"]) == (200, "New")
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_the_etag_of_a_list_depends_on_the_limit(make_app: MakeApp) -> None:
    store = MemoryStore()
    before, after = (
        make_app(store=store, settings={"limits": ConfigurationLimits(anonymous=limit)}).test_client()
        for limit in (2, 3)
    )
    ann = a_session(before)

    tag = before.get(CONFIGURATIONS, headers=ann).headers["ETag"]

    assert after.get(CONFIGURATIONS, headers=ann | {"If-None-Match": tag}).json["max_allowed"] == 3


def test_the_revision_of_an_item_of_an_earlier_service_can_be_used_in_if_match(make_app: MakeApp) -> None:
    store = MemoryStore()
    client = make_app(store=store).test_client()
    ann = a_session(client)
    user_id = client.get(f"{V2}/auth/me", headers=ann).json["user_id"]
    store.add(a_configuration(user_id, config_id="old", revision="0-2024-01-01 00:00:00.123456+00:00"), limit=1)
    tag = client.get(f"{CONFIGURATIONS}/old", headers=ann).headers["ETag"]

    assert client.delete(f"{CONFIGURATIONS}/old", headers=ann | {"If-Match": tag}).status_code == 204
