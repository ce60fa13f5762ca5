"""The served application under load, beside two comparisons on the same machine.

*gthread* is the application under gunicorn's worker with 8 threads, which the service used before. *Bare Flask* sends
the same bytes under the same gevent worker, without a token, JSON, a store or logs.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from adapters.identity.anonymous import AnonymousTokens
from benchmarks.load import CLIENT, LoadRequest, run_load
from benchmarks.plots import Plot
from benchmarks.report import Section, Target, ratio, rounds
from verification.environment.servers import CONFIGURATION, WORKERS, Server, serving

CONNECTIONS = (1, 8, 64)
ROUNDS, SECONDS = rounds(9), 1.0
CONFIGURATIONS = "/api/v2/configurations"
BODY = '{"name":"Tech giants","tickers":["AAPL","MSFT","NVDA"]}'
USERS = 300
"""Creates rotate over so many users, so that none reaches the limit of 100 within a round."""
KEY = "a secret key of at least thirty-two characters"
SERVICE, GTHREAD, BARE = "the service", "the service on gthread", "bare Flask"

BARE_APP = """
from pathlib import Path
from flask import Flask, Response
here = Path(__file__).parent
listed, created = (here / "listed").read_bytes(), (here / "created").read_bytes()
app = Flask("bare")
@app.get("/api/v2/configurations")
def list_configurations():
    return Response(listed, content_type="application/json")
@app.post("/api/v2/configurations")
def create_configuration():
    return Response(created, 201, content_type="application/json")
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One round. Times in milliseconds; `cpu` is the CPU time of the workers per request."""

    per_second: float
    p50: float
    p99: float
    cpu: float


Results = Mapping[str, Sequence[Result]]
"""The rounds of each server."""


def measure() -> list[Section]:
    """Requests per second, latency and CPU time of list and create."""
    with running_servers() as (servers, token):
        measured = {
            (operation, connections): play(servers, operation, token, connections)
            for operation in ("list", "create")
            for connections in CONNECTIONS
        }
    return [
        Section(
            "The served application",
            f"gunicorn, {WORKERS} workers, SQLite with `synchronous=FULL`, rate limits off, logs on; load by {CLIENT} "
            "on the same machine. *gthread* is gunicorn's own worker with 8 threads, which the service used before, "
            "with changes. *Bare Flask* sends the same bytes under the same gevent worker, without a token, JSON, a "
            f"store or logs. Medians of {ROUNDS} rounds of {SECONDS:.0f} s, in turn. "
            "*CPU* is the CPU time per request.",
            ("load", "requests/s", "p50 ms", "p99 ms", "CPU ms", "rate of the service, times this"),
            [row for case, results in measured.items() for row in _rows(case, results)],
            {
                "create-latency": Plot(
                    "Creates on SQLite",
                    "connections",
                    "ms",
                    {
                        name: [(number, median(measured["create", number][SERVICE], name)) for number in CONNECTIONS]
                        for name in ("p50", "p99")
                    },
                    logarithmic=True,
                )
            },
            findings="\n".join(f"* {verdict}" for verdict in _verdicts(measured))
            + "\n\nA create waits for the disk: one `fsync` each, and SQLite has one writer at a time.",
        )
    ]


@contextmanager
def running_servers() -> Iterator[tuple[Mapping[str, Server], str]]:
    """The three servers, and a token of a user with two configurations."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        place = Path(name)
        settings = {
            "CONFIG_API_SQLITE_PATH": str(place / "store.sqlite3"),
            "CONFIG_API_SECRET_KEYS": KEY,
            "CONFIG_API_LIMIT_ANONYMOUS": "100",
            "CONFIG_API_RATE_USER": "",
        }
        default = place / "gunicorn_defaults.py"
        default.touch()

        def start(who: str, target: str, configuration: Path = CONFIGURATION, *options: str) -> Server:
            return running.enter_context(
                serving(
                    target,
                    log=place / f"{who}.log",
                    settings=settings,
                    place=place if who == BARE else None,
                    configuration=configuration,
                    options=options,
                )
            )

        service = start(SERVICE, "entrypoints.wsgi:app")
        (token,) = create_tokens(1)
        listed, created = recorded_responses(service, token)
        (place / "bare.py").write_text(BARE_APP)
        (place / "listed").write_bytes(listed)
        (place / "created").write_bytes(created)
        gthread = start(GTHREAD, "entrypoints.wsgi:app", default, "--worker-class", "gthread", "--threads", "8")
        yield {SERVICE: service, GTHREAD: gthread, BARE: start(BARE, "bare:app")}, token


def create_tokens(number: int) -> list[str]:
    """Tokens of as many new users."""
    tokens = AnonymousTokens([KEY], clock=lambda: datetime.now(UTC))
    return [tokens.issue()[1] for _ in range(number)]


def recorded_responses(server: Server, token: str) -> tuple[bytes, bytes]:
    """The bodies of a list of two configurations and of a create."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(2):
        created = requests.post(server.url + CONFIGURATIONS, BODY, headers=headers, timeout=10)
        created.raise_for_status()
    return requests.get(server.url + CONFIGURATIONS, headers=headers, timeout=10).content, created.content


def play(servers: Mapping[str, Server], operation: str, token: str, connections: int) -> Results:
    """All servers in turn, after a first round that is not counted."""

    def one(server: Server) -> Result:
        method, tokens, body = ("GET", [token], "") if operation == "list" else ("POST", create_tokens(USERS), BODY)
        before = server.cpu_seconds()
        found = run_load(
            LoadRequest(method, server.url + CONFIGURATIONS, tokens, body), connections=connections, seconds=SECONDS
        )
        if found.errors:
            raise RuntimeError(f"{found.errors} of {found.requests} requests failed")
        cpu = 1000 * (server.cpu_seconds() - before) / found.requests
        return Result(found.requests / found.seconds, found.p50, found.p99, cpu)

    played = [{who: one(server) for who, server in servers.items()} for _ in range(ROUNDS + 1)][1:]
    return {who: [each[who] for each in played] for who in servers}


def median(results: Sequence[Result], field: str) -> float:
    """The median of one field over the rounds."""
    values: list[float] = [getattr(result, field) for result in results]
    return statistics.median(values)


def _times(results: Results, other: str) -> float:
    service, baseline = ([result.per_second for result in results[who]] for who in (SERVICE, other))
    return ratio(service, baseline)


def _rows(case: tuple[str, int], results: Results) -> Iterator[Sequence[str]]:
    operation, connections = case
    for who, rounds_ in results.items():
        yield (
            f"{operation}, {connections} connections: {who}",
            f"{median(rounds_, 'per_second'):.0f}",
            *(f"{median(rounds_, field):.2f}" for field in ("p50", "p99", "cpu")),
            "" if who == SERVICE else f"{_times(results, who):.2f}",
        )


def _verdicts(measured: Mapping[tuple[str, int], Results]) -> Iterator[str]:
    for (operation, connections), results in measured.items():
        what = f"{operation} at {connections} connections"
        yield Target(f"{what}, times gthread", 1.0, at_least=True).verdict(_times(results, GTHREAD))
        if operation == "list":
            yield Target(f"{what}, times bare Flask", 0.45, at_least=True).verdict(_times(results, BARE))
