"""A store whose requests go to a simulated table behind an endpoint that can fail, without a network or real time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
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
    """`requests` are the operations that `store` sent. `before` runs before each of them.

    From request number `healthy` on, each request fails: `fail` returns the response, or raises an error.
    """

    time: VirtualTime = field(default_factory=VirtualTime)
    table: SimulatedTable = field(default_factory=lambda: SimulatedTable(time.monotonic))
    requests: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    healthy: float = float("inf")
    fail: Callable[[], Response] = internal_error
    store: DynamoDBStore = field(init=False)

    def __post_init__(self) -> None:
        with every_client(self._prepare):
            self.store = a_dynamodb_store("http://127.0.0.1", "simulated", clock=self.time, sleep=self.time.sleep)

    def put(self, item: RawItem) -> None:
        """Store an item as another program would."""
        self.table.send("PutItem", {"TableName": "simulated", "Item": item})

    def close(self) -> None:
        self.store.close()

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
