"""Concurrent writers wait for each other; readers do not wait."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from adapters.sqlite.store import SQLiteStore
from domain.configurations import Configuration
from domain.deadline import within
from domain.errors import LimitReached, StoreUnavailable
from tests.builders import NOW, a_configuration
from tests.contract.backends import Interruption, SQLiteBackend
from tests.robustness.conftest import OpenStore, database, remedy_in


@pytest.mark.slow
def test_several_processes_can_start_at_the_same_time_without_a_file(path: Path, open_store: OpenStore) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)

    with ProcessPoolExecutor(4, mp_context=spawn, initializer=_set_barrier, initargs=(together,)) as processes:
        for round_ in range(3):
            new_path = path.with_name(f"round-{round_}") / "config-api.sqlite3"
            assert sorted(processes.map(_start_and_add, [new_path] * 4)) == [False, False, True, True]
            assert len(open_store(new_path).list("ann")) == 2


def test_a_write_waits_for_the_transaction_of_another_process(path: Path) -> None:
    waiting = Event()
    with closing(SQLiteBackend(path)) as backend, database(path) as other:
        store = backend.open()
        other.execute("BEGIN IMMEDIATE")

        def commit() -> None:
            waiting.wait()
            other.execute("COMMIT")

        with ThreadPoolExecutor(1) as thread, backend.interrupt(store, Interruption(0, waiting.set)):
            committed = thread.submit(commit)
            store.add(a_configuration(), limit=1)
            committed.result()

        assert len(store.list("ann")) == 1


def test_reads_do_not_wait_for_a_writer(store: SQLiteStore, path: Path) -> None:
    configuration = a_configuration()
    store.add(configuration, limit=1)
    with database(path) as other, within(0):
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM configurations")

        assert store.list("ann") == (configuration,)
        assert store.get("ann", configuration.config_id) == configuration


def test_a_lock_that_is_held_beyond_the_deadline_makes_the_store_unavailable(
    store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with database(path) as other, within(0):
        other.execute("BEGIN IMMEDIATE")

        for act in (
            lambda: store.add(a_configuration(), limit=1),
            store.check,
            lambda: store.remove("ann", "x", now=NOW),
        ):
            with pytest.raises(StoreUnavailable):
                act()

    assert "Another process holds the database" in remedy_in(caplog)
    store.add(a_configuration(), limit=1)


def test_a_thread_waits_for_the_writes_of_other_threads_until_its_deadline(store: SQLiteStore) -> None:
    configuration, writing, finished = a_configuration(), Event(), Event()
    store.add(configuration, limit=1)

    def change(current: Configuration) -> Configuration:
        writing.set()
        finished.wait()
        return current

    with ThreadPoolExecutor(1) as thread:
        update = thread.submit(store.update, "ann", configuration.config_id, change)
        writing.wait()
        with within(0), pytest.raises(StoreUnavailable):
            store.check()
        finished.set()
        update.result()

    store.check()


def test_connections_are_shared_between_threads_and_closed_with_the_store(open_store: OpenStore) -> None:
    opened: list[sqlite3.Connection] = []

    class Recorded(sqlite3.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            opened.append(self)

    store = open_store(connection_factory=Recorded)
    for _ in range(5):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(store.list, "ann").result()
    store.close()

    assert len(opened) == 2  # one for the migration, and one in the pool
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def _set_barrier(barrier: Barrier) -> None:
    global _together  # noqa: PLW0603 - the initializer of a process pool has no other place
    _together = barrier


_together: Barrier


def _start_and_add(path: Path) -> bool:
    _together.wait()
    with closing(SQLiteStore(path, rng=random.Random(0))) as store:
        try:
            store.add(a_configuration(), limit=2)
        except LimitReached:
            return False
    return True
