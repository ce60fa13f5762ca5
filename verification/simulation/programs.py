"""The real store, run one wire call at a time.

A request is run in a greenlet by a store of its own, whose clock, sleep, random numbers and ids are given.
So all that it does follows from what it observes: the responses to its calls, and those that it did not get.
A `Program` keeps what was observed as a tree. Each node was reached by the store's own code, once, and holds
the next call or the result; the explorer can visit it again without running the code again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import greenlet
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.session import Session

from adapters.dynamodb.store import DynamoDBStore
from domain.deadline import within
from domain.errors import DeletedSince, IdempotencyKeyReused, LimitReached, NotFound, RevisionMismatch, TryLater
from domain.ports import ConfigurationStore
from verification.proof.linearizability import Outcome, Seen
from verification.simulation.endpoint import every_client, parsed
from verification.simulation.requests import Parameters, Request, Response

DEADLINE = 5.0
LATENCY, TIMEOUT = 0.01, 1.0
"""Seconds that a call takes with a response and without."""

LOST = "response lost"
Observation = Response | str
"""What a call results in: a response, or `LOST`."""


class Result(NamedTuple):
    """How a request ends for its caller; `error` is an exception that the port does not promise."""

    outcome: Outcome
    seen: Seen = None
    error: str = ""


Act = Callable[[ConfigurationStore], tuple[Outcome, Seen]]
WireCall = Callable[[str, Parameters], dict[str, Any]]
Defect = Callable[[WireCall], WireCall]
"""A change of what a request sends and receives; one is made for each request."""

_REFUSALS: dict[type[Exception], Outcome] = {
    LimitReached: Outcome.FULL,
    DeletedSince: Outcome.DELETED_SINCE,
    IdempotencyKeyReused: Outcome.REUSED,
    NotFound: Outcome.GONE,
    RevisionMismatch: Outcome.OUTDATED,
    TryLater: Outcome.UNKNOWN,
}


def result_of(act: Act, store: ConfigurationStore) -> Result:
    """How the call ends on this store."""
    try:
        return Result(*act(store))
    except Exception as error:  # noqa: BLE001 the explorer reports what is not promised
        for kind, outcome in _REFUSALS.items():
            if isinstance(error, kind):
                return Result(outcome)
        return Result(Outcome.UNKNOWN, error=repr(error))


@dataclass(eq=False)
class Node:
    """Where a request is after certain observations: its next call, or its result. Equal only to itself."""

    action: Request | Result
    elapsed: float
    calls: int
    observations: tuple[Observation, ...]
    children: dict[Observation, Node] = field(default_factory=dict)


class Program:
    """One request to the port, as a tree of what it does."""

    def __init__(self, name: str, act: Act, *, defect: Defect | None = None) -> None:
        self.name = name
        self._act = act
        self._defect = defect
        self._runs: dict[Node, _Run] = {}
        self.nodes = 0
        self.root = self._new_node(self._run(), (), None)

    def after(self, node: Node, observation: Observation) -> Node:
        """The node that follows an observation; the code runs where nobody was before."""
        found = node.children.get(observation)
        if found is None:
            run = self._runs.pop(node, None) or self._replayed(node)
            found = self._new_node(run, node.observations, observation)
            node.children[observation] = found
        return found

    def _new_node(self, run: _Run, before: tuple[Observation, ...], observation: Observation | None) -> Node:
        action = run.proceed(observation)
        observations = before if observation is None else (*before, observation)
        node = Node(action, run.elapsed, run.calls, observations)
        self.nodes += 1
        if isinstance(action, Request):
            self._runs[node] = run
        return node

    def _run(self) -> _Run:
        return _Run(self.name, self._act, self._defect)

    def _replayed(self, node: Node) -> _Run:
        run = self._run()
        run.proceed(None)
        for observation in node.observations:
            run.proceed(observation)
        return run


class _Run(greenlet.greenlet):  # type: ignore[misc]  # greenlet has no types
    """The execution of one request, which stops at each call."""

    def __init__(self, name: str, act: Act, defect: Defect | None) -> None:
        super().__init__()
        self._name = name
        self.gr_context = Context()
        self.elapsed = 0.0
        self.calls = 0
        self._act = act
        self._send = defect(self._call) if defect else self._call

    def proceed(self, observation: Observation | None) -> Request | Result:
        """Run until the next call, or to the end."""
        with _simulated():
            action: Request | Result = self.switch() if observation is None else self.switch(observation)
        return action

    def run(self) -> Result:
        """See greenlet."""
        ids = count()
        with within(DEADLINE, clock=self._clock):
            store = DynamoDBStore(
                "simulated",
                clock=self._clock,
                sleep=self._sleep,
                rng=random.Random(0),
                new_id=lambda: f"{self._name}-{next(ids)}",
            )
            return result_of(self._act, store)

    def send(self, operation: str, parameters: Parameters) -> dict[str, Any]:
        """One call of botocore."""
        return self._send(operation, parameters)

    def _call(self, operation: str, parameters: Parameters) -> dict[str, Any]:
        self.calls += 1
        observation: Observation = self.parent.switch(Request.of(operation, parameters))
        if isinstance(observation, Response):
            self.elapsed += LATENCY
            return parsed(observation, operation)
        self.elapsed += TIMEOUT
        raise ReadTimeoutError(endpoint_url="http://simulated")

    def _clock(self) -> float:
        return self.elapsed

    def _sleep(self, seconds: float) -> None:
        self.elapsed += seconds


def _send(operation: str, parameters: Parameters) -> dict[str, Any]:
    run: _Run = greenlet.getcurrent()
    return run.send(operation, parameters)


def _ignore(*_: Any, **__: Any) -> None:
    """No HTTP request is built, so there are no events."""


_clients_of_runs: list[Any] = []
"""One client for all runs: it takes a quarter of a second to build, and keeps nothing."""


@contextmanager
def _simulated() -> Iterator[None]:
    """The store's client is ours. The rest saves time: the shared client needs no other sessions, no thread a turn."""

    def make(create: Callable[[], Any]) -> Any:
        if not _clients_of_runs:
            client = create()
            client._make_api_call = _send
            client.meta.events.register_first = _ignore
            _clients_of_runs.append(client)
        return _clients_of_runs[0]

    with every_client(make), pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _ignore)
        if _clients_of_runs:
            patch.setattr(Session, "_register_builtin_handlers", _ignore, raising=False)
        yield
