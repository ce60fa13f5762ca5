"""A warm request in process on DynamoDB: the service, a raw boto3 call, and the peers.

Twice: with an emulator, whose calls take milliseconds as in the cloud, and with recorded responses, so that only the
CPU time of the applications remains.
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
from benchmarks.report import Section, Target, ratio, rounds
from domain.limits import ConfigurationLimits
from domain.ports import IdentityProvider
from entrypoints import logs
from entrypoints.application import KEY
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import AFixedList
from verification.environment.ministack import a_dynamodb_store, a_table, ministack

ROUNDS, RECORDED_ROUNDS, WARM_UP = rounds(60), rounds(300), 5
OPERATIONS = ("create", "list", "get", "update", "delete")
RAW_TARGETS = {"list": 1.5, "get": 1.5, "create": 1.8, "update": 2.7}
"""Times the raw boto3 call."""
FASTAPI_TARGETS = {"list": 1.0, "get": 1.0, "create": 1.0, "delete": 1.2}
DRAFT = '{"name":"Tech giants","tickers":["AAPL","MSFT","NVDA"]}'
CHANGES = '{"timeframe_days":30}'
SERVICE, RAW, FASTAPI = "the service", "raw boto3 in bare Flask", "FastAPI and Mangum"
PEERS = (SERVICE, RAW, FASTAPI, "Chalice's style")

_HEADERS: Any = {"content-type": "application/x-amz-json-1.0"}

NewUser = Callable[[], str]


class Wire:
    """Counts the calls of a botocore client, records their responses, and can replay these."""

    def __init__(self, client: Any) -> None:
        self.calls = 0
        self._replayed: dict[str, bytes] | None = None
        self._recorded: dict[str, bytes] = {}
        client.meta.events.register("before-send.dynamodb", self._send)
        client.meta.events.register("response-received.dynamodb", self._record)

    def replay(self) -> None:
        """From now on, response each call with the last recorded response of its operation."""
        self._replayed = self._recorded

    def _send(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        self.calls += 1
        if self._replayed is None:
            return None
        body = self._replayed[event_name.rpartition(".")[2]]
        return AWSResponse(request.url, 200, _HEADERS, _Body(body))

    def _record(self, event_name: str, response_dict: Mapping[str, Any] | None, **_: Any) -> None:
        if self._replayed is None and response_dict is not None:
            self._recorded[event_name.rpartition(".")[2]] = response_dict["body"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One application, its users, and its calls."""

    handle: Handler
    new_user: NewUser
    wire: Wire


@dataclass(frozen=True, slots=True)
class Measured:
    """The milliseconds and calls of each round, by application and operation."""

    times: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    calls: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, who: str, operation: str, milliseconds: float, calls: int) -> None:
        """Add one measurement."""
        self.times.setdefault((who, operation), []).append(milliseconds)
        self.calls[who, operation] = max(calls, self.calls.get((who, operation), 0))

    def ratio(self, who: str, operation: str, other: str) -> float:
        """The time of `who`, divided by that of `other`."""
        return ratio(self.times[who, operation], self.times[other, operation])


def measure() -> list[Section]:
    """The table with the emulator, and the one with recorded responses."""
    with ministack() as endpoint, silence():
        contenders = {name: made for name, made in all_contenders(endpoint) if made is not None}
        play(contenders, WARM_UP, time.perf_counter)
        through = play(contenders, ROUNDS, time.perf_counter)
        for each in contenders.values():
            each.wire.replay()
        play(contenders, WARM_UP, time.process_time)
        alone = play(contenders, RECORDED_ROUNDS, time.process_time)
    targets = [(RAW, RAW_TARGETS)] + ([(FASTAPI, FASTAPI_TARGETS)] if FASTAPI in contenders else [])
    findings = [
        f"* {Target(f'{operation}, times {other}', bound).verdict(through.ratio(SERVICE, operation, other))}"
        for other, bounds in targets
        for operation, bound in bounds.items()
    ]
    findings.append(
        "* An update takes two calls, and raw boto3 one: tickers that stay keep the time at which they were added, so "
        "the stored configuration is read first, and written if it is still at that revision."
    )
    return [
        _section(
            "A warm request on DynamoDB",
            f"In process, from the bytes of the request to those of the response, on ministack over loopback: {ROUNDS} "
            "rounds, in each of which every application serves the create, get, list, update and delete of a new user. "
            "*Raw boto3* (`benchmarks/peers.py`) makes one call without a token, validation, revision, idempotency or "
            "logs. The peers validate; their create counts and then puts, so that two concurrent ones exceed the "
            "limit. Medians in milliseconds.",
            through,
            "\n".join(findings),
        ),
        _section(
            "The same with recorded responses",
            "The CPU time of the application, including botocore: each call gets a recorded response. "
            f"{RECORDED_ROUNDS} rounds, medians in milliseconds.",
            alone,
            "",
        ),
    ]


