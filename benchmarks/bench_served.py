"""The served application under load, against bare Flask that answers the same bytes and does nothing for them."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from adapters.identity.anonymous import AnonymousTokens
from benchmarks.load import CLIENT, Shots, fire
from benchmarks.report import Section, Target, ratio
from tests.support.servers import WORKERS, Server, serving

CONNECTIONS = (1, 8, 64)
ROUNDS, SECONDS = 5, 1.0
CONFIGURATIONS = "/api/v2/configurations"
BODY = '{"name":"Tech giants","tickers":["AAPL","MSFT","NVDA"]}'
USERS = 300
"""Whose creates take turns, so that nobody comes to the limit of a hundred within a round."""
KEY = "a secret key of at least thirty-two characters"

BARE = """
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
class Load:
    """What one round showed. Times in milliseconds; `cpu` is what the workers took for a request."""

    per_second: float
    p50: float
    p99: float
    cpu: float


def measure() -> list[Section]:
    """Requests a second, latency and processor time, for list and create."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        place = Path(name)
        settings = {
            "CONFIG_API_SQLITE_PATH": str(place / "store.sqlite3"),
            "CONFIG_API_SECRET_KEYS": KEY,
            "CONFIG_API_LIMIT_ANONYMOUS": "100",
            "CONFIG_API_RATE_USER": "",
        }
        ours = servers.enter_context(serving("entrypoints.wsgi:app", log=place / "ours.log", settings=settings))
        (ann,) = some_tokens(1)
        listed, created = what_ours_answers(ours, ann)
        (place / "bare.py").write_text(BARE)
        (place / "listed").write_bytes(listed)
        (place / "created").write_bytes(created)
        bare = servers.enter_context(serving("bare:app", log=place / "bare.log", place=place))
        rows: list[Sequence[str]] = []
        rates: dict[tuple[str, int], float] = {}
        for method in ("GET", "POST"):
            for connections in CONNECTIONS:
                mine, floor = rounds(ours, bare, method, ann, connections)
                rate = ratio([load.per_second for load in mine], [load.per_second for load in floor])
                capacity = 1 / ratio([load.cpu for load in mine], [load.cpu for load in floor])
                rates[method, connections] = rate
                what = "list" if method == "GET" else "create"
                rows += [
                    _row(f"{what}, {connections} at once: ours", mine, f"{rate:.2f}", f"{capacity:.2f}"),
                    _row("bare Flask", floor, "", ""),
                ]
    verdicts = [
        Target(f"List at {connections} connections, part of bare Flask's rate", 0.6, at_least=True).verdict(
            rates["GET", connections]
        )
        for connections in CONNECTIONS
    ]
    return [
        Section(
            "The served application",
            f"gunicorn, {WORKERS} gevent workers, SQLite with `synchronous=FULL`, rate limits off, logs "
            f"on; load by {CLIENT} on the same machine. *Bare Flask* runs under the same gunicorn and returns the "
            "bytes that ours returned, without a look at the request: no token, no JSON, no store, no log. Medians of "
            f"{ROUNDS} rounds of {SECONDS:.0f} s, in turn. *CPU* is the workers' processor time for a request; by it, "
            "the part of bare Flask's rate that a machine without anything else to do would reach.",
            ("load", "requests/s", "p50 ms", "p99 ms", "CPU ms", "part of bare Flask's rate", "by CPU"),
            rows,
            findings="\n".join(f"* {verdict}" for verdict in verdicts)
            + "\n\nAt one connection the difference is our own work. At more, the threads of a worker also hand "
            "Python's interpreter lock around wherever it is let go: at each row that SQLite gives, and at the line of "
            "the log. A create waits for the disk besides: one `fsync` each, one writer at a time.",
        )
    ]


def some_tokens(number: int) -> list[str]:
    """Of as many new users."""
    tokens = AnonymousTokens([KEY], clock=lambda: datetime.now(UTC))
    return [tokens.issue()[1] for _ in range(number)]


def what_ours_answers(ours: Server, token: str) -> tuple[bytes, bytes]:
    """A list of two configurations, and the answer to a create."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for _ in range(2):
        created = requests.post(ours.url + CONFIGURATIONS, BODY, headers=headers, timeout=10)
        created.raise_for_status()
    return requests.get(ours.url + CONFIGURATIONS, headers=headers, timeout=10).content, created.content


def rounds(ours: Server, bare: Server, method: str, token: str, connections: int) -> tuple[list[Load], list[Load]]:
    """Both in turn, after a first round that does not count."""

    def one(server: Server) -> Load:
        tokens, body = ([token], "") if method == "GET" else (some_tokens(USERS), BODY)
        before = server.cpu_seconds()
        hits = fire(Shots(method, server.url + CONFIGURATIONS, tokens, body), connections=connections, seconds=SECONDS)
        if hits.refused:
            raise RuntimeError(f"{hits.refused} of {hits.requests} requests were refused")
        cpu = 1000 * (server.cpu_seconds() - before) / hits.requests
        return Load(hits.requests / hits.seconds, hits.p50, hits.p99, cpu)

    pairs = [(one(ours), one(bare)) for _ in range(ROUNDS + 1)][1:]
    return [mine for mine, _ in pairs], [floor for _, floor in pairs]


def _row(name: str, loads: Sequence[Load], *ratios: str) -> Sequence[str]:
    def median(field: str) -> float:
        values: list[float] = [getattr(load, field) for load in loads]
        return statistics.median(values)

    times = (f"{median(field):.2f}" for field in ("p50", "p99", "cpu"))
    return (name, f"{median('per_second'):.0f}", *times, *ratios)
