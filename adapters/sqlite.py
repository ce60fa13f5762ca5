"""The embedded store: one file, safe with any number of threads and processes on one machine.

Write-ahead log, so that readers and the writer never wait for each other; `synchronous=FULL`, so
that what a method wrote when it returned outlives a power failure (https://sqlite.org/wal.html).
Each write is one transaction that takes the write lock before it looks; the limit is counted in
it, from the rows themselves, so that there is no counter that could drift.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from domain.configurations import Configuration, WatchedTicker, newest_first
from domain.deadline import remaining
from domain.errors import LimitReached, NotFound, RevisionMismatch, StoreUnavailable
from domain.ports import AddResult
from domain.tickers import Ticker

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds to wait for another writer where no deadline says otherwise."""

RETRY = timedelta(seconds=1), timedelta(seconds=5)
"""When to ask again: within this span, at random."""

APPLICATION_ID = int.from_bytes(b"CfgA")
"""Marks a database as ours (https://sqlite.org/pragma.html#pragma_application_id)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE configurations (
            config_id TEXT NOT NULL,
            user_id TEXT NOT NULL,
            name TEXT NOT NULL,
            tickers TEXT NOT NULL,
            timeframe_days INTEGER NOT NULL,
            include_extended_hours INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            revision TEXT NOT NULL,
            request_fingerprint TEXT,
            expires_at TEXT,
            PRIMARY KEY (user_id, config_id)
        ) WITHOUT ROWID
        """,  # without a rowid, a user's rows lie side by side
    ),
)
"""The statements that lead from each version of the schema to the next: append, never edit."""

_COLUMNS = (
    "config_id, user_id, name, tickers, timeframe_days, include_extended_hours, "
    "created_at, updated_at, revision, request_fingerprint, expires_at"
)
_GET = f"SELECT {_COLUMNS} FROM configurations WHERE user_id = ? AND config_id = ?"  # nosec # noqa: S608 - the names are ours
_LIST = f"SELECT {_COLUMNS} FROM configurations WHERE user_id = ?"  # nosec # noqa: S608 - the names are ours
_COUNT = "SELECT count(*) FROM configurations WHERE user_id = ?"
_INSERT = f"INSERT INTO configurations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # nosec # noqa: S608 - the names are ours
_UPDATE = f"""UPDATE configurations SET ({_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    WHERE user_id = ? AND config_id = ?"""  # nosec # noqa: S608 - the names are ours
_DELETE = "DELETE FROM configurations WHERE user_id = ? AND config_id = ?"
_PURGE = "DELETE FROM configurations WHERE expires_at < ?"
_TOUCH = "DELETE FROM configurations WHERE 0"
"""Writes nothing, and fails where nothing can be written; BEGIN IMMEDIATE does not."""

_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Another process holds the database too long: look for an open shell or a backup.",
    sqlite3.SQLITE_LOCKED: "Another process holds the database too long: look for an open shell or a backup.",
    sqlite3.SQLITE_PROTOCOL: "Another process holds the database too long: look for an open shell or a backup.",
    sqlite3.SQLITE_FULL: "The disk is full: make room, and writes go on by themselves.",
    sqlite3.SQLITE_IOERR: "The disk or a quota fails us: look at the file system, and writes go on by themselves.",
    sqlite3.SQLITE_READONLY: "Let the service's user write the directory and every file of this name in it.",
    sqlite3.SQLITE_READONLY_DBMOVED: "The file was moved or replaced under the service: put it back, or restart.",
    sqlite3.SQLITE_CANTOPEN: "It must be a file, in a directory that the service's user may write.",
    sqlite3.SQLITE_PERM: "Let the service's user write the directory and every file of this name in it.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: stop the service, then restore a backup, or `.recover` with sqlite3.",
    sqlite3.SQLITE_NOTADB: "The file is no database of ours: name another path, or restore a backup.",
}
"""What an operator can do about what is not our own mistake (https://sqlite.org/rescode.html)."""


class DatabaseUnusable(Exception):
    """The service cannot start on this file; the message names the file, the reason and the way out."""


