"""Acknowledged writes survive crashes and a full disk; concurrent writers wait for each other."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import subprocess
import sys
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
from tests.contract.stages import Interruption, SQLiteStage
from tests.robustness.conftest import REPOSITORY, OpenStore, database, remedy_in

FORK_DURING_A_WRITE = """
import os, random, sqlite3, sys
from pathlib import Path
from adapters.sqlite.store import SQLiteStore
from tests.builders import NOW, a_configuration

children = []

class ForksBeforeTheSecondWrite(sqlite3.Connection):
    writes = 0

    def execute(self, statement, *parameters):
        if statement == "BEGIN IMMEDIATE":
            self.writes += 1
            if self.writes == 2:
                children.append(os.fork())
                if not children[0]:
                    store.add(a_configuration(), limit=9)
                    os._exit(0)
                os.waitpid(children[0], 0)
        return super().execute(statement, *parameters)

store = SQLiteStore(Path(sys.argv[1]), rng=random.Random(0), connection_factory=ForksBeforeTheSecondWrite)
store.add(a_configuration(), limit=9)
store.add(a_configuration(), limit=9)
store.close()
assert children
"""


@pytest.mark.slow
def test_acknowledged_creates_survive_kill_9(path: Path, open_store: OpenStore) -> None:
    """Two writers at a time are killed at different points of their work; reopening finds what they acknowledged."""
    acknowledged: dict[str, list[str]] = {}
    for round_ in range(4):
        writers = {f"writer-{round_}-{i}": _writer("until-killed", path, f"writer-{round_}-{i}") for i in range(2)}
        for name, writer in writers.items():
            assert writer.stdout is not None
            acknowledged[name] = [writer.stdout.readline() for _ in range(1 + 7 * round_)]
        for name, writer in writers.items():
            with writer:
                writer.kill()
                assert writer.stdout is not None
                acknowledged[name] += writer.stdout.readlines()

    store = open_store()
    for name, lines in acknowledged.items():
        stored = {configuration.config_id for configuration in store.list(name)}
        complete = {line.strip() for line in lines if line.endswith("\n")}
        assert complete <= stored
        # At most the write in progress was stored and not acknowledged.
        assert len(stored - complete) <= 1
    with database(path) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.slow
def test_writes_resume_without_a_restart_when_a_file_size_limit_is_lifted(path: Path, open_store: OpenStore) -> None:
    with _writer("until-full", path, "ann") as writer:
        out, error = writer.communicate(timeout=60)

    assert writer.returncode == 0, error
    before, _, after = out.partition("full\n")
    assert before
    assert after
    assert {configuration.config_id for configuration in open_store().list("ann")} == set((before + after).split())
    assert "check the file system" in error


def test_a_full_database_refuses_writes_and_the_readiness_check_and_keeps_its_data(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    class SmallDatabase(sqlite3.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.execute("PRAGMA max_page_count=12")

    store, stored = open_store(connection_factory=SmallDatabase), []

    def fill() -> None:
        while True:
            configuration = a_configuration(name="x" * 50)
            store.add(configuration, limit=1000)
            stored.append(configuration.config_id)

    with pytest.raises(StoreUnavailable):
        fill()

    assert stored
    assert {each.config_id for each in store.list("ann")} == set(stored)
    assert "free some space" in remedy_in(caplog)
    store.remove("ann", stored[0], now=NOW)


def test_the_readiness_check_writes(store: SQLiteStore, path: Path) -> None:
    store.check()
    with database(path) as other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE ON health BEGIN SELECT RAISE(ABORT, 'disk full'); END")

    with pytest.raises(sqlite3.IntegrityError):
        store.check()


@pytest.mark.slow
def test_a_forked_process_uses_neither_the_connections_nor_the_locks_of_its_parent(
    path: Path, open_store: OpenStore
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK_DURING_A_WRITE, path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert len(open_store().list("ann")) == 3


def test_every_connection_uses_the_write_ahead_log_and_full_synchronisation(open_store: OpenStore) -> None:
    connections: list[sqlite3.Connection] = []

    class Recorded(sqlite3.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            connections.append(self)

    open_store(connection_factory=Recorded).list("ann")

    settings = [connections[-1].execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]
    assert settings == [("wal",), (2,)]


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
    with closing(SQLiteStage(path)) as stage, database(path) as other:
        store = stage.open()
        other.execute("BEGIN IMMEDIATE")

        def commit() -> None:
            waiting.wait()
            other.execute("COMMIT")

        with ThreadPoolExecutor(1) as thread, stage.interrupt(store, Interruption(0, waiting.set)):
            committed = thread.submit(commit)
            store.add(a_configuration(), limit=1)
            committed.result()

        assert len(store.list("ann")) == 1


def test_a_write_succeeds_wherever_another_write_falls_between_its_statements(path: Path) -> None:
    seam, happened = 0, True
    while happened:
        with closing(SQLiteStage(path)) as stage:
            ours, theirs = stage.open(), stage.open()

            def rival(theirs: SQLiteStore = theirs) -> None:
                with within(0):
                    try:
                        theirs.add(a_configuration(), limit=1000)
                    except StoreUnavailable:
                        return

            interruption = Interruption(seam, rival)
            with stage.interrupt(ours, interruption):
                ours.add(a_configuration(), limit=1000)
        seam, happened = seam + 1, interruption.happened
    assert seam > 3


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

    store, together = open_store(connection_factory=Recorded), Barrier(3)
    store.add(a_configuration(), limit=9)
    for _ in range(5):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(store.list, "ann").result()
    assert len(opened) == 2  # one for the migration, and one in the pool

    class Together(Recorded):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            if statement.startswith("SELECT config_id"):
                together.wait()
            return super().execute(statement, *parameters)

    opened.clear()
    parallel = open_store(connection_factory=Together)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(parallel.list, ["ann"] * 3))
    assert len(opened) == 1 + 3

    parallel.close()
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def _writer(act: str, path: Path, user: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.robustness.writer", act, str(path), user]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
