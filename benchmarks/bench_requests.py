"""A warm request, in process: ours on DynamoDB against the floor and the peers, call by call.

Twice: against an emulator, where a call to the store takes milliseconds as it does in the cloud, and
against recorded answers that come at once, where only the applications' own work is left.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from benchmarks.peers import BASE, LIMIT, Handler, bare_flask, chalice_style, fastapi_mangum, through_wsgi
from benchmarks.report import Section, Target, ratio
from domain.limits import ConfigurationLimits
from domain.ports import IdentityProvider
from entrypoints import logs
from entrypoints.application import KEY
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import AFixedList
from tests.support.ministack import a_dynamodb_store, a_table, ministack

ROUNDS, ROUNDS_AT_ONCE, WARM_UP = 60, 300, 5
OPERATIONS = ("create", "list", "get", "update", "delete")
TARGETS = {"list": 1.3, "get": 1.3, "create": 1.5}
DRAFT = '{"name":"Tech giants","tickers":["AAPL","MSFT","NVDA"]}'
CHANGES = '{"timeframe_days":30}'
FLOOR, OURS = "bare Flask and boto3", "ours"
PEERS = (OURS, FLOOR, "FastAPI and Mangum, count then put", "Chalice's style, count then put")

_HEADERS: Any = {"content-type": "application/x-amz-json-1.0"}

NewUser = Callable[[], str]


class Wire:
    """Stands where a botocore client sends its calls: counts them, remembers the answers and can replay them."""

    def __init__(self, client: Any) -> None:
        self.calls = 0
        self._answers: dict[str, bytes] | None = None
        self._remembered: dict[str, bytes] = {}
        client.meta.events.register("before-send.dynamodb", self._send)
        client.meta.events.register("response-received.dynamodb", self._remember)

    def replay(self) -> None:
        """From now on, each call gets the last answer that its operation had."""
        self._answers = self._remembered

    def _send(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        self.calls += 1
        if self._answers is None:
            return None
        body = self._answers[event_name.rpartition(".")[2]]
        return AWSResponse(request.url, 200, _HEADERS, _Body(body))

    def _remember(self, event_name: str, response_dict: Mapping[str, Any] | None, **_: Any) -> None:
        if self._answers is None and response_dict is not None:
            self._remembered[event_name.rpartition(".")[2]] = response_dict["body"]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One application, who may ask it, and the calls that it makes."""

    handle: Handler
    new_user: NewUser
    wire: Wire


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds and calls of each round, by contestant and operation."""

    times: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    calls: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, who: str, operation: str, milliseconds: float, calls: int) -> None:
        """Add one."""
        self.times.setdefault((who, operation), []).append(milliseconds)
        self.calls[who, operation] = max(calls, self.calls.get((who, operation), 0))

    def ratio(self, who: str, operation: str) -> float:
        """How many times the floor."""
        return ratio(self.times[who, operation], self.times[FLOOR, operation])


def measure() -> list[Section]:
    """Both tables."""
    with ministack() as endpoint, silence():
        contestants = {name: made for name, made in all_contestants(endpoint) if made is not None}
        play(contestants, WARM_UP, time.perf_counter)
        through = play(contestants, ROUNDS, time.perf_counter)
        for each in contestants.values():
            each.wire.replay()
        play(contestants, WARM_UP, time.process_time)
        alone = play(contestants, ROUNDS_AT_ONCE, time.process_time)
    findings = [
        f"* {Target(f'{operation}, times the floor', worst).verdict(through.ratio(OURS, operation))}"
        for operation, worst in TARGETS.items()
    ]
    findings.append(
        "* An update takes two calls where the floor has one: a ticker that stays keeps the time it was added, so the "
        "stored configuration is read first, and then written if it still is at the revision that was read."
    )
    return [
        _section(
            "A warm request on DynamoDB",
            f"In process, from the request's bytes to the answer's, on ministack over loopback: {ROUNDS} rounds, in "
            "each of which every application serves a new user's create, get, list, update and delete. *The floor* "
            "(`benchmarks/peers.py`) makes one call of boto3 and looks at nothing: no token, no validation, no "
            "revision, no idempotency, no log. The peers validate; their create counts and then puts, so that two at "
            "once break the limit. Medians in milliseconds.",
            through,
            "\n".join(findings),
        ),
        _section(
            "The same on a store that answers at once",
            "What is left is the application's own work, botocore's included: each call gets a recorded answer, and "
            f"processor time is measured. {ROUNDS_AT_ONCE} rounds, medians in milliseconds.",
            alone,
            "",
        ),
    ]


def play(contestants: Mapping[str, Contestant], rounds: int, clock: Callable[[], float]) -> Measured:
    """Every application serves every operation, in turn."""
    measured = Measured()
    for _ in range(rounds):
        for name, contestant in contestants.items():
            user = contestant.new_user()
            config_id = ""
            for operation in ("create", "get", "list", "update", "delete"):
                method, path, body = request_of(operation, config_id)
                calls, began = contestant.wire.calls, clock()
                status, answer = contestant.handle(method, path, user, body)
                spent = clock() - began
                if status >= 300:
                    raise RuntimeError(f"{name} answered {operation} with {status}: {answer!r}")
                measured.note(name, operation, spent * 1000, contestant.wire.calls - calls)
                if operation == "create":
                    config_id = json.loads(answer)["config_id"]
    return measured


def request_of(operation: str, config_id: str) -> tuple[str, str, str | None]:
    """Method, path and body."""
    if operation == "create":
        return "POST", BASE, DRAFT
    if operation == "list":
        return "GET", BASE, None
    method = {"get": "GET", "update": "PATCH", "delete": "DELETE"}[operation]
    return method, f"{BASE}/{config_id}", CHANGES if operation == "update" else None


def all_contestants(endpoint: str) -> Iterator[tuple[str, Contestant | None]]:
    """Ours first; None for one that is not installed."""
    store = a_dynamodb_store(endpoint, a_table(endpoint))
    settings = Settings(
        store=StoreKind.DYNAMODB,
        secret_keys=("a secret key of at least thirty-two characters",),
        limits=ConfigurationLimits(anonymous=LIMIT),
        rate_user="1000000/second",
    )
    app = create_app(settings, store=store, ticker_list=AFixedList())
    wire = Wire(store._client.table.connection.client)
    yield OURS, Contestant(through_wsgi(app, "HTTP_AUTHORIZATION"), _tokens(app.extensions[KEY].identities), wire)
    numbers = count()
    for name, make in zip(PEERS[1:], (bare_flask, fastapi_mangum, chalice_style), strict=True):
        client = boto3.client(
            "dynamodb", endpoint_url=endpoint, region_name="us-east-1", config=Config(retries={"total_max_attempts": 1})
        )
        handle = make(client, a_table(endpoint))
        yield name, handle and Contestant(handle, lambda: f"user-{next(numbers)}", Wire(client))


def _tokens(identities: IdentityProvider) -> NewUser:
    """Of users who have been here before: a signature is checked once only."""

    def new_user() -> str:
        _, token, _ = identities.issue_anonymous()
        identities.identify(token)
        return f"Bearer {token}"

    return new_user


class _Body:
    """A body as urllib3 would give it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@contextmanager
def silence() -> Iterator[None]:
    """Logs are made as in production, and written to nowhere."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logs.configure("INFO", nowhere)
        yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _section(title: str, about: str, measured: Measured, findings: str) -> Section:
    rows: list[Sequence[str]] = []
    for operation in OPERATIONS:
        for who in PEERS:
            if (who, operation) not in measured.times:
                continue
            times = measured.times[who, operation]
            rows.append(
                (
                    f"{operation}: {who}",
                    f"{statistics.median(times):.2f}",
                    f"{statistics.quantiles(times, n=20)[18]:.2f}",
                    f"{measured.ratio(who, operation):.2f}",
                    str(measured.calls[who, operation]),
                )
            )
    return Section(title, about, ("request", "median", "p95", "times the floor", "calls"), rows, findings=findings)
