"""The stores on which the contract suite runs. Another store joins with a backend and an entry in BACKENDS."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from pynamodb.signals import pre_dynamodb_send

from adapters.dynamodb.store import DynamoDBStore
from adapters.memory import MemoryStore
from adapters.sqlite.store import SQLiteStore
from domain.ports import ConfigurationStore
from verification.environment.ministack import a_dynamodb_store, a_table, ministack
from verification.simulation.endpoint import SimulatedTable


class Interruption:
    """Calls `concurrent` once, before the step with the number `index` of an operation."""

    def __init__(self, index: int, concurrent: Callable[[], None]) -> None:
        self._steps_to_go = index
        self._concurrent = concurrent
        self.happened = False

    def step(self, *_: Any, **__: Any) -> None:
        """The store is about to take a step."""
        self._steps_to_go -= 1
        if self._steps_to_go == -1:
            self.happened = True
            self._concurrent()


class Backend(Protocol):
    """A kind of store, with data of its own."""

    def open(self) -> ConfigurationStore:
        """Another handle onto the same data, as another worker has one."""

    def interrupt(self, store: Any, interruption: Interruption) -> AbstractContextManager[None]:
        """Make `store`, one of the handles, call `interruption.step` before each of its steps."""

    def close(self) -> None:
        """Close every handle that was opened in this process."""


@dataclass
class MemoryBackend:
    """There is one handle. Every operation is one step."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def open(self) -> ConfigurationStore:
        return self.store

    @contextmanager
    def interrupt(self, _: MemoryStore, interruption: Interruption) -> Iterator[None]:
        interruption.step()
        yield

    def close(self) -> None:
        self.store.close()


@dataclass
class SQLiteBackend:
    """Each handle has its own connections. Every statement is a step."""

    path: Path
    handles: dict[SQLiteStore, _Steps] = field(default_factory=dict)

    def open(self) -> SQLiteStore:
        steps = _Steps()

        class TracedConnection(sqlite3.Connection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.set_trace_callback(steps.callback)

        store = SQLiteStore(self.path, rng=random.Random(0), connection_factory=TracedConnection)
        self.handles[store] = steps
        return store

    @contextmanager
    def interrupt(self, store: SQLiteStore, interruption: Interruption) -> Iterator[None]:
        steps = self.handles[store]
        steps.interruption = interruption
        try:
            yield
        finally:
            steps.interruption = None

    def close(self) -> None:
        for store in self.handles:
            store.close()


class _Steps:
    """Passes the statements of one handle to the current interruption, if there is one."""

    interruption: Interruption | None = None

    def callback(self, statement: str) -> None:
        if self.interruption is not None:
            self.interruption.step(statement)


@dataclass
class DynamoDBBackend:
    """Every call is a step. A handle's client takes a quarter of a second to build: a few of them take turns."""

    handles: Sequence[DynamoDBStore]
    turns: Iterator[int] = field(default_factory=count)

    def open(self) -> DynamoDBStore:
        return self.handles[next(self.turns) % len(self.handles)]

    @contextmanager
    def interrupt(self, store: DynamoDBStore, interruption: Interruption) -> Iterator[None]:
        def step(sender: object, **_: Any) -> None:
            if sender is store._client.table.connection:
                interruption.step()

        with pre_dynamodb_send.connected_to(step):
            yield

    def close(self) -> None:
        for handle in self.handles:
            handle.close()


@contextmanager
def memory(_: Path) -> Iterator[Backend]:
    with closing(MemoryBackend()) as backend:
        yield backend


@contextmanager
def sqlite(directory: Path) -> Iterator[Backend]:
    with closing(SQLiteBackend(directory / "contract.sqlite3")) as backend:
        yield backend


@contextmanager
def dynamodb(_: Path) -> Iterator[Backend]:
    with ministack() as endpoint:
        table = a_table(endpoint)
        with closing(DynamoDBBackend([a_dynamodb_store(endpoint, table) for _ in range(3)])) as backend:
            yield backend


@contextmanager
def simulated_dynamodb(_: Path) -> Iterator[Backend]:
    """The table that the model checker explores: its behaviour must be that of the emulator."""
    with SimulatedTable(time.monotonic).connected():
        handles = [a_dynamodb_store("http://127.0.0.1", "simulated") for _ in range(3)]
    with closing(DynamoDBBackend(handles)) as backend:
        yield backend


BACKENDS = (memory, sqlite, simulated_dynamodb, pytest.param(dynamodb, marks=pytest.mark.slow))
