"""`doctor` compares the OpenID Connect settings with the issuer."""

from __future__ import annotations

from typing import Any

import pytest

from domain.sign_in import PublicClient
from entrypoints.settings import OpenIdConnect, StoreKind
from tests.cli.conftest import Run
from verification.environment.authorization_server import CLIENT_ID
from verification.environment.issuer import AUDIENCE, running_issuer


def test_doctor_names_an_issuer_that_differs_by_a_slash(run: Run) -> None:
    with running_issuer() as issuer:
        right = run("doctor", store=StoreKind.MEMORY, oidc=OpenIdConnect(issuer.url, AUDIENCE))
        wrong = run("doctor", store=StoreKind.MEMORY, oidc=OpenIdConnect(f"{issuer.url}/", AUDIENCE))

    assert right.exit_code == 0
    assert wrong.exit_code == 1
    assert f"{issuer.url}/" in wrong.output
    assert "CONFIG_API_OIDC_ISSUER" in wrong.output


@pytest.mark.parametrize(
    ("client_id", "metadata", "shown", "exit_code"),
    [
        (CLIENT_ID, {}, f"{CLIENT_ID} is a public client", 0),
        ("another", {}, "does not accept 'another'", 1),
        (CLIENT_ID, {"token_endpoint": None}, "no https authorization and token endpoint", 1),
        (CLIENT_ID, {"code_challenge_methods_supported": ["plain"]}, "does not support PKCE", 1),
        (CLIENT_ID, {"token_endpoint": "http://127.0.0.1:1/token"}, "http://127.0.0.1:1/token", 1),
    ],
)
def test_doctor_checks_the_client_with_which_browsers_sign_in(
    run: Run, client_id: str, metadata: dict[str, Any], shown: str, exit_code: int
) -> None:
    with running_issuer() as issuer:
        issuer.metadata = metadata
        issuer.server.redirect_uris = {f"{issuer.url}/"}
        oidc = OpenIdConnect(issuer.url, AUDIENCE, PublicClient(client_id))
        result = run("doctor", store=StoreKind.MEMORY, oidc=oidc)

    assert shown in result.output
    assert result.exit_code == exit_code
    assert ("CONFIG_API_OIDC_CLIENT_ID" in result.output) == (exit_code == 1)
