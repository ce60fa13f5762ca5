"""What a browser needs to sign in at the issuer of member tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TokenUse(StrEnum):
    """Which token of the issuer's response the client sends to this service."""

    ID_TOKEN = "id_token"  # nosec # noqa: S105 - the name of a field (OpenID Connect Core 1.0 §3.1.3.3)
    ACCESS_TOKEN = "access_token"  # nosec # noqa: S105 - as above


@dataclass(frozen=True, slots=True)
class PublicClient:
    """The browser as a client that has no secret (RFC 6749 §2.1).

    `parameters` are added to the authorization request, because some issuers need more than the standard asks for.
    """

    client_id: str
    scope: str = "openid"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The issuer's URLs (OpenID Connect Discovery 1.0 §3). `end_session` is None if it has none."""

    authorization: str
    token: str
    end_session: str | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The issuer, its endpoints, the client, and the token that the client sends to this service."""

    issuer: str
    endpoints: Endpoints
    client: PublicClient
    token_use: TokenUse
