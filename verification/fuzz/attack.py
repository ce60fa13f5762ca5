"""Sends generated requests to a running server and checks each response."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException, HTTPResponse
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from urllib.parse import urlsplit

import requests

from adapters.identity.anonymous import AnonymousTokens
from verification.environment.issuer import AUDIENCE, running_issuer
from verification.environment.servers import Server, serving
from verification.fuzz.generator import CONFIGURATIONS, FIRST, Fuzz, examples

KEY = "a secret key of at least thirty-two characters"
CLIENTS = 4
ROUND = 1000
"""Requests after which deleted configurations are created again, so that later requests find them."""
HANG = 60.0
"""Seconds after which a request counts as unanswered: many times its deadline."""
MAX_COMPLAINTS = 20
PROBLEM = "application/problem+json"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}")
_LEAKS = (b"Traceback", b"sqlite3.", b"site-packages", b"/adapters/", b"/entrypoints/")


@dataclass
class Outcome:
    """The result of all requests; `complaints` should be empty."""

    statuses: Counter[int] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    slowest: float = 0.0
    resident_before: int = 0
    resident_after: int = 0
    log: str = ""


def attack(count: int, *, seed: int, warm_up: int = 0) -> Outcome:
    """Send one request of each status and `count` random ones to a new server. Memory is measured after `warm_up`."""
    outcome = Outcome()
    with TemporaryDirectory() as directory, a_target(Path(directory)) as (server, tokens):
        send_examples(server, tokens, outcome)
        send(server, tokens, warm_up, seed=seed + 1, outcome=outcome)
        outcome.resident_before = server.resident()
        send(server, tokens, count, seed=seed, outcome=outcome)
        outcome.resident_after = server.resident()
        _check_that_it_still_serves(server, tokens[0], outcome)
        outcome.log = (Path(directory) / "server.log").read_text(encoding="utf-8", errors="replace")
    outcome.complaints += [f"in the log: {line[:500]}" for line in islice(_unreadable(outcome.log), MAX_COMPLAINTS)]
    return outcome


@contextmanager
def a_target(directory: Path) -> Iterator[tuple[Server, list[str]]]:
    """The application on SQLite, and tokens of three anonymous users and one member."""
    with ExitStack() as running:
        issuer = running.enter_context(running_issuer())
        settings = {
            "CONFIG_API_SQLITE_PATH": str(directory / "store.sqlite3"),
            "CONFIG_API_SECRET_KEYS": KEY,
            "CONFIG_API_OIDC_ISSUER": issuer.url,
            "CONFIG_API_OIDC_AUDIENCE": AUDIENCE,
            "CONFIG_API_CORS_ORIGINS": "https://app.example.com",
            "CONFIG_API_RATE_USER": "",
            "CONFIG_API_RATE_ADDRESS": "",
            "CONFIG_API_LIMIT_ANONYMOUS": "20",
            "CONFIG_API_LIMIT_MEMBER": "1",
        }
        log = directory / "server.log"
        server = running.enter_context(serving("entrypoints.wsgi:app", log=log, settings=settings))
        now = datetime.now(UTC)
        anonymous = AnonymousTokens([KEY], clock=lambda: datetime.now(UTC))
        member = issuer.token(iat=now, exp=now + timedelta(days=1))
        yield server, [*(anonymous.issue()[1] for _ in range(3)), member]


def send_examples(server: Server, tokens: Sequence[str], outcome: Outcome) -> None:
    """Send one request for each status that the service answers on purpose."""
    place = urlsplit(server.url)
    member = tokens[-1]
    path = _create_first(server, member)
    for expected, method, sent in examples(member, path):
        with socket.create_connection((place.hostname, place.port), timeout=HANG) as connection:
            before = outcome.statuses[expected]
            complaint, _ = _exchange(connection, method, sent, outcome)
        if complaint or outcome.statuses[expected] == before:
            outcome.complaints.append(f"{complaint or f'not {expected}'}, to {sent[:1500]!r}")


def send(server: Server, tokens: Sequence[str], count: int, *, seed: int, outcome: Outcome) -> None:
    """Send `count` requests from several clients at once, for users who have a configuration."""
    kept = [_create_first(server, token) for token in tokens]
    fuzzes = [Fuzz(random.Random(f"{seed}-{number}"), tokens, kept) for number in range(CLIENTS)]
    for sent in range(0, count, ROUND):
        left = min(ROUND, count - sent)
        clients = [
            Thread(target=_client, args=(server, fuzz, left // CLIENTS + (number < left % CLIENTS), outcome))
            for number, fuzz in enumerate(fuzzes)
        ]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        for token in tokens:
            _create_first(server, token)


def _create_first(server: Server, token: str) -> str:
    """The path of the first configuration of this user, created again if it was deleted."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": FIRST}
    answer = requests.post(
        server.url + CONFIGURATIONS, json={"name": "First", "tickers": ["AAPL"]}, headers=headers, timeout=HANG
    )
    return answer.headers.get("Location", CONFIGURATIONS)


