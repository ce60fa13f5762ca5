"""Tokens of anonymous users."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import uuid4

from itsdangerous import BadSignature, TimestampSigner

from adapters.identity.clock import clock_is_behind
from domain.errors import ExpiredToken, InvalidToken
from domain.limits import SESSION, User, UserKind
from domain.ports import Clock, NewId

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of the host that issued a token may be ahead of ours."""

CACHED_TOKENS = 1024
"""Verified tokens in the cache."""

SEPARATOR = "~"
"""Separates the parts of an anonymous token. RFC 6750 allows it, and no JWT contains it."""
_SIGNATURE = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""Thirty-two bytes of base64 in canonical form. A decoder also accepts foreign characters and spare bits."""


class AnonymousTokens:
    """Issues and verifies tokens of the form `anon_…~time~signature`, signed with HMAC-SHA-256.

    `keys` are newest first: the first one signs, all of them verify.
    """

    def __init__(
        self,
        keys: Sequence[str],
        *,
        clock: Clock,
        rng: random.Random | None = None,
        new_id: NewId = lambda: uuid4().hex,
    ) -> None:
        self._signer = _Signer(keys, clock)
        self._clock = clock
        self._random = rng or random.SystemRandom()
        self._new_id = new_id
        # A browser sends the same token with every request: 0.1 instead of 14 µs. Only the time is checked again.
        self._verify_cached = lru_cache(maxsize=CACHED_TOKENS)(self._verify)

    def issue(self, user_id: str | None = None) -> tuple[User, str, datetime]:
        """The user, by default a new one, their token, and its time of issue in whole seconds, as the token has it."""
        token = self._signer.sign(user_id or f"anon_{self._new_id()}").decode()
        user, issued_at = self._verify(token)
        return user, token, issued_at

    def identify(self, token: str) -> User:
        """The user whom the token identifies. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""
        user, issued_at = self._verify_cached(token)
        now = self._clock()
        if now >= user.session_expires_at:
            raise ExpiredToken("The session has expired. Start a new one.")
        if issued_at > now + CLOCK_SKEW:
            raise clock_is_behind(issued_at, now, self._random)
        return user

    def _verify(self, token: str) -> tuple[User, datetime]:
        if not _SIGNATURE.fullmatch(token.rpartition(SEPARATOR)[2]):
            raise InvalidToken("The token was not issued by this service.")
        try:
            user_id, issued_at = self._signer.unsign(token, return_timestamp=True)
        except (BadSignature, ValueError) as error:
            raise InvalidToken("The token was not issued by this service.") from error
        return User(user_id.decode(), UserKind.ANONYMOUS, issued_at + SESSION), issued_at


class _Signer(TimestampSigner):
    def __init__(self, keys: Sequence[str], clock: Clock) -> None:
        super().__init__(
            # itsdangerous signs with the last one.
            list(reversed(keys)),
            salt="config-api.anonymous",
            sep=SEPARATOR,
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock().timestamp())
