"""Malformed and malicious requests as bytes. The same seed gives the same requests."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

ID = "0b8e5a1c-2f4d-4c3b-9a6e-7d5f1e2c3b4a"
FIRST = "first"
"""The idempotency key of the configurations in `kept`."""
CONFIGURATIONS = "/api/v2/configurations"
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW")
PATHS = (
    CONFIGURATIONS,
    f"/api/v2/configurations/{ID}",
    "/api/v2/configurations/",
    "/api/v2/configurations/%00",
    "/api/v2/configurations/../../etc/passwd",
    "/api/v2/configurations/%2e%2e%2f",
    "/api/v2/configurations/QUOTA",
    "/api/v2/configurations/a%20OR%201=1--",
    f"/api/v2/configurations/{'x' * 2000}",
    "/api/v2/auth/anonymous",
    "/api/v2/auth/me",
    "/api/v2/tickers/search?q=a&limit=50",
    "/api/v2/tickers/search?q=%F0%9F%92%A9&limit=-1",
    "/api/v2/tickers/search?limit=1e9&limit=2&q=%00&q[]=x",
    f"/api/v2/tickers/search?q={'%C3%9F' * 300}",
    "/api/v2/tickers/validate?symbol=BRK-B",
    "/api/v2/tickers/validate?symbol=%FF%FE&symbol",
    "/api/v2/tickers/validate",
    "/api/v2/tickers/%E2%80%AE",
    "/api/v2/tickers/aapl",
    "/api/v2/health/ready",
    "/openapi.json",
    "/docs",
    "/",
    "/assets/../../etc/passwd",
    "//evil.example/%0d%0aSet-Cookie:a=b",
    "/%",
    "*",
)
TEXTS = (
    "",
    " ",
    "AAPL",
    "aapl ",
    "BRK/B",
    "Tech",
    "\x00",
    "\n",
    "\ud800",
    "👩\u200d👩\u200d👧",
    "e\u0301" * 60,
    "\u202eevil",
    "'; DROP TABLE configurations; --",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "a" * 5000,
    "ß",
    "İ",
)
VALUES: tuple[object, ...] = (*TEXTS, None, True, 0, -1, 7, 7.0, 1.5, 366, 2**63, 10**400, [], {}, [[]], {"a": {}})
FIELDS = ("name", "tickers", "timeframe_days", "include_extended_hours", "symbols", "", "config_id", "__class__")
HOSTILE_BODIES = (
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"name":',
    b"\xef\xbb\xbf{}",
    b"\xff\xfe",
    b"[" * 8000,
    b'{"a":' * 2500,
    b'{"timeframe_days":NaN}',
    b'{"timeframe_days":1e999}',
    b'{"timeframe_days":' + b"9" * 6000 + b"}",
    b'{"name":"a","name":"b"}',
    b'{"name":"\\ud800"}',
    b"{" + b",".join(b'"f%d":1' % number for number in range(1500)) + b"}",
    b"\x00" * 100,
)
TOO_LARGE = b"x" * 20_000


@dataclass(frozen=True, slots=True)
class Fuzz:
    """A generator of requests.

    `tokens` are valid; some requests damage them. `kept` are the paths of a configuration of each user.
    """

    rng: random.Random
    tokens: Sequence[str]
    kept: Sequence[str] = (f"{CONFIGURATIONS}/{ID}",)

    def request(self) -> tuple[str, bytes]:
        """The method and all bytes of one request."""
        who = self.rng.randrange(len(self.tokens))
        method, path = self._target(who)
        body = self._body()
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: localhost"]
        for name, value in self._headers(who):
            lines.append(name + b": " + value.replace(b"\r", b"").replace(b"\n", b""))
        if body is None:
            lines.append(b"Content-Length: 0")
            return method, b"\r\n".join([*lines, b"", b""])
        if self._with_probability(0.1):
            lines.append(b"Transfer-Encoding: chunked")
            body = _chunked(body, self.rng.randint(1, 7000))
        else:
            lines.append(b"Content-Length: %d" % len(body))
        return method, b"\r\n".join([*lines, b"", body])

    def _target(self, who: int) -> tuple[str, str]:
        """Often an existing path of this user, so that not every request is refused early."""
        kind = self.rng.random()
        if kind < 0.3:
            return self.rng.choice(("GET", "POST", "POST")), CONFIGURATIONS
        if kind < 0.5:
            mine = self.kept[who % len(self.kept)]
            path = self.rng.choice(self.kept) if self._with_probability(0.2) else mine
            return self.rng.choice(("GET", "PATCH", "PATCH", "PUT", "PUT", "DELETE")), path
        if kind < 0.7:
            return "GET", self.rng.choice(PATHS)
        path = self.rng.choice(PATHS)
        return self.rng.choice(METHODS), f"{path}{self.rng.choice(('', '?', '#', '//', ';a=b', '%'))}"

    def _headers(self, who: int) -> list[tuple[bytes, bytes]]:
        makers: dict[bytes, Callable[[], bytes]] = {
            b"Authorization": lambda: self._authorization(who),
            b"Idempotency-Key": lambda: FIRST.encode() if self._with_probability(0.6) else self._anything(),
            b"If-Match": self._tags,
            b"If-None-Match": self._tags,
            b"X-Request-ID": self._anything,
            b"Accept": lambda: self.rng.choice((b"*/*;q=abc", b"application/xml", b"a/b;;;q=1,,,", b",", b"*")),
            b"Content-Type": lambda: self.rng.choice(
                (b"application/json", b"text/plain", b"application/json; charset=utf-7", b"multipart/form-data", b";")
            ),
            b"Content-Encoding": lambda: self.rng.choice((b"gzip", b"br", b"identity", b"gzip, gzip", b"x" * 300)),
            b"Origin": lambda: self.rng.choice((b"null", b"https://app.example.com", b"https://evil.example", b"\xff")),
            b"Accept-Encoding": lambda: self.rng.choice((b"gzip;q=0", b"br, *;q=x", b"")),
            b"X-Forwarded-For": self._anything,
            b"Range": lambda: b"bytes=0-0,-1",
            b"Cookie": self._anything,
        }
        often = {b"Authorization": 0.9, b"Content-Type": 0.8, b"If-Match": 0.5, b"Idempotency-Key": 0.3}
        chosen = [name for name in makers if self._with_probability(often.get(name, 0.12))]
        # Sometimes one header twice.
        chosen += [self.rng.choice(chosen)] if chosen and self._with_probability(0.03) else []
        return [(name, b"application/json" if self._is_plain(name) else makers[name]()) for name in chosen]

    def _is_plain(self, name: bytes) -> bool:
        return name == b"Content-Type" and self._with_probability(0.85)

    def _authorization(self, who: int) -> bytes:
        token = self.tokens[who].encode()
        if self._with_probability(0.7):
            return b"Bearer " + token
        place = self.rng.randrange(len(token))
        return self.rng.choice(
            (
                b"",
                b"Bearer",
                b"Bearer  ",
                b"bearer " + token,
                b"Basic " + token,
                b"Bearer " + token[:place],
                b"Bearer " + token[:place] + self.rng.randbytes(1).hex().encode() + token[place + 1 :],
                b"Bearer " + token + b"~0~" + token,
                b"Bearer a.b.c",
                b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
                b"Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL2Rldi9udWxsIn0.e30.e30",
                b"Bearer " + b"x" * 7000,
                b"Bearer " + self._anything(),
            )
        )

    def _tags(self) -> bytes:
        return self.rng.choice(
            (
                b"*",
                f'"{ID}"'.encode(),
                f'W/"{ID}"'.encode(),
                b'""',
                b'"',
                b'"a", "b", W/"c", *',
                b",,,",
                b'"' + b"x" * 3000 + b'"',
                b", ".join(b'"%d"' % number for number in range(700)),
                self._anything(),
            )
        )

    def _anything(self) -> bytes:
        """Random bytes that are allowed in a header."""
        if self._with_probability(0.3):
            return self.rng.choice((b"", b"a" * 256, b"k-1", b"k-2", b"\t", b'{"level":"ERROR"}', b"%0d%0aX: y"))
        return bytes(self.rng.choice(range(0x20, 0x100)) for _ in range(self.rng.choice((1, 8, 40, 300))))

    def _body(self) -> bytes | None:
        kind = self.rng.random()
        if kind < 0.2:
            return None
        if kind < 0.35:
            return TOO_LARGE if self._with_probability(0.2) else self.rng.choice(HOSTILE_BODIES)
        if kind < 0.4:
            return self.rng.randbytes(self.rng.randrange(200))
        if kind < 0.75:
            wanted: dict[str, object] = {"name": f"List {self.rng.randrange(9)}", "tickers": ["AAPL", "MSFT"]}
        else:
            wanted = {self.rng.choice(FIELDS): self._value() for _ in range(self.rng.randrange(6))}
        body = json.dumps(wanted).encode()
        return gzip.compress(body) if self._with_probability(0.03) else body

    def _value(self) -> object:
        if self._with_probability(0.4):
            return [self.rng.choice(VALUES) for _ in range(self.rng.randrange(8))]
        return self.rng.choice(VALUES)

    def _with_probability(self, share: float) -> bool:
        return self.rng.random() < share


def examples(token: str, path: str) -> Iterator[tuple[int, str, bytes]]:
    """Requests with their expected status. The user of `token` is at the limit with the configuration at `path`."""
    json_, key = "Content-Type: application/json", "Idempotency-Key: k"
    valid, other = b'{"name":"Second","tickers":["AAPL"]}', b'{"name":"Third","tickers":["F"]}'
    yield 200, "GET", _request("GET", CONFIGURATIONS, token)
    yield 201, "POST", _request("POST", "/api/v2/auth/anonymous")
    yield 412, "PUT", _request("PUT", path, token, json_, 'If-Match: "other"', body=valid)
    yield 204, "DELETE", _request("DELETE", path, token)
    yield 201, "POST", _request("POST", CONFIGURATIONS, token, json_, key, body=valid)
    yield 409, "POST", _request("POST", CONFIGURATIONS, token, json_, body=valid)
    yield (
        422,
        "POST",
        _request("POST", CONFIGURATIONS, token, json_, key, body=other),
    )
    yield 404, "GET", _request("GET", path, token)
    yield 400, "POST", _request("POST", CONFIGURATIONS, token, json_, body=b"{")
    yield 401, "GET", _request("GET", CONFIGURATIONS)
    yield 405, "PATCH", _request("PATCH", CONFIGURATIONS, token)
    yield 413, "POST", _request("POST", CONFIGURATIONS, token, json_, body=TOO_LARGE)
    yield 415, "POST", _request("POST", CONFIGURATIONS, token, "Content-Type: text/plain", body=valid)


def _request(method: str, path: str, token: str = "", *headers: str, body: bytes = b"") -> bytes:
    authorization = [f"Authorization: Bearer {token}"] if token else []
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *authorization, *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
