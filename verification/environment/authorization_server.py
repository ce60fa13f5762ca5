"""The endpoints at which users sign in: the authorization code flow with PKCE, and the end of the session."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

AUTHORIZE, TOKEN, END_SESSION = "/authorization", "/token", "/end_session"
CLIENT_ID = "the-dashboard"
COOKIE = "issuer_user"
EXPIRES_IN = 3600
"""Seconds for which the tokens are valid, as `Issuer.token` has it."""

Fault = Literal["down", "denies", "error", "slow"]

LOGIN_FORM = """<!doctype html><meta charset="utf-8"><title>Issuer</title><link rel="icon" href="data:,">
<h1>Sign in at the issuer</h1><form method="post" action="{action}">{hidden}
<label>User <input name="user"></label><button>Continue</button>
<button name="cancel" value="yes">Cancel</button></form>"""


@dataclass(frozen=True, slots=True)
class Request:
    """`values` are the parameters of the query or of the form."""

    method: str
    path: str
    values: Mapping[str, str]
    cookie: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed the client, from the authorization request on."""

    user: str
    redirect_uri: str
    challenge: str
    scope: str
    nonce: str


class OAuthError(Exception):
    """An error response of RFC 6749; the argument is its code."""


class AuthorizationServer:
    """One public client, and any user who enters a name. `redirect_uris` are compared exactly (RFC 9700 §2.1)."""

    def __init__(self, url: str, audience: str, *, sign: Callable[..., str]) -> None:
        self.url = url
        self.redirect_uris: set[str] = set()
        self.faults: dict[str, Fault] = {}
        """By the path of the endpoint."""
        self.rotates = True
        """Whether clients that ask for `offline_access` get refresh tokens."""
        self.resume = threading.Event()
        """Ends the wait of the fault `slow`."""
        self.requests: list[str] = []
        """The path of each request, and the grant type of each token request."""
        self._audience = audience
        self._sign = sign
        self._ids = count(1)
        self._codes: dict[str, Grant] = {}
        self._refresh_tokens: dict[str, Grant] = {}
        self._used: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Answer | None:
        """The response, or None for a closed connection."""
        with self._lock:
            self.requests.append(request.values.get("grant_type", request.path))
        fault = self.faults.get(request.path)
        if fault == "down":
            return None
        if fault == "slow":
            self.resume.wait(60)
        with self._lock:
            if request.path == TOKEN:
                return self._token(request)
            return self._authorize(request) if request.path == AUTHORIZE else self._end_session(request)

    def end_sessions(self) -> None:
        """Revoke every refresh token, as when an administrator ends the sessions of a user."""
        with self._lock:
            self._refresh_tokens.clear()

    def _authorize(self, request: Request) -> Answer:
        values = request.values
        if values.get("client_id") != CLIENT_ID or values.get("redirect_uri") not in self.redirect_uris:
            return _page(400, "The client or its redirect URI is not registered.")
        try:
            user = self._user(request)
            if user is None:
                hidden = [f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in values.items()]
                return Answer(200, LOGIN_FORM.format(action=AUTHORIZE, hidden="".join(hidden)).encode(), HTML)
            code = f"code-{next(self._ids)}"
            self._codes[code] = Grant(
                user, values["redirect_uri"], values["code_challenge"], values["scope"], values.get("nonce", "")
            )
        except OAuthError as error:
            return self._redirect(values, error=str(error), error_description="The issuer said no.")
        answer = self._redirect(values, code=code)
        return Answer(302, b"", {**answer.headers, "Set-Cookie": f"{COOKIE}={user}; HttpOnly; Path=/"})

    def _user(self, request: Request) -> str | None:
        """Who is signed in, or None for the form. Raises OAuthError."""
        values = request.values
        if self.faults.get(AUTHORIZE) == "denies" or "cancel" in values:
            raise OAuthError("access_denied")
        if self.faults.get(AUTHORIZE) == "error":
            raise OAuthError("server_error")
        if values.get("response_type") != "code" or "openid" not in values.get("scope", "").split():
            raise OAuthError("invalid_request")
        if values.get("code_challenge_method") != "S256" or len(values.get("code_challenge", "")) != 43:
            raise OAuthError("invalid_request")
        if values.get("user"):
            return values["user"]
        known = dict(pair.strip().split("=", 1) for pair in request.cookie.split(";") if "=" in pair).get(COOKIE)
        if not known and values.get("prompt") == "none":
            raise OAuthError("login_required")
        return None if values.get("prompt") == "login" else known

    def _token(self, request: Request) -> Answer:
        values = request.values
        try:
            grant = self._exchange(request.method, values)
        except OAuthError as error:
            return self._json(400, {"error": str(error), "error_description": "The issuer said no."})
        now = {"access_token": self._sign(sub=grant.user, aud=self._audience)}
        if self.rotates and "offline_access" in grant.scope.split():
            now["refresh_token"] = f"refresh-{next(self._ids)}"
            self._refresh_tokens[now["refresh_token"]] = grant
        names = {"name": grant.user.title(), "nonce": grant.nonce or None}
        id_token = self._sign(sub=grant.user, aud=CLIENT_ID, **names)
        return self._json(200, {**now, "id_token": id_token, "token_type": "Bearer", "expires_in": EXPIRES_IN})

    def _exchange(self, method: str, values: Mapping[str, str]) -> Grant:
        """The grant of a code or refresh token, each of which is good once. Raises OAuthError."""
        if method != "POST" or values.get("client_id") != CLIENT_ID or "client_secret" in values:
            raise OAuthError("invalid_client")
        if self.faults.get(TOKEN) == "error":
            raise OAuthError("server_error")
        if values.get("grant_type") == "refresh_token":
            token = values.get("refresh_token", "")
            if token in self._used:
                # RFC 9700 §4.14.2: whoever uses a token twice may have stolen it, so the newer one ends too.
                self._revoke(self._used[token])
            if token not in self._refresh_tokens:
                raise OAuthError("invalid_grant")
            self._used[token] = self._refresh_tokens.pop(token)
            return self._used[token]
        grant = self._codes.pop(values.get("code", ""), None)
        digest = hashlib.sha256(values.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or grant.redirect_uri != values.get("redirect_uri") or grant.challenge != challenge:
            raise OAuthError("invalid_grant")
        return grant

    def _revoke(self, grant: Grant) -> None:
        self._refresh_tokens = {token: each for token, each in self._refresh_tokens.items() if each is not grant}

    def _end_session(self, request: Request) -> Answer:
        target = request.values.get("post_logout_redirect_uri", "")
        if request.values.get("client_id") != CLIENT_ID or target not in self.redirect_uris:
            return _page(400, "The client or its redirect URI is not registered.")
        if not request.values.get("id_token_hint"):
            return _page(400, "There is no hint of who signs out.")
        return Answer(302, b"", {"Location": target, "Set-Cookie": f"{COOKIE}=; Max-Age=0; Path=/"})

    def _redirect(self, values: Mapping[str, str], **result: str) -> Answer:
        parameters = result | {"state": values.get("state", ""), "iss": self.url}
        return Answer(302, b"", {"Location": f"{values['redirect_uri']}?{urlencode(parameters)}"})

    def _json(self, status: int, body: Mapping[str, Any]) -> Answer:
        target = urlsplit(next(iter(self.redirect_uris)))
        origin = f"{target.scheme}://{target.netloc}"
        headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": origin}
        return Answer(status, json.dumps(body).encode(), headers)


HTML = {"Content-Type": "text/html; charset=utf-8"}


def _page(status: int, text: str) -> Answer:
    return Answer(status, f'<!doctype html><title>Issuer</title><link rel="icon" href="data:,">{text}'.encode(), HTML)
