"""A simulated table behind an endpoint that can fail, on virtual time and without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.dynamodb.models import RawItem
from adapters.dynamodb.store import DynamoDBStore
from tests.support.virtual_time import VirtualTime
from verification.environment.ministack import a_dynamodb_store
from verification.simulation.endpoint import SimulatedTable, every_client, http
from verification.simulation.requests import Response


def internal_error() -> Response:
    return Response('{"message": "injected"}', "InternalServerError")


@dataclass
class SimulatedEndpoint:
    """`requests` are the operations that were sent. `before` runs before each of them.

    From request number `healthy` on, each request fails: `fail` returns the response, or raises an error.
    """

    table: SimulatedTable = field(default_factory=lambda: SimulatedTable(time.monotonic))
    requests: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    healthy: float = float("inf")
    fail: Callable[[], Response] = internal_error

    def put(self, item: RawItem) -> None:
        """Store an item as another program would."""
        self.table.send("PutItem", {"TableName": "simulated", "Item": item})

    @contextmanager
    def store(self, clock: VirtualTime | None = None) -> Iterator[DynamoDBStore]:
        """A store that sends its requests here."""
        clock = clock or VirtualTime()
        with every_client(self._prepare):
            store = a_dynamodb_store("http://127.0.0.1", "simulated", clock=clock, sleep=clock.sleep)
        with closing(store):
            yield store

    def _prepare(self, create_client: Callable[[], Any]) -> Any:
        client = create_client()
        client.meta.events.register("before-send.dynamodb", self._send)
        return client

    def _send(self, request: Any, **_: Any) -> Any:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        self.requests.append(operation)
        if len(self.requests) > self.healthy:
            return http(self.fail())
        self.before(operation)
        return http(self.table.send(operation, json.loads(request.body)))
