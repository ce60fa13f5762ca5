"""Members' tokens: JWTs of the operator's OpenID Connect issuer."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.identity.clock import clock_is_behind
from adapters.identity.examination import examine_issuer
from adapters.identity.issuer import ALGORITHMS, IssuerDocuments
from domain.deadline import Monotonic
from domain.errors import DomainError, ExpiredToken, InvalidToken
from domain.limits import User, UserKind
from domain.operations import Finding
from domain.ports import Clock
from domain.sign_in import PublicClient, SignIn, TokenUse

if TYPE_CHECKING:
    from jwt import PyJWK

log = logging.getLogger(__name__)

CLOCK_SKEW = timedelta(minutes=1)
"""How far the issuer's clock may be ahead of ours, for `nbf` and `iat`."""

_EPOCH = datetime.fromtimestamp(0, UTC)


class MemberTokens:
    """Verifies JWTs issued by `issuer` for `audience`. `client` is the browser's, if it can sign in here."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        clock: Clock,
        rng: random.Random,
        client: PublicClient | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._random = rng
        self._client = client
        self._documents = IssuerDocuments(issuer, rng=rng, monotonic=monotonic)

    def identify(self, token: str) -> User:
        """The member whom the token identifies. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""
        import jwt  # noqa: PLC0415 - 150 ms that only a process with a member's request needs

        try:
            header = jwt.get_unverified_header(token)
            # Before keys are fetched for it.
            if header["alg"] not in ALGORITHMS:
                raise InvalidToken("The token is signed with an algorithm that is not accepted.")
            claims = self._verified_claims(token, header["alg"], self._documents.keys(header.get("kid")))
            expires_at = _time(claims["exp"])
            not_before = _time(claims.get("nbf", 0))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            log.info("member token refused", extra={"reason": type(error).__name__})
            raise InvalidToken("The token is not valid for this service.") from error
        now = self._clock()
        if now >= expires_at:
            raise ExpiredToken("The token has expired. Sign in again.")
        if not claims["sub"]:
            raise InvalidToken("The token is not valid for this service.")
        if now + CLOCK_SKEW < not_before:
            raise self._not_yet_valid(claims, now)
        return User(_user_id(self._issuer, claims["sub"]), UserKind.MEMBER, expires_at)

    # Some issuers give the two tokens of one member another `sub`, and the user id is made of it. So the same kind of
    # token is always used: the one that is for our audience.
    def sign_in(self) -> SignIn | None:
        """What a browser needs to sign in; None without a client. Raises IdentityUnavailable."""
        if self._client is None:
            return None
        token_use = TokenUse.ID_TOKEN if self._audience == self._client.client_id else TokenUse.ACCESS_TOKEN
        return SignIn(self._issuer, self._documents.endpoints(), self._client, token_use)

    def examine(self) -> Iterator[Finding]:
        """Check the settings against what the issuer publishes."""
        yield from examine_issuer(self._issuer, self._client)

    def _not_yet_valid(self, claims: Mapping[str, Any], now: datetime) -> DomainError:
        """The error for a token whose `nbf` is in the future. If `iat` is, too, a clock is wrong."""
        try:
            issued_at = _time(claims["iat"])
        except (KeyError, TypeError, ValueError, OverflowError):
            issued_at = now
        if issued_at > now + CLOCK_SKEW:
            return clock_is_behind(issued_at, now, self._random)
        return InvalidToken("The token is not valid for this service.")

    def _verified_claims(self, token: str, algorithm: str, keys: Sequence[PyJWK]) -> Mapping[str, Any]:
        """The claims of a token that one of the keys has signed and that is for our audience."""
        import jwt  # noqa: PLC0415 - loaded by the caller

        for key in keys:
            # Keys of several algorithms may share an id (RFC 7517 §4.5).
            if key.algorithm_name != algorithm:
                continue
            try:
                claims = jwt.decode(
                    token,
                    key,
                    algorithms=[algorithm],
                    issuer=self._issuer,
                    options={
                        "enforce_minimum_key_length": True,
                        "require": ["exp", "iss", "sub"],
                        # Checked below.
                        "verify_aud": False,
                        # The caller checks times with its own clock.
                        "verify_exp": False,
                        "verify_nbf": False,
                        "verify_iat": False,
                    },
                )
            except (jwt.InvalidSignatureError, jwt.InvalidKeyError):
                continue
            if not _is_for(self._audience, claims):
                raise jwt.InvalidAudienceError
            return claims
        raise jwt.InvalidSignatureError


def _is_for(audience: str, claims: Mapping[str, Any]) -> bool:
    """Whether the claims name the audience (RFC 7519 §4.1.3).

    Cognito's access tokens have no `aud`; their `client_id` is the audience. `azp` is never one.
    """
    if "aud" not in claims:
        return claims.get("token_use") == "access" and claims.get("client_id") == audience
    named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return audience in named and all(isinstance(each, str) for each in named)


def _time(value: Any) -> datetime:
    """A NumericDate (RFC 7519 §2). Raises TypeError, ValueError, OverflowError."""
    if isinstance(value, bool):
        raise TypeError("a boolean is no time")
    return _EPOCH + timedelta(seconds=value)


def _user_id(issuer: str, subject: str) -> str:
    """One id for each member: `sub` is unique within its issuer (OpenID Connect Core 1.0 §2)."""
    return "member_" + hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()[:32]