class SQLiteStore:
    """Keeps configurations in the file at `path`, which it creates where there is none.

    A write waits for other writers until the deadline of the request. Whatever SQLite fails for that is
    not a mistake of ours becomes StoreUnavailable and a line in the log; the next request tries anew.
    The constructor raises DatabaseUnusable.
    """

    def __init__(self, path: Path, *, rng: random.Random, patience: float = PATIENCE) -> None:
        self._path = path.absolute()
        self._random = rng
        self._patience = patience
        self._idle: list[_Connection] = []
        self._inherited: list[_Connection] = []
        self._turn = Lock()
        self._process = os.getpid()
        try:
            _create(self._path)
            self._identity = self._identify()
            with closing(self._open()) as connection:  # none is left open, for a fork that may follow
                _migrate(connection, self._path)
        except OSError as error:
            raise DatabaseUnusable(f"{path}: {error.strerror}. {_REMEDIES[sqlite3.SQLITE_CANTOPEN]}") from error
        except sqlite3.Error as error:
            remedy = _remedy(error)
            if remedy is None:
                raise
            raise DatabaseUnusable(f"{path}: {error}. {remedy}") from error

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        """See ConfigurationStore."""
        user_id = configuration.user_id
        with self._transaction() as execute:
            stored = execute(_GET, (user_id, configuration.config_id)).fetchone()
            if stored is not None:
                return AddResult.replay(_configuration(stored), configuration.request_fingerprint)
            (held,) = execute(_COUNT, (user_id,)).fetchone()
            if held >= limit:
                raise LimitReached(limit)
            execute(_INSERT, _row(configuration))
        return AddResult(configuration, replayed=False)

    def get(self, user_id: str, config_id: str) -> Configuration:
        """See ConfigurationStore."""
        with self._lent() as connection:
            row = connection.execute(_GET, (user_id, config_id)).fetchone()
            if row is None:
                raise NotFound
            return _configuration(row)

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        """See ConfigurationStore."""
        with self._lent() as connection:
            return newest_first(map(_configuration, connection.execute(_LIST, (user_id,)).fetchall()))

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        """See ConfigurationStore."""
        with self._transaction() as execute:
            row = execute(_GET, (user_id, config_id)).fetchone()
            if row is None:
                raise NotFound
            configuration = change(_configuration(row))
            execute(_UPDATE, (*_row(configuration), user_id, config_id))
        return configuration

    def remove(self, user_id: str, config_id: str, *, revisions: frozenset[str] | None = None) -> None:
        """See ConfigurationStore."""
        with self._transaction() as execute:
            row = execute(_GET, (user_id, config_id)).fetchone()
            if row is None:
                raise NotFound
            if revisions is not None and _configuration(row).revision not in revisions:
                raise RevisionMismatch
            execute(_DELETE, (user_id, config_id))

    def check(self) -> None:
        """See ConfigurationStore. A database that can be read and not written is none."""
        with self._transaction() as execute:
            execute(_TOUCH)

    def purge(self, now: datetime) -> int:
        """Delete what expired before `now`, and say how many; for the start of the service. Raises StoreUnavailable.

        Nothing else deletes by age, and nobody can see what expired: its owner's session ended long before.
        """
        with self._transaction() as execute:
            return execute(_PURGE, (_text(now),)).rowcount

    def close(self) -> None:
        """Close the connections that nobody uses now; the store can be used on."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        """Room for one write, of which nothing is left if it is not finished."""
        with self._lent() as connection:
            # Threads wait for each other here: SQLite's own lock is polled, with ever longer pauses, and some starve.
            if not self._turn.acquire(timeout=max(0, remaining(default=self._patience))):
                raise _failure(sqlite3.SQLITE_BUSY, "other threads are writing")
            try:
                connection.wait_up_to(remaining(default=self._patience))
                connection.execute("BEGIN IMMEDIATE")
                self._stay()
                yield connection.execute
                connection.execute("COMMIT")
            finally:
                try:
                    connection.rollback()  # nothing, after a commit
                finally:
                    self._turn.release()

    @contextmanager
    def _lent(self) -> Iterator[_Connection]:
        """A connection for one act."""
        try:
            connection = self._take()
            try:
                connection.wait_up_to(remaining(default=self._patience))
                yield connection
            finally:
                self._idle.append(connection)
        except sqlite3.Error as error:
            remedy = _remedy(error)
            if remedy is None:  # a mistake of ours
                raise
            raise self._unavailable(error, remedy) from error

    def _unavailable(self, error: sqlite3.Error, remedy: str) -> StoreUnavailable:
        extra = {"path": str(self._path), "sqlite_error": str(error), "remedy": remedy}
        log.error("The database failed us.", extra=extra)
        low, high = RETRY
        return StoreUnavailable("The store cannot be used now.", retry_after=low + (high - low) * self._random.random())

    def _take(self) -> _Connection:
        if self._process != os.getpid():
            # We are a fork. Its parent's connections may be neither used nor closed.
            self._process, self._inherited, self._idle, self._turn = os.getpid(), self._idle, [], Lock()
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> _Connection:
        self._stay()
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",  # a file that went away must not come back empty
            uri=True,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,  # each is lent to one thread at a time
            factory=_Connection,
        )
        try:
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _stay(self) -> None:
        """Raise if the file is not the one we started with: what goes to another, nobody finds again.

        Even to open another is to damage both: it would be taken to own our write-ahead log.
        """
        if self._identify() != self._identity:
            raise _failure(sqlite3.SQLITE_READONLY_DBMOVED, "the file is gone, or is another")

    def _identify(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


class _Connection(sqlite3.Connection):
    """A connection that knows how long it waits for locks."""

    _waits = -1

    def wait_up_to(self, seconds: float) -> None:
        """Wait so long for locks from now on; in tenths of a second, so that there is seldom something to set."""
        milliseconds = max(0, int(seconds * 10) * 100)
        if milliseconds != self._waits:
            self.execute(f"PRAGMA busy_timeout={milliseconds}")
            self._waits = milliseconds


def _failure(code: int, message: str) -> sqlite3.OperationalError:
    """What SQLite would raise if it looked as far as we do."""
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def _remedy(error: sqlite3.Error) -> str | None:
    # Python raises OperationalError without a code where a text is not UTF-8.
    default = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else sqlite3.SQLITE_ERROR
    code = getattr(error, "sqlite_errorcode", default)
    return _REMEDIES.get(code) or _REMEDIES.get(code & 0xFF)  # the low byte is the kind of error


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, mode=0o600))  # it holds what people own
    except FileExistsError:
        return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to this release's version; of several processes that start at once, one does it."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or objects):
        raise DatabaseUnusable(f"{path} is the database of another application. Name another path.")
    if version > len(MIGRATIONS):
        raise DatabaseUnusable(
            f"{path} was written by a newer release: its schema is {version}, and this one knows {len(MIGRATIONS)}. "
            "Start that release, or restore an older backup."
        )
    if version < len(MIGRATIONS):
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
    connection.execute(_TOUCH)
    connection.execute("COMMIT")
    _switch_to_wal(connection, path)


def _switch_to_wal(connection: sqlite3.Connection, path: Path) -> None:
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            # The switch itself never waits for other connections; a transaction does, for as long as we may.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        else:
            break
    if mode != "wal":
        raise DatabaseUnusable(f"{path} is on a file system without shared memory. Put it on a local disk.")


def _row(configuration: Configuration) -> tuple[Any, ...]:
    return (
        configuration.config_id,
        configuration.user_id,
        configuration.name,
        json.dumps(
            [
                {
                    "symbol": watched.ticker.symbol,
                    "name": watched.ticker.name,
                    "exchange": watched.ticker.exchange,
                    "added_at": _text(watched.added_at),
                }
                for watched in configuration.tickers
            ],
            ensure_ascii=False,
        ),
        configuration.timeframe_days,
        configuration.include_extended_hours,
        _text(configuration.created_at),
        _text(configuration.updated_at),
        configuration.revision,
        configuration.request_fingerprint,
        None if configuration.expires_at is None else _text(configuration.expires_at),
    )


def _configuration(row: tuple[Any, ...]) -> Configuration:
    config_id, user_id, name, tickers, days, extended, created_at, updated_at, revision, fingerprint, expires_at = row
    time = datetime.fromisoformat
    try:
        return Configuration(
            config_id,
            user_id,
            name,
            _watched(tickers),
            days,
            bool(extended),
            time(created_at),
            time(updated_at),
            revision,
            fingerprint,
            None if expires_at is None else time(expires_at),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise _failure(sqlite3.SQLITE_CORRUPT, f"a row cannot be read: {type(error).__name__}") from error


@lru_cache(maxsize=1024)
def _watched(tickers: str) -> tuple[WatchedTicker, ...]:
    """What a column of tickers says. A page that is open asks again and again for the same: a third of a read."""
    return tuple(
        WatchedTicker(Ticker(item["symbol"], item["name"], item["exchange"]), datetime.fromisoformat(item["added_at"]))
        for item in json.loads(tickers)
    )


def _text(time: datetime) -> str:
    """Of one width, so that texts sort as their times do."""
    return time.isoformat(timespec="microseconds")