def _client(server: Server, fuzz: Fuzz, count: int, outcome: Outcome) -> None:
    place = urlsplit(server.url)
    connection: socket.socket | None = None
    for _ in range(count):
        if len(outcome.complaints) >= MAX_COMPLAINTS:
            break
        method, sent = fuzz.request()
        if connection is None:
            connection = socket.create_connection((place.hostname, place.port), timeout=HANG)
        began = time.monotonic()
        complaint, kept = _exchange(connection, method, sent, outcome)
        outcome.slowest = max(outcome.slowest, time.monotonic() - began)
        if complaint:
            outcome.complaints.append(f"{complaint}, to {sent[:1500]!r}")
        if not kept:
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


def _exchange(connection: socket.socket, method: str, sent: bytes, outcome: Outcome) -> tuple[str | None, bool]:
    """What is wrong with the response, if anything, and whether the connection stays open."""
    # The server may refuse a request before it has read all of it; its response may arrive nevertheless.
    with suppress(ConnectionError):
        connection.sendall(sent)
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        body = response.read()
    except TimeoutError:
        return f"no answer within {HANG} s", False
    except ConnectionError:
        # The server closed the connection with unread bytes, and TCP then drops its response.
        return None, False
    except HTTPException as error:
        return f"{type(error).__name__} {error}", False
    outcome.statuses[response.status] += 1
    return _complaint(response, body), not response.will_close


def _complaint(response: HTTPResponse, body: bytes) -> str | None:
    status, headers = response.status, response.headers
    request_ids = headers.get_all("X-Request-ID", [])
    if not request_ids and status in {400, 405, 414, 431, 501}:
        # gunicorn itself refuses what is not HTTP.
        return None
    wrong = {
        f"{status} {body[:300]!r}": status >= 500,
        f"{status} discloses internals: {body[:300]!r}": any(leak in body for leak in _LEAKS),
        f"{status} with X-Request-ID {request_ids}": len(request_ids) != 1 or not _ID.fullmatch(request_ids[0]),
        f"{status} as {headers['Content-Type']}": status >= 400 and headers["Content-Type"] != PROBLEM,
        f"{status} without Retry-After": status == 429 and not headers.get("Retry-After", "").isdecimal(),
    }
    return "; ".join(complaint for complaint, holds in wrong.items() if holds) or None


def _check_that_it_still_serves(server: Server, token: str, outcome: Outcome) -> None:
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=HANG) as connection:
        request = f"GET /api/v2/configurations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
        complaint, _ = _exchange(connection, "GET", request.encode(), outcome)
    if complaint:
        outcome.complaints.append(f"afterwards: {complaint}")


def _unreadable(log: str) -> Iterator[str]:
    """Lines that are neither JSON objects nor gunicorn's, and lines at ERROR."""
    for line in log.splitlines():
        try:
            logged = json.loads(line)
        except ValueError:
            # gunicorn's own lines begin with a bracket.
            if not line.startswith("["):
                yield line
        else:
            if logged["level"] in {"ERROR", "CRITICAL"}:
                yield line
