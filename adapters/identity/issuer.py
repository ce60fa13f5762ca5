"""The published keys and endpoints of an OpenID Connect issuer (OpenID Connect Discovery 1.0 §4, RFC 7517 §5)."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from adapters.identity.http_json import FETCH_ERRORS, TimeLeft, get_json
from domain.deadline import Monotonic, remaining
from domain.errors import IdentityUnavailable, InvalidToken
from domain.events import Event
from domain.sign_in import Endpoints

if TYPE_CHECKING:
    from jwt import PyJWK

    Keys = Mapping[str | None, Sequence[PyJWK]]

log = logging.getLogger(__name__)

T = TypeVar("T")

ALGORITHMS = ("RS256", "ES256")
"""Asymmetric signatures only: what the issuer publishes cannot be used to sign (RFC 8725 §2.1)."""

MAX_AGE = 300.0
"""Seconds for which fetched documents are used without another fetch: how long a withdrawn key is still accepted."""
MAX_STALE_AGE = 3600.0
"""Seconds for which fetched documents stay in use while the issuer is unreachable."""
MIN_FETCH_INTERVAL = 5.0
"""Seconds between two fetches. Tokens with made-up key ids must not become load on the issuer."""
FETCH_TIMEOUT = 2.0
"""Seconds for a fetch of both documents, from connecting to the last byte; less if the request has less left."""

_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-\"$-~]*)?")
"""An absolute URL without a user, a fragment (RFC 6749 §3.1) and characters that end a source of a page's policy."""


class IssuerDocuments:
    """The issuer's keys and endpoints: fetched when first needed, cached, and fetched again as the issuer rotates keys.

    PyJWT's client is not used: it holds its lock while it fetches, so that all requests wait for one slow response;
    it asks a failing issuer again for every token; and it has no limit for the size of a response.
    """

    def __init__(self, issuer: str, *, rng: random.Random, monotonic: Monotonic = time.monotonic) -> None:
        self._issuer = issuer
        self._random = rng
        self._monotonic = monotonic
        self._fetch_lock = threading.Lock()
        self._keys: Keys = {}
        self._endpoints: Endpoints | None = None
        self._fetched_at = self._tried_at = float("-inf")

    def keys(self, kid: str | None) -> Sequence[PyJWK]:
        """The keys of that id, or the only key there is. Raises InvalidToken, IdentityUnavailable."""
        keys = self._read(lambda: self._keys.get(kid))
        if keys is not None:
            return keys
        if self._fetched_at == self._tried_at and self._age() <= MAX_AGE:
            raise InvalidToken("The token is not signed with a key of the issuer.")
        raise self._unavailable("The token cannot be verified now, because its issuer is unreachable.")

    def endpoints(self) -> Endpoints:
        """The endpoints for a browser. Raises IdentityUnavailable."""
        endpoints = self._read(lambda: self._endpoints)
        if endpoints is None:
            raise self._unavailable("Nobody can sign in now, because the issuer's endpoints cannot be read.")
        return endpoints

    def _read(self, cached: Callable[[], T | None]) -> T | None:
        """What is cached, after another fetch if it is missing or older than `MAX_AGE`."""
        value = cached()
        if value is None or self._age() > MAX_AGE:
            # A caller whose value is cached does not wait for a fetch in another thread.
            must_wait = value is None or self._age() > MAX_STALE_AGE
            if self._fetch_lock.acquire(timeout=max(0.0, min(FETCH_TIMEOUT, remaining())) if must_wait else 0.0):
                try:
                    self._refresh()
                finally:
                    self._fetch_lock.release()
            value = cached()
        return value if self._age() <= MAX_STALE_AGE else None

    def _unavailable(self, detail: str) -> IdentityUnavailable:
        seconds = 1 + MIN_FETCH_INTERVAL * self._random.random()
        return IdentityUnavailable(detail, retry_after=timedelta(seconds=seconds))

    def _age(self) -> float:
        return self._monotonic() - self._fetched_at

    def _refresh(self) -> None:
        if self._monotonic() - self._tried_at < MIN_FETCH_INTERVAL:
            return
        self._tried_at = self._monotonic()
        try:
            self._keys, self._endpoints = self._fetch()
        except FETCH_ERRORS as error:
            log.warning(
                "issuer out of reach",
                extra={"event": Event.ISSUER_UNREACHABLE, "issuer": self._issuer, "reason": reason(error)},
            )
        else:
            self._fetched_at = self._tried_at

    def _fetch(self) -> tuple[Keys, Endpoints | None]:
        """The keys by their id, and by None if there is only one; the endpoints. Raises FETCH_ERRORS."""
        time_left = start_deadline()
        document = get_json(discovery_url(self._issuer), time_left)
        if document.get("issuer") != self._issuer:
            raise ValueError("the discovery document is of another issuer")
        keys = usable_keys(get_json(keys_url(document, self._issuer), time_left))
        by_id: dict[str | None, list[PyJWK]] = defaultdict(list)
        for key in keys:
            if key.key_id:
                by_id[key.key_id].append(key)
        # A token without a key id is accepted if the set has only one key (OpenID Connect Core 1.0 §10.1).
        return by_id | ({None: keys} if len(keys) == 1 else {}), published_endpoints(document)


def start_deadline() -> TimeLeft:
    """The time left of an exchange with the issuer that begins now."""
    ends_at = time.monotonic() + min(FETCH_TIMEOUT, remaining())

    def time_left() -> float:
        left = ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the issuer took too long")
        return left

    return time_left


def discovery_url(issuer: str) -> str:
    """The address of the issuer's discovery document."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def published_endpoints(document: Mapping[str, Any]) -> Endpoints | None:
    """The endpoints of a discovery document; None if a browser cannot sign in with them."""
    scheme = urlsplit(document["issuer"]).scheme
    authorization, token, end_session = (
        url if isinstance(url, str) and _ENDPOINT.fullmatch(url) and urlsplit(url).scheme in {"https", scheme} else None
        for url in (document.get(f"{name}_endpoint") for name in ("authorization", "token", "end_session"))
    )
    return Endpoints(authorization, token, end_session) if authorization and token else None


def usable_keys(document: Mapping[str, Any]) -> list[PyJWK]:
    """The keys of a JSON Web Key Set that sign with one of `ALGORITHMS`. Raises ValueError if there is none.

    Malformed keys are skipped, so that one of them does not affect the others.
    """
    keys = document.get("keys")
    usable = [key for jwk in (keys if isinstance(keys, list) else []) if (key := _signing_key(jwk)) is not None]
    if not usable:
        raise ValueError("the issuer publishes no key that can be used")
    return usable


def _signing_key(jwk: Any) -> PyJWK | None:
    from jwt import PyJWK, PyJWTError  # noqa: PLC0415 - 150 ms that only a process with a member's request needs

    try:
        key = PyJWK(jwk)
        usable = key.algorithm_name in ALGORITHMS and key.public_key_use in {"sig", None}
        return key if usable and isinstance(key.key_id, str | None) else None
    except (PyJWTError, AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def keys_url(document: Mapping[str, Any], issuer: str) -> str:
    """The address of the issuer's keys. Raises ValueError."""
    url = document.get("jwks_uri")
    if not isinstance(url, str) or urlsplit(url).scheme not in {"https", urlsplit(issuer).scheme}:
        raise ValueError("the discovery document has no https jwks_uri")
    return url


def reason(error: BaseException) -> str:
    """What went wrong, for people."""
    return str(error) or type(error).__name__
