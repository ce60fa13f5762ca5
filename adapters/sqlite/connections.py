"""A pool of connections to one database file, with read statements and write transactions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from adapters.sqlite.errors import is_busy, operational_error
from domain.deadline import remaining

T = TypeVar("T")

BUSY_POLL = 0.0003
"""Seconds between two attempts to get a lock that another process holds.

SQLite's own busy handler sleeps up to 100 ms, in C, which also blocks every other request of a gevent worker. With two
workers on two cores, polling instead took the p99 of creates from 124-155 ms to 15 ms at 8 connections and from
235-366 ms to 99 ms at 64, and creates per second from 725 to 1,052 at 64.
"""


class ConnectionPool:
    """Connections to the existing database file at `path`.

    A statement that needs a lock waits until the deadline of the request, or `default_timeout` seconds where there is
    none, and then raises SQLITE_BUSY. After a fork, the child opens its own connections. `factory` is that of
    `sqlite3.connect`.
    """

    def __init__(
        self, path: Path, *, default_timeout: float, factory: type[sqlite3.Connection] = sqlite3.Connection
    ) -> None:
        self._path = path
        self._default_timeout = default_timeout
        self._factory = factory
        self._identity = self._file_identity()
        self._process_id = os.getpid()
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[sqlite3.Connection] = []
        self._write_lock = Lock()
        self._closed = False

    def connect(self, *, busy_timeout: float = 0.0) -> sqlite3.Connection:
        """A new connection outside the pool, to be closed by the caller. `busy_timeout`: seconds, in SQLite."""
        self._check_file_identity()
        connection = sqlite3.connect(
            # mode=rw: a file that was removed must not be created again, empty.
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=busy_timeout,
            isolation_level=None,
            # Each connection is used by one thread at a time.
            check_same_thread=False,
            factory=self._factory,
        )
        try:
            # An acknowledged write survives a power failure (https://sqlite.org/pragma.html#pragma_synchronous).
            # The pragma reads the schema, for which it may have to wait.
            self._retry_while_busy(lambda: connection.execute("PRAGMA synchronous=FULL"), self._lock_deadline())
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def read(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """The rows of a read statement."""
        with self._borrow_connection() as connection:
            # In WAL mode a reader waits only while another process recovers or removes the log.
            return self._retry_while_busy(
                lambda: connection.execute(statement, parameters).fetchall(), self._lock_deadline()
            )

    @contextmanager
    def transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """A write transaction; rolls back on an error. Yields the connection's `execute`."""
        self._reset_after_fork()
        lock_deadline = self._lock_deadline()
        # The threads of one process queue here, so that only one of them polls the lock of the file.
        if not self._write_lock.acquire(timeout=max(0.0, lock_deadline - time.monotonic())):
            raise operational_error(sqlite3.SQLITE_BUSY, "other threads are writing")
        try:
            with self._borrow_connection() as connection:
                try:
                    self._retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"), lock_deadline)
                    self._check_file_identity()
                    yield connection.execute
                    connection.execute("COMMIT")
                finally:
                    # Does nothing after the commit.
                    connection.rollback()
        finally:
            self._write_lock.release()

    def close(self) -> None:
        """Close the idle connections now, and the others when they are returned."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _borrow_connection(self) -> Iterator[sqlite3.Connection]:
        self._reset_after_fork()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.connect()
        try:
            yield connection
        finally:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _reset_after_fork(self) -> None:
        if self._process_id != os.getpid():
            # The parent's connections must be neither used nor closed, so they stay referenced
            # (https://sqlite.org/howtocorrupt.html, section 2.6). The lock may be held by a thread of the parent.
            self._process_id, self._inherited, self._idle = os.getpid(), self._idle, []
            self._write_lock = Lock()

    def _lock_deadline(self) -> float:
        return time.monotonic() + remaining(default=self._default_timeout)

    def _retry_while_busy(self, execute: Callable[[], T], lock_deadline: float) -> T:
        while True:
            try:
                return execute()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= lock_deadline:
                    raise
            time.sleep(BUSY_POLL)

    def _check_file_identity(self) -> None:
        """Raise SQLITE_READONLY_DBMOVED if the file was removed or replaced since the pool was made.

        A write to another file would be lost, and opening it would apply the old write-ahead log to it.
        """
        if self._file_identity() != self._identity:
            raise operational_error(sqlite3.SQLITE_READONLY_DBMOVED, "the file was removed or replaced")

    def _file_identity(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
