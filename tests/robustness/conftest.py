"""SQLite stores on a file of the test's own, closed at its end."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adapters.sqlite.errors import DatabaseUnusable
from adapters.sqlite.store import SQLiteStore

OpenStore = Callable[..., SQLiteStore]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config-api.sqlite3"


@pytest.fixture
def open_store(path: Path) -> Iterator[OpenStore]:
    """Opens a store; by default on `path`."""
    with ExitStack() as stores:

        def open_(at: Path = path, **arguments: object) -> SQLiteStore:
            store = SQLiteStore(at, rng=random.Random(0), **arguments)  # type: ignore[arg-type]  # mypy cannot match a dict to parameters
            stores.callback(store.close)
            return store

        yield open_


@pytest.fixture
def store(open_store: OpenStore) -> SQLiteStore:
    return open_store()


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        yield connection
    finally:
        connection.close()


def assert_start_refused(open_store: OpenStore, path: Path, remedy: str) -> None:
    with pytest.raises(DatabaseUnusable) as error:
        open_store(path)
    assert str(path) in str(error.value)
    assert remedy in str(error.value)


def remedy_in(caplog: pytest.LogCaptureFixture) -> str:
    """The one remedy that all log lines name."""
    (remedy,) = {vars(record)["remedy"] for record in caplog.records}
    assert isinstance(remedy, str)
    return remedy
