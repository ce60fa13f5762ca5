"""Members' tokens: JWTs of the operator's OpenID Connect issuer, checked with its published keys."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from domain.deadline import Monotonic, remaining
from domain.errors import ExpiredToken, IdentityUnavailable, InvalidToken
from domain.events import Event
from domain.limits import User, UserKind
from domain.ports import Clock

if TYPE_CHECKING:
    from jwt import PyJWK

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256")
"""Signatures with a public key only: nobody can sign with what the issuer publishes (RFC 8725 §2.1)."""
CLOCK_SKEW = timedelta(minutes=1)
"""How far ahead of ours the issuer's clock may be, for `nbf`."""

FRESH = 300.0
"""Seconds for which fetched keys are taken as they are: how long a withdrawn key is still believed."""
STALE = 3600.0
"""Seconds for which fetched keys stay in use while the issuer is out of reach."""
COOLDOWN = 5.0
"""Seconds between two fetches, whatever is asked: tokens with made-up key ids do not become the issuer's load."""
FETCH_TIMEOUT = 1.0
"""Seconds for one answer of the issuer, from connecting to its last byte, or less where the request has less left."""
MAX_ANSWER = 256 * 1024
"""Bytes of an answer of the issuer."""

_EPOCH = datetime.fromtimestamp(0, UTC)


class MemberTokens:
    """Believes what `issuer` signed for `audience`. Raises InvalidToken, ExpiredToken, IdentityUnavailable."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        clock: Clock,
        rng: random.Random,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys = IssuerKeys(issuer, rng=rng, monotonic=monotonic)

    def identify(self, token: str) -> User:
        """The member whom the token speaks for, until it expires."""
        import jwt  # noqa: PLC0415 - 150 ms that only a process which meets a member should pay

        try:
            header = jwt.get_unverified_header(token)
            if header["alg"] not in ALGORITHMS:  # before any key is fetched for it
                raise InvalidToken("The token is not signed in a way that we accept.")
            claims = jwt.decode(
                token,
                self._keys.find(header.get("kid")),
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "enforce_minimum_key_length": True,
                    "require": ["exp", "iss", "aud", "sub"],
                    # The times are checked below, with our clock.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            expires_at = _time(claims["exp"])
            not_before = _time(claims.get("nbf", 0))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
            log.info("member token refused", extra={"reason": type(error).__name__})
            raise InvalidToken("The token is not valid here.") from error
        now = self._clock()
        if now >= expires_at:
            raise ExpiredToken("The token has expired. Sign in again.")
        if now + CLOCK_SKEW < not_before or not claims["sub"]:
            raise InvalidToken("The token is not valid here.")
        return User(_user_id(self._issuer, claims["sub"]), UserKind.MEMBER, expires_at)


class IssuerKeys:
    """The keys that an issuer signs with: fetched when first needed, kept, and replaced as it rotates them.

    PyJWT's own client is not used: it holds its lock while it fetches, so that everybody waits for
    one slow answer; it asks a failing issuer anew for every token; and it reads without end.
    """

    def __init__(self, issuer: str, *, rng: random.Random, monotonic: Monotonic = time.monotonic) -> None:
        self._issuer = issuer
        self._random = rng
        self._monotonic = monotonic
        self._fetching = threading.Lock()
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, kid: str | None) -> PyJWK:
        """The key of that id, or the only one there is. Raises InvalidToken, IdentityUnavailable."""
        key = self._keys.get(kid)
        if key is None or self._age() > FRESH:
            # Who has a key that still serves does not wait for another's fetch.
            wait = max(0.0, min(2 * FETCH_TIMEOUT, remaining())) if key is None or self._age() > STALE else 0.0
            if self._fetching.acquire(timeout=wait):
                try:
                    self._refresh()
                finally:
                    self._fetching.release()
            key = self._keys.get(kid)
        if key is not None and self._age() <= STALE:
            return key
        if self._fetched_at == self._tried_at and self._age() <= FRESH:
            raise InvalidToken("The token is not signed with a key of the issuer.")
        raise IdentityUnavailable(
            "Your sign-in cannot be checked now: the issuer of the token is out of reach.",
            retry_after=timedelta(seconds=1 + COOLDOWN * self._random.random()),
        )

    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    def _refresh(self) -> None:
        if self._monotonic() - self._tried_at < COOLDOWN:
            return
        self._tried_at = self._monotonic()
        try:
            self._keys = self._fetch()
        except (URLError, http.client.HTTPException, OSError, ValueError, RecursionError) as error:
            if isinstance(error, HTTPError):
                error.close()
            log.warning(
                "issuer out of reach",
                extra={"event": Event.ISSUER_UNREACHABLE, "issuer": self._issuer, "reason": str(error)},
            )
        else:
            self._fetched_at = self._tried_at

    def _fetch(self) -> Mapping[str | None, PyJWK]:
        """What OpenID Connect Discovery 1.0 §4 and RFC 7517 §5 publish; ValueError if that is of no use."""
        from jwt import PyJWKSet, PyJWTError  # noqa: PLC0415 - loaded by the caller already

        about = _get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", self._monotonic)
        if about.get("issuer") != self._issuer:
            raise ValueError("the discovery document is of another issuer")
        uri = about.get("jwks_uri")
        if not isinstance(uri, str) or urlsplit(uri).scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise ValueError("the discovery document names no safe jwks_uri")
        try:
            published = PyJWKSet.from_dict(_get(uri, self._monotonic)).keys
        except PyJWTError as error:
            raise ValueError("the issuer publishes no key that we can use") from error
        usable = [key for key in published if key.algorithm_name in ALGORITHMS and key.public_key_use in {"sig", None}]
        by_id: dict[str | None, PyJWK] = {key.key_id: key for key in reversed(usable) if key.key_id}
        return by_id | ({None: usable[0]} if len(usable) == 1 else {})


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:  # None is how urllib says no
        return None


def _get(url: str, monotonic: Monotonic) -> dict[str, Any]:
    seconds = min(FETCH_TIMEOUT, remaining())
    if seconds <= 0:
        raise TimeoutError("no time left to ask the issuer")
    ends_at = monotonic() + seconds
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "config-api"})  # noqa: S310 - the scheme is https, or http of a loopback issuer
    body = b""
    with build_opener(_NoRedirects).open(request, timeout=seconds) as answer:
        while chunk := answer.read1(65536):
            body += chunk
            if len(body) > MAX_ANSWER or monotonic() > ends_at:
                raise ValueError("the issuer's answer is too long or too slow")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the issuer's answer is no JSON object")  # noqa: TRY004 - an answer of no use, like any other
    return document


def _time(value: Any) -> datetime:
    """A NumericDate (RFC 7519 §2). Raises TypeError, ValueError, OverflowError for what is none."""
    if isinstance(value, bool):  # a number to Python, and to nobody else
        raise TypeError("a time is a number")
    return _EPOCH + timedelta(seconds=value)


def _user_id(issuer: str, subject: str) -> str:
    """One id for each member (OpenID Connect Core §2: `sub` is unique within its issuer), which says nothing else."""
    return "member_" + hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()[:32]
