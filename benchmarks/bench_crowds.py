"""A simulation of the retry policy with faults and concurrent clients, on a simulated clock.

Each client is a greenlet; the one with the earliest due time runs next. Nothing sleeps: an hour of
DynamoDB takes seconds, and the same seed gives the same hour.
"""

from __future__ import annotations

import heapq
import logging
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from adapters.aws.errors import ErrorKind, ServiceError
from adapters.aws.retry import Retry, dynamodb_retry
from benchmarks.plots import Plot
from benchmarks.report import Section, Target
from domain.deadline import within
from domain.errors import TryLater

DEADLINE = 5.0
RATES = (0, 5, 10, 20, 30, 40, 50, 60)
REQUESTS = 50_000
CROWDS = (1, 2, 5, 10, 20, 30, 50, 75, 100)
ROUNDS = 40
PACE = 0.05
"""Seconds between the starts of two requests, if the process is free."""
ONE_WAY_LATENCY, LOCK_DURATION = 0.001, 0.006
"""Seconds: the latency to DynamoDB in one direction, and the time for which a transaction locks its items."""
ANSWER, TIMEOUT = 0.005, 1.0
"""Seconds of an attempt with a response, and of one without."""
AT_ONCE = (ErrorKind.THROTTLED, ErrorKind.TRANSIENT)
WITH_TIMEOUTS = (ErrorKind.THROTTLED, ErrorKind.TRANSIENT, ErrorKind.TRANSIENT, ErrorKind.TIMEOUT)


@dataclass
class Simulation:
    """A simulated clock and the clients that wait on it."""

    now: float = 0.0
    _due: list[tuple[float, int, greenlet]] = field(default_factory=list)
    _order: Any = field(default_factory=count)

    def clock(self) -> float:
        """The simulated time in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Run the other clients for `seconds`."""
        self._at(self.now + seconds, getcurrent())
        self._scheduler.switch()

    def run(self, clients: Sequence[Callable[[], None]]) -> None:
        """Start all clients at once, and return when the last one has finished."""
        self._scheduler = getcurrent()
        for client in clients:
            self._at(self.now, greenlet(client))
        while self._due:
            self.now, _, client_ = heapq.heappop(self._due)
            client_.switch()

    def _at(self, time: float, client: greenlet) -> None:
        heapq.heappush(self._due, (time, next(self._order), client))


