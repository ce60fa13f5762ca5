"""What `doctor` asks the issuer of member tokens, to compare the settings with what it publishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.identity.http_json import FETCH_ERRORS, TimeLeft, get_json, post_form
from adapters.identity.issuer import (
    ALGORITHMS,
    discovery_url,
    keys_url,
    published_endpoints,
    reason,
    start_deadline,
    usable_keys,
)
from domain.operations import Finding
from domain.sign_in import PublicClient

_MADE_UP_CODE = {
    "grant_type": "authorization_code",
    "code": "doctor",
    "code_verifier": "doctor-0123456789-0123456789-0123456789-0123456789",
}
_UNKNOWN_CLIENT = {"invalid_client", "unauthorized_client"}


def examine_issuer(issuer: str, client: PublicClient | None) -> Iterator[Finding]:
    """Check the discovery document, the keys and, if browsers sign in, the client. One deadline for all requests."""
    time_left = start_deadline()
    try:
        document = get_json(discovery_url(issuer), time_left)
    except FETCH_ERRORS as error:
        yield Finding("issuer", f"{discovery_url(issuer)}: {reason(error)}.", "Check CONFIG_API_OIDC_ISSUER.")
        return
    if document.get("issuer") != issuer:
        yield Finding(
            "issuer",
            f"The discovery document is of {document.get('issuer')!r}, CONFIG_API_OIDC_ISSUER is {issuer!r}.",
            "Set CONFIG_API_OIDC_ISSUER to the issuer of the document, exactly. Members then have other user ids.",
        )
        return
    yield Finding("issuer", f"{issuer} has a discovery document.")
    try:
        usable = usable_keys(get_json(keys_url(document, issuer), time_left))
    except FETCH_ERRORS as error:
        yield Finding("issuer keys", f"{reason(error)}.", "The issuer must publish keys at its `jwks_uri`.")
        return
    yield Finding("issuer keys", f"{len(usable)} for {' or '.join(ALGORITHMS)}.")
    if client is not None:
        yield _examine_client(document, client, time_left)


# The token endpoint checks the client before the code (RFC 6749 §4.1.3), so a code that cannot exist is refused with
# invalid_grant for a public client that exists, and with another error for any other client.
def _examine_client(document: Mapping[str, Any], client: PublicClient, time_left: TimeLeft) -> Finding:
    endpoints = published_endpoints(document)
    if endpoints is None:
        return _wrong("The discovery document has no https authorization and token endpoint.")
    if "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
        return _wrong("The issuer does not support PKCE with S256.")
    form = _MADE_UP_CODE | {"client_id": client.client_id, "redirect_uri": document["issuer"]}
    try:
        answer = post_form(endpoints.token, form, time_left)
    except FETCH_ERRORS as error:
        return _wrong(f"{endpoints.token}: {reason(error)}.")
    code, description = str(answer.get("error")), str(answer.get("error_description", ""))
    if code in _UNKNOWN_CLIENT or "client_secret" in description:
        return _wrong(f"The issuer does not accept {client.client_id!r} without a secret: {code} {description}".strip())
    if code != "invalid_grant":
        return Finding("client", f"The issuer does not tell whether it knows {client.client_id!r}: {code}.")
    return Finding("client", f"{client.client_id} is a public client of the issuer.")


def _wrong(detail: str) -> Finding:
    remedy = "Register a public client for the page's address, and set CONFIG_API_OIDC_CLIENT_ID to its id."
    return Finding("client", detail, remedy)
