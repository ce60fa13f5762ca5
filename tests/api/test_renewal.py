"""`POST /auth/renew`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from adapters.memory import MemoryStore
from domain.limits import RENEWAL_AGE, RETENTION, SESSION
from tests.api.conftest import V2, AClock, MakeApp, a_body
from tests.builders import NOW
from verification.environment.issuer import Issuer

RENEW = f"{V2}/auth/renew"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def client(make_app: MakeApp, store: MemoryStore) -> FlaskClient:
    return make_app(store=store).test_client()


def test_a_session_is_renewed_for_the_same_user_with_what_they_hold(
    client: FlaskClient, store: MemoryStore, clock: AClock
) -> None:
    first = client.post(f"{V2}/auth/anonymous").json
    old = {"Authorization": f"Bearer {first['token']}"}
    held = client.post(f"{V2}/configurations", json=a_body(), headers=old).json

    clock.now = NOW + RENEWAL_AGE - timedelta(seconds=1)
    early = client.post(RENEW, headers=old)
    clock.now = NOW + RENEWAL_AGE
    renewed = client.post(RENEW, headers=old)

    assert (early.status_code, early.json) == (200, first)
    assert renewed.status_code == 200
    assert renewed.json["token"] != first["token"]
    assert {name for name in first if first[name] != renewed.json[name]} == {
        "token",
        "created_at",
        "session_expires_at",
    }
    # A late request with the old token does not shorten what was extended.
    client.patch(f"{V2}/configurations/{held['config_id']}", json={"name": "Late"}, headers=old)
    client.post(f"{V2}/configurations", json=a_body(), headers=old)
    new = {"Authorization": f"Bearer {renewed.json['token']}"}
    clock.now += SESSION - timedelta(seconds=1)
    assert len(client.get(f"{V2}/configurations", headers=new).json["configurations"]) == 2
    end = clock.now + timedelta(seconds=1) + RETENTION
    assert {each.expires_at for each in store.list(first["user_id"])} == {end}
    assert client.post(RENEW, headers=old).json["code"] == "expired_token"
    assert client.post(RENEW, headers=new).json["user_id"] == first["user_id"]


def test_a_member_is_not_renewed(member_client: FlaskClient, issuer: Issuer) -> None:
    answer = member_client.post(RENEW, headers={"Authorization": f"Bearer {issuer.token()}"})

    assert (answer.status_code, answer.json["code"]) == (409, "not_anonymous")
