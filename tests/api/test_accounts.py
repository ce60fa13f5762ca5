"""`POST /configurations/adopt` and `DELETE /auth/me`."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.conftest import V2, AClock, a_body, a_session
from verification.environment.issuer import Issuer

Headers = dict[str, str]
CONFIGURATIONS = f"{V2}/configurations"
_numbers = count()


@pytest.fixture
def client(member_client: FlaskClient) -> FlaskClient:
    return member_client


@pytest.fixture
def member(issuer: Issuer, clock: AClock) -> Headers:
    return {"Authorization": f"Bearer {issuer.token(exp=clock.now + timedelta(days=99))}"}


def token_of(headers: Headers) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def created(client: FlaskClient, user: Headers, **fields: Any) -> dict[str, Any]:
    """A configuration that was created with an idempotency key."""
    key = {"Idempotency-Key": f"key-{next(_numbers)}"}
    answer = client.post(CONFIGURATIONS, json=a_body(**fields), headers=user | key)
    assert answer.status_code == 201
    return dict(answer.json)


def adopt(client: FlaskClient, user: Headers, token: str, **fields: Any) -> TestResponse:
    return client.post(f"{CONFIGURATIONS}/adopt", json={"anonymous_token": token} | fields, headers=user)


def test_a_member_takes_over_what_an_anonymous_session_holds(
    client: FlaskClient, ann: Headers, member: Headers
) -> None:
    own, first, second = created(client, member), created(client, ann), created(client, ann)

    one = adopt(client, member, token_of(ann), config_ids=[first["config_id"]])
    rest = adopt(client, member, token_of(ann))
    again = adopt(client, member, token_of(ann))

    assert (one.status_code, one.json["adopted"]) == (200, [first])
    assert rest.json["adopted"] == [second]
    assert (again.status_code, again.json) == (200, rest.json | {"adopted": []})
    assert again.json["configurations"] == client.get(CONFIGURATIONS, headers=member).json["configurations"]
    assert {each["config_id"] for each in again.json["configurations"]} == {
        each["config_id"] for each in (own, first, second)
    }
    assert (again.json["max_allowed"], again.json["remaining"]) == (5, 2)
    assert client.get(CONFIGURATIONS, headers=ann).json["configurations"] == []


def test_nothing_is_taken_over_beyond_the_limit(client: FlaskClient, ann: Headers, member: Headers) -> None:
    for _ in range(4):
        created(client, member)
    held = [created(client, ann) for _ in range(2)]

    refused = adopt(client, member, token_of(ann))

    assert (refused.status_code, refused.json["code"], refused.json["max_allowed"]) == (409, "limit_reached", 5)
    assert len(client.get(CONFIGURATIONS, headers=ann).json["configurations"]) == len(held)


def test_only_a_member_adopts(client: FlaskClient, ann: Headers, bob: Headers) -> None:
    refused = adopt(client, bob, token_of(ann))

    assert (refused.status_code, refused.json["code"]) == (409, "not_a_member")


def test_a_refused_anonymous_token_is_a_wrong_field(
    client: FlaskClient, ann: Headers, member: Headers, clock: AClock
) -> None:
    ours, theirs = token_of(member), token_of(ann)

    wrong = {token: adopt(client, member, token) for token in ("forged", theirs[:-3], ours)}
    clock.now += timedelta(days=30)
    wrong[theirs] = adopt(client, member, theirs)

    assert {answer.status_code for answer in wrong.values()} == {400}
    problems = [answer.json["errors"][0] for answer in wrong.values()]
    assert {problem["field"] for problem in problems} == {"anonymous_token"}
    assert [(problem["code"], problem["detail"]) for problem in problems] == [
        ("invalid_token", "The token was not issued by this service."),
        ("invalid_token", "The token was not issued by this service."),
        ("not_anonymous", "This is the token of a member."),
        ("expired_token", "The session has expired. Start a new one."),
    ]


@pytest.mark.parametrize(
    "fields", [{"anonymous_token": None}, {"config_ids": None}, {"config_ids": [7]}, {"all": True}]
)
def test_a_wrong_field_is_named(client: FlaskClient, ann: Headers, member: Headers, fields: dict[str, Any]) -> None:
    refused = adopt(client, member, token_of(ann), **fields)

    assert (refused.status_code, refused.json["code"]) == (400, "validation_failed")
    assert refused.json["errors"][0]["field"].split(".")[0] == next(iter(fields))


def test_a_user_deletes_everything(client: FlaskClient, ann: Headers, member: Headers) -> None:
    for user in (ann, member):
        created(client, user)
        other = a_session(client)
        created(client, other)

        answers = [client.delete(f"{V2}/auth/me", headers=user) for _ in range(2)]

        assert [(answer.status_code, answer.data) for answer in answers] == [(204, b"")] * 2
        assert client.get(CONFIGURATIONS, headers=user).json["configurations"] == []
        assert len(client.get(CONFIGURATIONS, headers=other).json["configurations"]) == 1
