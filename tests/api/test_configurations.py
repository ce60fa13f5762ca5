"""`/configurations`, as callers see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from tests.api.conftest import V2, AClock, MakeApp, a_body, a_session
from tests.builders import AFixedList, a_configuration

SHELF = f"{V2}/configurations"
Headers = dict[str, str]


def test_a_configuration_lives_from_create_to_delete(client: FlaskClient, ann: Headers) -> None:
    body = a_body(name="  Tech  ", tickers=[" aapl ", "brk-b"], timeframe_days=30, include_extended_hours=True)

    created = client.post(SHELF, json=body, headers=ann)
    read = client.get(created.headers["Location"], headers=ann)
    listed = client.get(SHELF, headers=ann)
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


def test_defaults_stand_for_what_is_left_out(client: FlaskClient, ann: Headers) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann).json

    assert (created["timeframe_days"], created["include_extended_hours"]) == (7, False)


def test_the_newest_comes_first(client: FlaskClient, ann: Headers, clock: AClock) -> None:
    for name in ("first", "second"):
        client.post(SHELF, json=a_body(name=name), headers=ann)
        clock.now += timedelta(seconds=1)

    listed = client.get(SHELF, headers=ann).json

    assert [held["name"] for held in listed["configurations"]] == ["second", "first"]


def test_a_full_shelf_refuses_one_more_and_says_how_many_fit(client: FlaskClient, ann: Headers) -> None:
    for name in ("one", "two"):
        assert client.post(SHELF, json=a_body(name=name), headers=ann).status_code == 201

    refused = client.post(SHELF, json=a_body(name="three"), headers=ann)

    assert (refused.status_code, refused.json["code"], refused.json["max_allowed"]) == (409, "limit_reached", 2)
    assert "Retry-After" not in refused.headers
    assert client.get(SHELF, headers=ann).json["remaining"] == 0


def test_a_place_is_free_again_after_a_delete(client: FlaskClient, ann: Headers) -> None:
    kept = [client.post(SHELF, json=a_body(), headers=ann).headers["Location"] for _ in range(2)]

    client.delete(kept[0], headers=ann)

    assert client.post(SHELF, json=a_body(), headers=ann).status_code == 201


def test_without_a_key_each_create_is_its_own(client: FlaskClient, ann: Headers) -> None:
    ids = {client.post(SHELF, json=a_body(), headers=ann).json["config_id"] for _ in range(2)}

    assert len(ids) == 2


def test_the_same_key_and_body_give_the_same_answer_also_at_the_limit(client: FlaskClient, ann: Headers) -> None:
    keyed = ann | {"Idempotency-Key": "one-intention"}
    first = client.post(SHELF, json=a_body(tickers=["AAPL", "BRK.B"]), headers=keyed)
    client.post(SHELF, json=a_body(name="other"), headers=ann)

    again = client.post(SHELF, json=a_body(name=" Tech ", tickers=["aapl", "brk/b"]), headers=keyed)

    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(SHELF, headers=ann).json["remaining"] == 0


def test_the_same_key_with_another_body_is_refused(client: FlaskClient, ann: Headers) -> None:
    keyed = ann | {"Idempotency-Key": "one-intention"}
    client.post(SHELF, json=a_body(), headers=keyed)

    reused = client.post(SHELF, json=a_body(timeframe_days=8), headers=keyed)

    assert (reused.status_code, reused.json["code"]) == (422, "idempotency_key_reused")


def test_two_users_may_use_the_same_key(client: FlaskClient, ann: Headers, bob: Headers) -> None:
    ids = {
        client.post(SHELF, json=a_body(), headers=user | {"Idempotency-Key": "k"}).json["config_id"]
        for user in (ann, bob)
    }

    assert len(ids) == 2


def test_a_replay_stands_even_if_the_list_now_refuses_its_ticker(make_app: MakeApp) -> None:
    tickers = AFixedList()
    client = make_app(ticker_list=tickers).test_client()
    keyed = a_session(client) | {"Idempotency-Key": "k"}
    first = client.post(SHELF, json=a_body(), headers=keyed)

    del tickers._listings["AAPL"]
    again = client.post(SHELF, json=a_body(), headers=keyed)
    reused = client.post(SHELF, json=a_body(name="Other"), headers=keyed)
    other = client.post(SHELF, json=a_body(), headers=keyed | {"Idempotency-Key": "k2"})

    assert (again.status_code, again.json) == (201, first.json)
    assert reused.json["code"] == "idempotency_key_reused"
    assert other.json["code"] == "unknown_ticker"


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "clé"])
def test_a_key_that_is_none_is_refused(client: FlaskClient, ann: Headers, key: str) -> None:
    refused = client.post(SHELF, json=a_body(), headers=ann | {"Idempotency-Key": key})

    assert refused.status_code == 400
    assert refused.json["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"name": " New "}, "name", "New"),
        ({"timeframe_days": 365}, "timeframe_days", 365),
        ({"include_extended_hours": True}, "include_extended_hours", True),
        ({}, "name", "Tech"),
    ],
)
def test_a_patch_changes_what_it_names(
    client: FlaskClient, ann: Headers, clock: AClock, changes: dict[str, Any], field: str, value: object
) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)
    clock.now += timedelta(minutes=1)

    patched = client.patch(created.headers["Location"], json=changes, headers=ann)

    assert patched.status_code == 200
    assert patched.json == created.json | {
        field: value,
        "updated_at": "2026-11-23T12:01:00Z",
        "revision": patched.headers["ETag"].strip('"'),
    }
    assert patched.headers["ETag"] != created.headers["ETag"]
    assert client.get(created.headers["Location"], headers=ann).json == patched.json


def test_a_put_replaces_everything(client: FlaskClient, ann: Headers) -> None:
    created = client.post(SHELF, json=a_body(timeframe_days=30, include_extended_hours=True), headers=ann)

    put = client.put(created.headers["Location"], json=a_body(name="New", tickers=["MSFT"]), headers=ann)

    assert put.status_code == 200
    assert (put.json["name"], put.json["tickers"][0]["symbol"], put.json["timeframe_days"]) == ("New", "MSFT", 7)


def test_a_put_creates_nothing(client: FlaskClient, ann: Headers) -> None:
    put = client.put(f"{SHELF}/5f0c9c9e-6d0e-4b3a-8f52-9b5e8a1f2d11", json=a_body(), headers=ann)

    assert put.status_code == 404
    assert client.get(SHELF, headers=ann).json["configurations"] == []


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_if_match_lets_the_revision_pass_that_it_names(client: FlaskClient, ann: Headers, method: str) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)

    matched = client.open(
        created.headers["Location"],
        method=method.upper(),
        json=a_body(name="New"),
        headers=ann | {"If-Match": f'"other", {created.headers["ETag"]}'},
    )

    assert matched.status_code in {200, 204}


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
@pytest.mark.parametrize(
    "tag", ['"another"', "W/{}", '""', '"1", ""', "nonsense", "", ", ,", ", ".join(f'"{n}"' for n in range(500))]
)
def test_if_match_refuses_every_other_revision_and_changes_nothing(
    client: FlaskClient, ann: Headers, method: str, tag: str
) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)

    refused = client.open(
        created.headers["Location"],
        method=method.upper(),
        json=a_body(name="New"),
        headers=ann | {"If-Match": tag.format(created.headers["ETag"])},
    )

    assert (refused.status_code, refused.json["code"]) == (412, "revision_mismatch")
    assert client.get(created.headers["Location"], headers=ann).json == created.json


def test_if_match_with_a_star_asks_only_that_it_exists(client: FlaskClient, ann: Headers) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)
    any_of_them = ann | {"If-Match": "*"}

    assert client.delete(created.headers["Location"], headers=any_of_them).status_code == 204
    assert client.delete(created.headers["Location"], headers=any_of_them).status_code == 404


@pytest.mark.parametrize("tag", ["{}", "W/{}", '"x", {}', "*"])
def test_if_none_match_saves_the_body(client: FlaskClient, ann: Headers, tag: str) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)

    kept = client.get(created.headers["Location"], headers=ann | {"If-None-Match": tag.format(created.headers["ETag"])})

    assert (kept.status_code, kept.data, kept.headers["ETag"]) == (304, b"", created.headers["ETag"])


def test_if_none_match_gives_what_is_newer(client: FlaskClient, ann: Headers) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)
    client.patch(created.headers["Location"], json={"name": "New"}, headers=ann)

    fresh = client.get(created.headers["Location"], headers=ann | {"If-None-Match": created.headers["ETag"]})

    assert (fresh.status_code, fresh.json["name"]) == (200, "New")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_what_is_somebody_elses_is_not_found(client: FlaskClient, ann: Headers, bob: Headers, method: str) -> None:
    created = client.post(SHELF, json=a_body(), headers=ann)

    foreign = client.open(created.headers["Location"], method=method, json=a_body(), headers=bob)

    assert (foreign.status_code, foreign.json["code"]) == (404, "not_found")
    assert client.get(created.headers["Location"], headers=ann).json == created.json


@pytest.mark.parametrize("config_id", ["x", "..%2f..%2fetc", "%00", "a" * 3000, "'; DROP TABLE", "😀", "QUOTA", "%ff"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_id_that_is_none_is_not_found(client: FlaskClient, ann: Headers, config_id: str, method: str) -> None:
    assert client.open(f"{SHELF}/{config_id}", method=method, json=a_body(), headers=ann).status_code == 404


def test_the_limit_follows_the_kind_of_user(client: FlaskClient, ann: Headers) -> None:
    me = client.get(f"{V2}/auth/me", headers=ann).json

    assert me["limits"] == {"max_configurations": 2, "max_tickers": 5}
    assert (me["auth_type"], me["is_anonymous"]) == ("anonymous", True)


def test_the_revision_of_an_older_item_is_taken_back_as_it_was_given(make_app: MakeApp) -> None:
    store = MemoryStore()
    client = make_app(store=store).test_client()
    ann = a_session(client)
    user_id = client.get(f"{V2}/auth/me", headers=ann).json["user_id"]
    store.add(a_configuration(user_id, config_id="old", revision="0-2024-01-01 00:00:00.123456+00:00"), limit=1)
    tag = client.get(f"{SHELF}/old", headers=ann).headers["ETag"]

    assert client.delete(f"{SHELF}/old", headers=ann | {"If-Match": tag}).status_code == 204
