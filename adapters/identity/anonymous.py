"""Tokens of anonymous users, and whose business a token is: ours or the operator's issuer's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol
from uuid import uuid4

from itsdangerous import BadSignature, TimestampSigner

from domain.errors import ExpiredToken, InvalidToken
from domain.limits import User, UserKind
from domain.ports import Clock, NewId

SESSION = timedelta(days=30)
"""How long an anonymous token is good for."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of the host that made a token may have been."""
MAX_TOKEN = 8192
"""Characters of a token that is looked at: what servers and gateways allow for a header line."""

REMEMBERED = 1024
"""Tokens whose signature is verified once only, as long as they are in use."""

_MARK = "~"
"""Between the parts of our tokens. It is in RFC 6750's alphabet and in no JWT, so that no token is ever both."""
_SIGNATURE = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""Thirty-two bytes in their one spelling; a decoder of base64 overlooks foreign signs and spare bits."""


class Tokens(Protocol):
    """One kind of token."""

    def identify(self, token: str) -> User:
        """Whoever the token speaks for. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""


class Identities:
    """Both kinds of token; which of them one is, only its form decides. Keeps the port IdentityProvider."""

    def __init__(self, anonymous: AnonymousTokens, members: Tokens | None = None) -> None:
        self._anonymous = anonymous
        self._members = members

    def issue_anonymous(self) -> tuple[User, str, datetime]:
        """A new anonymous user, their token, and when it was made."""
        return self._anonymous.issue()

    def identify(self, token: str) -> User:
        """Whoever the token speaks for. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""
        if len(token) > MAX_TOKEN or not token.isascii():
            raise InvalidToken("The token is not one that we could have issued.")
        if self._members is not None and _MARK not in token and token.count(".") == 2:  # noqa: PLR2004 - header.payload.signature
            return self._members.identify(token)
        return self._anonymous.identify(token)


class AnonymousTokens:
    """Tokens that name a user nobody else can name: `anon_…~time~signature`, HMAC-SHA-256.

    `keys` are newest first: the first one signs, all of them are believed.
    """

    def __init__(self, keys: Sequence[str], *, clock: Clock, new_id: NewId = lambda: uuid4().hex) -> None:
        self._signer = _Signer(keys, clock)
        self._clock = clock
        self._new_id = new_id
        # A browser sends the same token with every request; its signature doesn't change, only the time does.
        self._read = lru_cache(maxsize=REMEMBERED)(self._verified)

    def issue(self) -> tuple[User, str, datetime]:
        """A new user, their token, and when it was made, to the second: the token holds no more."""
        token = self._signer.sign(f"anon_{self._new_id()}").decode()
        user, made_at = self._verified(token)
        return user, token, made_at

    def identify(self, token: str) -> User:
        """Whoever the token speaks for. Raises InvalidToken, ExpiredToken."""
        user, made_at = self._read(token)
        now = self._clock()
        if now >= user.session_expires_at:
            raise ExpiredToken("The session has expired. Start a new one.")
        if made_at > now + CLOCK_SKEW:
            raise InvalidToken("The token is from the future.")
        return user

    def _verified(self, token: str) -> tuple[User, datetime]:
        if not _SIGNATURE.fullmatch(token.rpartition(_MARK)[2]):
            raise InvalidToken("The token is not one that we issued.")
        try:
            user_id, made_at = self._signer.unsign(token, return_timestamp=True)
        except (BadSignature, ValueError) as error:
            raise InvalidToken("The token is not one that we issued.") from error
        return User(user_id.decode(), UserKind.ANONYMOUS, made_at + SESSION), made_at


class _Signer(TimestampSigner):
    def __init__(self, keys: Sequence[str], clock: Clock) -> None:
        super().__init__(
            list(reversed(keys)),  # the last one signs
            salt="config-api.anonymous",
            sep=_MARK,
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock().timestamp())
