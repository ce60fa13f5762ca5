"""ETags, `If-Match` and `If-None-Match` of the `/configurations` endpoints."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.memory import MemoryStore
from domain.limits import ConfigurationLimits
from tests.api.conftest import V2, MakeApp, a_body, a_session
from tests.builders import a_configuration

CONFIGURATIONS = f"{V2}/configurations"
Headers = dict[str, str]


@pytest.fixture
def created(client: FlaskClient, ann: Headers) -> TestResponse:
    return client.post(CONFIGURATIONS, json=a_body(), headers=ann)


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