@dataclass
class Outcomes:
    """The duration of each successful request, and the number of the others."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    slowest_refusal: float = 0.0
    attempts: int = 0

    @property
    def success_percent(self) -> float:
        """The percentage of successful requests."""
        return 100 * len(self.seconds) / ((len(self.seconds) + self.refused) or 1)

    def milliseconds(self, percentile: int) -> float:
        """A percentile of the successful requests, in milliseconds."""
        if len(self.seconds) < 2:
            return 1000 * sum(self.seconds)
        return 1000 * statistics.quantiles(self.seconds, n=100, method="inclusive")[percentile - 1]

    def request(self, simulation: Simulation, retry: Retry, attempt: Callable[[], None]) -> None:
        """Make one request with a deadline."""

        def counted() -> None:
            self.attempts += 1
            attempt()

        began = simulation.now
        try:
            with within(DEADLINE, clock=simulation.clock):
                retry("add", counted)
        except TryLater:
            self.refused += 1
            self.slowest_refusal = max(self.slowest_refusal, simulation.now - began)
        else:
            self.seconds.append(simulation.now - began)


def measure() -> list[Section]:
    """Success and latency by fault rate, and by the number of concurrent clients."""
    logging.getLogger("adapters.aws.retry").setLevel(logging.CRITICAL)
    return [by_fault_rate(), by_concurrency()]


def by_fault_rate(rates: Sequence[int] = RATES, requests: int = REQUESTS) -> Section:
    """Sequential requests of one process, for each percentage of failing calls."""
    rows, success, p99 = [], {}, {}
    for name, kinds in (("answered at once", AT_ONCE), ("a quarter timeouts", WITH_TIMEOUTS)):
        found = {rate: with_faults(rate / 100, kinds, requests) for rate in rates}
        success[name] = [(rate, outcomes.success_percent) for rate, outcomes in found.items()]
        p99[name] = [(rate, outcomes.milliseconds(99)) for rate, outcomes in found.items()]
        rows += [
            (
                f"{rate} %, {name}",
                f"{outcomes.success_percent:.2f} %",
                f"{outcomes.attempts / requests:.2f}",
                f"{outcomes.milliseconds(50):.0f}",
                f"{outcomes.milliseconds(99):.0f}",
                f"{1000 * outcomes.slowest_refusal:.0f}",
            )
            for rate, outcomes in found.items()
        ]
    verdicts = [
        Target(f"Success in percent at a fault rate of 30 %, {name}", 99.9, at_least=True).verdict(dict(points)[30])
        for name, points in success.items()
        if 30 in dict(points)
    ]
    return Section(
        "Success and latency by fault rate",
        f"A simulation over the real retry policy: {requests:,} requests for each rate, one after the other through "
        f"one process, every {PACE * 1000:.0f} ms where it keeps up, so that all draw on one retry quota. An answered "
        f"attempt takes {ANSWER * 1000:.0f} ms, a timeout {TIMEOUT:.0f} s; a request has {DEADLINE:.0f} s. Beyond 50 % "
        "the quota does what it is for: it stops multiplying calls to a store that is going down, and requests are "
        "refused early.",
        ("calls that fail", "requests that succeed", "calls a request", "p50 ms", "p99 ms", "slowest refusal ms"),
        rows,
        {
            "success-by-fault-rate": Plot("Requests that succeed", "% of calls that fail", "%", success),
            "latency-by-fault-rate": Plot("Slowest of 100 that succeed", "% of calls that fail", "ms", p99),
        },
        "\n".join(f"* {verdict}" for verdict in verdicts),
    )


def with_faults(rate: float, kinds: Sequence[ErrorKind], requests: int) -> Outcomes:
    """Requests to a store whose calls fail with this probability."""
    simulation, rng, outcomes = Simulation(), random.Random(11), Outcomes()
    retry = dynamodb_retry(clock=simulation.clock, sleep=simulation.sleep, rng=rng)

    def attempt() -> None:
        kind = rng.choice(kinds) if rng.random() < rate else None
        simulation.sleep(TIMEOUT if kind is ErrorKind.TIMEOUT else ANSWER)
        if kind is not None:
            raise ServiceError(kind, "Injected")

    def client() -> None:
        for _ in range(requests):
            began = simulation.now
            outcomes.request(simulation, retry, attempt)
            simulation.sleep(max(0.0, began + PACE - simulation.now))

    simulation.run([client])
    return outcomes


def by_concurrency(crowds: Sequence[int] = CROWDS, rounds: int = ROUNDS) -> Section:
    """Concurrent creates of one user."""
    found = {size: concurrent_creates(size, rounds) for size in crowds}
    rows = [
        (
            str(size),
            f"{outcomes.success_percent:.1f} %",
            f"{outcomes.attempts / (size * rounds):.2f}",
            f"{outcomes.milliseconds(50):.0f}",
            f"{outcomes.milliseconds(99):.0f}",
        )
        for size, outcomes in found.items()
    ]
    return Section(
        "Simultaneous creates of one user",
        f"A simulation over the real retry policy: each create is a transaction that holds the user's count for "
        f"{LOCK_DURATION * 1000:.0f} ms, and another one meanwhile is cancelled with "
        f"TransactionConflict, as DynamoDB does; {rounds} rounds of each number. A create that uses up its attempts "
        "gets 429 `contended` with Retry-After; nothing is written.",
        ("creates at once", "succeed", "calls each", "p50 ms", "p99 ms"),
        rows,
        {
            "crowds": Plot(
                "Simultaneous creates of one user that succeed",
                "creates at the same moment",
                "%",
                {"one user's crowd": [(size, outcomes.success_percent) for size, outcomes in found.items()]},
                logarithmic=True,
            )
        },
    )


def concurrent_creates(size: int, rounds: int) -> Outcomes:
    """Clients in as many processes, each with its own retry quota."""
    outcomes, rng = Outcomes(), random.Random(5)
    for _ in range(rounds):
        simulation = Simulation()
        store = ConflictingStore(simulation)

        def client(simulation: Simulation = simulation, store: ConflictingStore = store) -> None:
            retry = dynamodb_retry(clock=simulation.clock, sleep=simulation.sleep, rng=rng)
            outcomes.request(simulation, retry, store.transact)

        simulation.run([client] * size)
    return outcomes


class ConflictingStore:
    """An item that one transaction locks at a time; a second transaction is cancelled meanwhile."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._held_until = 0.0

    def transact(self) -> None:
        """Make one attempt."""
        self._simulation.sleep(ONE_WAY_LATENCY)
        free = self._simulation.now >= self._held_until
        if free:
            self._held_until = self._simulation.now + LOCK_DURATION
            self._simulation.sleep(LOCK_DURATION)
        self._simulation.sleep(ONE_WAY_LATENCY)
        if not free:
            raise ServiceError(ErrorKind.CONTENDED, "TransactionConflict")
