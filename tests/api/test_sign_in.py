"""`GET /auth/sign-in`, and the policy of the page that signs in."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from domain.sign_in import PublicClient
from entrypoints.dashboard import PAGE_POLICY
from entrypoints.settings import OpenIdConnect
from tests.api.conftest import V2, MakeApp
from verification.environment.issuer import AUDIENCE, DISCOVERY, KEYS, Issuer

ELSEWHERE = "https://login.example.com:8443"


def a_client(make_app: MakeApp, issuer: Issuer, client: PublicClient | None) -> FlaskClient:
    return make_app(settings={"oidc": OpenIdConnect(issuer.url, AUDIENCE, client)}).test_client()


def policy_of_the_page(client: FlaskClient) -> str:
    return str(client.get("/").headers["Content-Security-Policy"])


@pytest.mark.parametrize(("client_id", "token_use"), [("page", "access_token"), (AUDIENCE, "id_token")])
def test_a_browser_learns_how_to_sign_in(make_app: MakeApp, issuer: Issuer, client_id: str, token_use: str) -> None:
    issuer.metadata = {"token_endpoint": f"{ELSEWHERE}/token", "end_session_endpoint": None}
    client = a_client(make_app, issuer, PublicClient(client_id, "openid email", {"prompt": "login"}))

    answer = client.get(f"{V2}/auth/sign-in")

    assert (answer.status_code, answer.json) == (
        200,
        {
            "oidc": {
                "issuer": issuer.url,
                "client_id": client_id,
                "scope": "openid email",
                "parameters": {"prompt": "login"},
                "authorization_endpoint": f"{issuer.url}/authorization",
                "token_endpoint": f"{ELSEWHERE}/token",
                "end_session_endpoint": None,
                "token_use": token_use,
            }
        },
    )
    assert policy_of_the_page(client) == f"{PAGE_POLICY}; connect-src 'self' {ELSEWHERE}"
    assert issuer.asked == [DISCOVERY, KEYS]


def test_without_a_client_nobody_signs_in_and_the_issuer_is_not_asked(make_app: MakeApp, issuer: Issuer) -> None:
    client = a_client(make_app, issuer, None)

    assert client.get(f"{V2}/auth/sign-in").json == {"oidc": None}
    assert policy_of_the_page(client) == PAGE_POLICY
    assert issuer.asked == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": ["https://login.example.com"]},
        {"token_endpoint": "https://login.example.com; script-src *"},
        {"token_endpoint": "https://*/token"},
        {"token_endpoint": "https://user@login.example.com/token"},
        {"token_endpoint": "https://login.example.com/#token"},
    ],
    ids=str,
)
def test_without_usable_endpoints_the_page_has_no_sign_in(
    make_app: MakeApp, issuer: Issuer, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    client = a_client(make_app, issuer, PublicClient("page"))

    answer = client.get(f"{V2}/auth/sign-in")

    assert (answer.status_code, answer.json["code"]) == (503, "identity_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert policy_of_the_page(client) == PAGE_POLICY
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    assert 'id="sign-in" type="button" hidden' in page.text


def test_a_stored_page_is_outdated_when_its_policy_changes(make_app: MakeApp, issuer: Issuer) -> None:
    tag = a_client(make_app, issuer, None).get("/").headers["ETag"]

    answer = a_client(make_app, issuer, PublicClient("page")).get("/", headers={"If-None-Match": tag})

    assert answer.status_code == 200
