"""Who sends a request: the user that the bearer token identifies, and the client's address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Concatenate, ParamSpec, TypeVar

from flask import request

from domain.limits import User
from entrypoints.api.errors import Unauthenticated
from entrypoints.application import current_application
from entrypoints.logs import hashed, request_context

P = ParamSpec("P")
R = TypeVar("R")


def authenticated(view: Callable[Concatenate[User, P], R]) -> Callable[P, R]:
    """Call the view with the user that the token identifies, within that user's rate limit.

    Raises Unauthenticated, InvalidToken, ExpiredToken, IdentityUnavailable, RateLimited.
    """

    @wraps(view)
    def authenticate(*args: P.args, **kwargs: P.kwargs) -> R:
        app = current_application()
        user = app.identities.identify(bearer_token())
        current = request_context.get()
        if current is not None:
            current.user = hashed(user.user_id)
        app.per_user.check(user.user_id)
        return view(user, *args, **kwargs)

    return authenticate


def bearer_token() -> str:
    """The token of the request. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send a token: Authorization: Bearer <token>. POST /api/v2/auth/anonymous issues one.")
    return token.strip()


def client_address() -> str:
    """The client's address as the gateway reports it, else the peer's address; for IPv6, its /64 network.

    One IPv6 caller can use all 2^64 addresses of its network (RFC 6177), so the network counts as one caller.
    """
    context = request.environ.get("lambda.event", {}).get("requestContext", {})
    reported = context.get("identity", {}).get("sourceIp") or context.get("http", {}).get("sourceIp")
    return _network(reported or request.remote_addr or "unknown")


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:  # a Unix socket has no address
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Network((int(parsed), 64), strict=False))
    return address
