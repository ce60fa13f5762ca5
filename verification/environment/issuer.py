"""An OpenID Connect issuer on loopback: publishes keys, signs any claims, signs users in, and fails on demand."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from verification.environment import NOW
from verification.environment.authorization_server import (
    AUTHORIZE,
    END_SESSION,
    TOKEN,
    Answer,
    AuthorizationServer,
    Request,
)

AUDIENCE = "config-api"
DISCOVERY, KEYS = "/.well-known/openid-configuration", "/keys"


# Creating one takes a tenth of a second.
@cache
def _rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass
class Issuer:
    """What it publishes and answers; a test may change it at any time."""

    url: str
    keys: dict[str, Any] = field(default_factory=lambda: {"rsa-1": _rsa_key()})
    extra_keys: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], datetime] = lambda: NOW
    server: AuthorizationServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = AuthorizationServer(self.url, AUDIENCE, sign=self.token)

    def published(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        return {"keys": self.extra_keys + [public_jwk(key, kid) for kid, key in self.keys.items()]}

    def token(self, kid: str | None = None, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token for `ann`, valid for an hour; a claim of None is omitted."""
        kid = kid or next(iter(self.keys))
        key = self.keys[kid]
        now = self.clock()
        values = {"iss": self.url, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + timedelta(hours=1)} | claims
        return jwt.encode(
            {name: value for name, value in values.items() if value is not None},
            key,
            algorithm="RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256",
            headers={"kid": kid} | (headers or {}),
        )

    def answer_to(self, path: str) -> tuple[int, bytes]:
        """The status and the body of a response."""
        self.asked.append(path)
        if self.hanging.is_set():
            self.released.wait(10)
        if path in self.answers:
            return self.answers[path]
        endpoints = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("authorization", "token", "end_session")}
        about = {"issuer": self.url, "jwks_uri": self.url + KEYS} | endpoints | self.metadata
        documents = {DISCOVERY: about, KEYS: self.published()}
        return (200, json.dumps(documents[path]).encode()) if path in documents else (404, b"")


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer with one RSA key, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._respond(dict(parse_qsl(body.decode())))

        def _respond(self, values: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            if path in {AUTHORIZE, TOKEN, END_SESSION}:
                answer = issuer.server.handle(Request(self.command, path, values, self.headers.get("Cookie", "")))
            else:
                status, body = issuer.answer_to(self.path)
                answer = Answer(status, body, {"Location": issuer.url + KEYS} if status == 302 else {})
            if answer is None:  # down: the connection is closed without a response
                self.close_connection = True
                return
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except ConnectionError:
                pass  # the client did not wait

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.released.set()
        issuer.server.resume.set()
        server.shutdown()
        server.server_close()
        thread.join()


def an_ec_key() -> ec.EllipticCurvePrivateKey:
    """A new key for ES256."""
    return ec.generate_private_key(ec.SECP256R1())


def an_rsa_key() -> rsa.RSAPrivateKey:
    """Another one than the issuer's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def a_weak_rsa_key() -> rsa.RSAPrivateKey:
    """A key that is too short for RS256."""
    return _rsa_key(1024)


def segment(value: Any) -> str:
    """A part of a token: bytes as they are, or anything else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_jwk(key: Any, kid: str) -> dict[str, Any]:
    """The JSON Web Key of a private key's public half."""
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"}
