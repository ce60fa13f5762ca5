"""`doctor` compares the OpenID Connect settings with the issuer."""

from __future__ import annotations

from entrypoints.settings import OpenIdConnect, StoreKind
from tests.cli.conftest import Run
from verification.environment.issuer import AUDIENCE, running_issuer


def test_doctor_names_an_issuer_that_differs_by_a_slash(run: Run) -> None:
    with running_issuer() as issuer:
        right = run("doctor", store=StoreKind.MEMORY, oidc=OpenIdConnect(issuer.url, AUDIENCE))
        wrong = run("doctor", store=StoreKind.MEMORY, oidc=OpenIdConnect(f"{issuer.url}/", AUDIENCE))

    assert right.exit_code == 0
    assert wrong.exit_code == 1
    assert f"{issuer.url}/" in wrong.output
    assert "CONFIG_API_OIDC_ISSUER" in wrong.output
