"""The choice between the two kinds of token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from adapters.identity.anonymous import SEPARATOR, AnonymousTokens
from domain.errors import InvalidToken
from domain.limits import User
from domain.operations import Finding
from domain.ports import IdentityProvider
from domain.sign_in import SignIn

MAX_TOKEN = 8192
"""Characters in a token: the size that servers and gateways allow for a header line."""


class MemberVerifier(Protocol):
    """Verifies the tokens of members."""

    def identify(self, token: str) -> User:
        """The user whom the token identifies. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""

    def sign_in(self) -> SignIn | None:
        """What a browser needs to sign in; None if it cannot sign in here. Raises IdentityUnavailable."""

    def examine(self) -> Iterator[Finding]:
        """Check the settings against what the issuer publishes."""


class TokenVerifier(IdentityProvider):
    """Accepts both kinds of token. The form of a token decides its kind."""

    def __init__(self, anonymous: AnonymousTokens, members: MemberVerifier | None = None) -> None:
        self._anonymous = anonymous
        self._members = members

    def issue_anonymous(self, user_id: str | None = None) -> tuple[User, str, datetime]:
        return self._anonymous.issue(user_id)

    def identify(self, token: str) -> User:
        if len(token) > MAX_TOKEN or not token.isascii():
            raise InvalidToken("The token was not issued by this service.")
        # A JWT is header.payload.signature.
        if self._members is not None and SEPARATOR not in token and token.count(".") == 2:  # noqa: PLR2004
            return self._members.identify(token)
        return self._anonymous.identify(token)

    def sign_in(self) -> SignIn | None:
        return None if self._members is None else self._members.sign_in()

    def examine(self) -> Iterator[Finding]:
        if self._members is not None:
            yield from self._members.examine()
