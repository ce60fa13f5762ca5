"""Acknowledged writes survive crashes and a full disk, until the purge at the start of the service."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sqlite.store import SQLiteStore
from domain.errors import NotFound, StoreUnavailable
from domain.events import Event
from tests.builders import NOW, a_configuration
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


STORE_AND_PRINT = """
import random, sys
from pathlib import Path
from adapters.sqlite.store import SQLiteStore
from tests.builders import a_configuration

store = SQLiteStore(Path(sys.argv[1]), rng=random.Random(0))
while True:
    configuration = a_configuration(sys.argv[2])
    store.add(configuration, limit=1_000_000)
    print(configuration.config_id, flush=True)
"""


@pytest.mark.slow
def test_acknowledged_creates_survive_kill_9(path: Path, open_store: OpenStore) -> None:
    """Two writers at a time are killed at different points of their work; reopening finds what they acknowledged."""
    acknowledged: dict[str, list[str]] = {}
    for round_ in range(4):
        writers = {f"writer-{round_}-{i}": _writer(path, f"writer-{round_}-{i}") for i in range(2)}
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


def test_a_full_database_refuses_writes_keeps_its_data_and_resumes_when_there_is_space(
    open_store: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    pages = 12

    class SmallDatabase(sqlite3.Connection):
        def execute(self, *args: Any) -> sqlite3.Cursor:
            super().execute(f"PRAGMA max_page_count={pages}")
            return super().execute(*args)

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
    pages = 1000
    store.add(a_configuration(), limit=1000)


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


def test_a_purge_deletes_expired_configurations_only(store: SQLiteStore) -> None:
    expired, current, kept = (
        a_configuration(expires_at=expires_at) for expires_at in (NOW - timedelta(microseconds=1), NOW, None)
    )
    for configuration in (expired, current, kept):
        store.add(configuration, limit=3)

    assert store.purge(NOW) == 1

    with pytest.raises(NotFound):
        store.get("ann", expired.config_id)
    assert set(store.list("ann")) == {current, kept}
    assert store.purge(NOW) == 0


@pytest.mark.parametrize("days_in_use", [2, 3])
def test_a_purge_deletes_most_rows_only_if_recent_writes_confirm_the_clock(
    store: SQLiteStore, caplog: pytest.LogCaptureFixture, days_in_use: int
) -> None:
    much_later = NOW + timedelta(days=365)
    expiring = [a_configuration(expires_at=NOW + timedelta(days=37)) for _ in range(4)]
    recent = [a_configuration(updated_at=much_later - timedelta(days=day)) for day in range(days_in_use)]
    for configuration in (*expiring, *recent):
        store.add(configuration, limit=10)
    caplog.set_level(logging.INFO)

    purged = store.purge(much_later)

    assert len(store.list("ann")) == len(expiring) - purged + len(recent)
    (record,) = caplog.records
    expected = {2: (0, Event.PURGE_REFUSED), 3: (4, Event.PURGED)}[days_in_use]
    assert (purged, vars(record)["event"]) == expected
    assert vars(record)["rows"] == 4


def _writer(path: Path, user: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STORE_AND_PRINT, str(path), user]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