def play(contenders: Mapping[str, Contender], rounds: int, clock: Callable[[], float]) -> Measured:
    """All applications serve all operations in turn."""
    measured = Measured()
    for _ in range(rounds):
        for name, contender in contenders.items():
            user = contender.new_user()
            config_id = ""
            for operation in ("create", "get", "list", "update", "delete"):
                method, path, body = request_of(operation, config_id)
                calls, started = contender.wire.calls, clock()
                status, response = contender.handle(method, path, user, body)
                spent = clock() - started
                if status >= 300:
                    raise RuntimeError(f"{name} responseed {operation} with {status}: {response!r}")
                measured.note(name, operation, spent * 1000, contender.wire.calls - calls)
                if operation == "create":
                    config_id = json.loads(response)["config_id"]
    return measured


def request_of(operation: str, config_id: str) -> tuple[str, str, str | None]:
    """Method, path and body."""
    if operation == "create":
        return "POST", BASE, DRAFT
    if operation == "list":
        return "GET", BASE, None
    method = {"get": "GET", "update": "PATCH", "delete": "DELETE"}[operation]
    return method, f"{BASE}/{config_id}", CHANGES if operation == "update" else None


def all_contenders(endpoint: str) -> Iterator[tuple[str, Contender | None]]:
    """The service first; None for a peer that is not installed."""
    store = a_dynamodb_store(endpoint, a_table(endpoint))
    settings = Settings(
        store=StoreKind.DYNAMODB,
        secret_keys=("a secret key of at least thirty-two characters",),
        limits=ConfigurationLimits(anonymous=LIMIT),
        rate_user="1000000/second",
    )
    app = create_app(settings, store=store, ticker_list=AFixedList())
    wire = Wire(store._client.table.connection.client)
    yield SERVICE, Contender(through_wsgi(app, "HTTP_AUTHORIZATION"), _tokens(app.extensions[KEY].identities), wire)
    numbers = count()
    for name, make in zip(PEERS[1:], (bare_flask, fastapi_mangum, chalice_style), strict=True):
        client = boto3.client(
            "dynamodb", endpoint_url=endpoint, region_name="us-east-1", config=Config(retries={"total_max_attempts": 1})
        )
        handle = make(client, a_table(endpoint))
        yield name, handle and Contender(handle, lambda: f"user-{next(numbers)}", Wire(client))


def _tokens(identities: IdentityProvider) -> NewUser:
    """New users whose token was verified before, as the result is cached."""

    def new_user() -> str:
        _, token, _ = identities.issue_anonymous()
        identities.identify(token)
        return f"Bearer {token}"

    return new_user


class _Body:
    """A body with the interface of urllib3."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@contextmanager
def silence() -> Iterator[None]:
    """Format log lines as in production, and discard them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with Path(os.devnull).open("w", encoding="utf-8") as devnull:
        logs.configure("INFO", devnull)
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
                    f"{measured.ratio(who, operation, RAW):.2f}",
                    str(measured.calls[who, operation]),
                )
            )
    return Section(title, about, ("request", "median", "p95", "times raw boto3", "calls"), rows, findings=findings)
