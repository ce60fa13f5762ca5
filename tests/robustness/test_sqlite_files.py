"""Files that cannot be used, and damaged data."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.sqlite.errors import DatabaseUnusable
from adapters.sqlite.store import RETRY_AFTER, SQLiteStore
from domain.errors import StoreUnavailable
from tests.builders import a_configuration
from tests.robustness.conftest import OpenStore, assert_start_refused, database, remedy_in


def test_files_and_missing_directories_are_created_for_their_owner_only(open_store: OpenStore, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ä b%20?#.sqlite3"

    open_store(path).add(a_configuration(), limit=1)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {path.name, f"{path.name}-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_path_that_is_or_lies_below_the_wrong_kind_of_file_stops_the_start(
    open_store: OpenStore, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    assert_start_refused(open_store, tmp_path, "It must be a file")
    assert_start_refused(open_store, tmp_path / "file" / "config-api.sqlite3", "It must be a file")


@pytest.mark.parametrize("content", [b"not a database, and long enough to be read" * 50, b"SQLite format 3\0" * 9])
def test_a_file_that_is_not_a_database_stops_the_start_unchanged(
    open_store: OpenStore, path: Path, content: bytes
) -> None:
    path.write_bytes(content)

    assert_start_refused(open_store, path, "restore a backup")

    assert path.read_bytes() == content


def test_a_locked_file_stops_the_start(open_store: OpenStore, path: Path) -> None:
    open_store().close()
    with database(path) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnusable, match="Another process holds the database"):
            open_store(default_timeout=0)


def test_the_switch_to_the_write_ahead_log_waits_for_a_concurrent_start(open_store: OpenStore, path: Path) -> None:
    open_store().close()
    statements = []
    with database(path) as other_process:
        other_process.execute("PRAGMA journal_mode=DELETE")

        class Interrupted(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                statements.append(sql)
                if sql == "PRAGMA journal_mode=WAL" and statements.count(sql) == 1:
                    other_process.execute("BEGIN IMMEDIATE")
                if sql == "BEGIN EXCLUSIVE":
                    other_process.execute("COMMIT")
                return super().execute(sql, *parameters)

        open_store(connection_factory=Interrupted)

    with database(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert statements.count("PRAGMA journal_mode=WAL") == 2


def test_a_file_system_without_shared_memory_stops_the_start(open_store: OpenStore) -> None:
    class WithoutSharedMemory(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("=WAL", "=DELETE"), *parameters)

    with pytest.raises(DatabaseUnusable, match="Put it on a local disk"):
        open_store(connection_factory=WithoutSharedMemory)


def test_a_damaged_file_makes_the_store_unavailable(
    store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(200):
        store.add(a_configuration(), limit=1000)
    # Closing the last connection moves the log into the file.
    store.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)

    for act in (lambda: store.list("ann"), lambda: store.add(a_configuration(), limit=1000)):
        with pytest.raises(StoreUnavailable):
            act()

    assert "The file is damaged" in remedy_in(caplog)


@pytest.mark.parametrize(
    "damage", ["tickers = '[{'", "tickers = '[1]'", "tickers = '[{}]'", "created_at = 'yesterday'", "updated_at = 7"]
)
def test_a_row_that_cannot_be_read_is_reported_and_does_not_hide_the_others(
    store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    unreadable, readable = a_configuration(), a_configuration()
    for configuration in (unreadable, readable):
        store.add(configuration, limit=2)
    with database(path) as other:
        other.execute(f"UPDATE configurations SET {damage} WHERE config_id = ?", (unreadable.config_id,))

    assert store.list("ann") == (readable,)
    with pytest.raises(StoreUnavailable):
        store.get("ann", unreadable.config_id)

    assert any(vars(record).get("config_id") == unreadable.config_id for record in caplog.records)


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_file_or_directory_stops_the_start(open_store: OpenStore, shared_directory: Path) -> None:
    path = shared_directory / "config-api.sqlite3"
    with closing(open_store(path)) as store:
        store.add(a_configuration(), limit=1)
    path.chmod(0o444)

    for mode in (0o755, 0o777):
        shared_directory.chmod(mode)
        with _unprivileged_user():
            assert_start_refused(open_store, path, "the service's user")
    path.unlink()
    shared_directory.chmod(0o555)
    with _unprivileged_user():
        assert_start_refused(open_store, path, "the service's user may write")


def test_a_file_that_becomes_read_only_refuses_writes_until_it_is_writable_again(
    open_store: OpenStore, shared_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = shared_directory / "config-api.sqlite3"
    shared_directory.chmod(0o777)
    with _unprivileged_user():
        store = open_store(path)
        store.add(a_configuration(), limit=2)
        store.close()
        path.chmod(0o444)

        for act in (lambda: store.add(a_configuration(), limit=2), store.check):
            with pytest.raises(StoreUnavailable):
                act()
        assert len(store.list("ann")) == 1

        store.close()
        # SQLite gives the files beside the database the mode of the database.
        for file in shared_directory.iterdir():
            file.chmod(0o600)
        store.add(a_configuration(), limit=2)
    assert "write access" in remedy_in(caplog)


def test_a_file_that_was_removed_or_replaced_takes_no_writes(
    store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moved = path.with_name("moved")
    store.add(a_configuration(), limit=9)
    path.rename(moved)

    for act in (lambda: store.add(a_configuration(), limit=9), store.check):
        with pytest.raises(StoreUnavailable):
            act()
    assert not path.exists()
    assert "put it back, or restart" in remedy_in(caplog)

    path.write_bytes(moved.read_bytes())
    with pytest.raises(StoreUnavailable):
        store.add(a_configuration(), limit=9)
    store.close()
    # Without an idle connection, a read would open the other file.
    with pytest.raises(StoreUnavailable):
        store.list("ann")

    moved.replace(path)
    store.add(a_configuration(), limit=9)
    assert len(store.list("ann")) == 2


def test_a_failure_names_the_file_in_the_log_and_not_in_the_error(
    store: SQLiteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.unlink()

    with pytest.raises(StoreUnavailable) as error:
        store.check()

    (record,) = caplog.records
    assert (record.levelno, vars(record)["path"]) == (logging.ERROR, str(path))
    assert str(path) not in str(error.value)
    assert RETRY_AFTER[0] <= error.value.retry_after <= RETRY_AFTER[1]


def test_a_bug_is_not_reported_as_an_outage(store: SQLiteStore, path: Path) -> None:
    with pytest.raises(sqlite3.Error, match=r"not supported|binding"):
        store.add(a_configuration(name=object()), limit=1)
    with database(path) as other:
        other.execute("DROP TABLE configurations")

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.list("ann")


@contextmanager
def _unprivileged_user() -> Iterator[None]:
    """File modes do not restrict root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
