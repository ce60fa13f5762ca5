"""Configurations in SQLite, with the limit enforced by counting inside the write transaction.

The write-ahead log lets readers and the writer work at the same time; `synchronous=FULL` makes every acknowledged
write durable (https://sqlite.org/wal.html). Each write is one transaction that takes the write lock before it reads;
the limit is counted from the rows themselves, so there is no counter that could be wrong.
"""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from adapters.sqlite.connections import ConnectionPool
from adapters.sqlite.errors import DatabaseUnusable, remedy_for
from adapters.sqlite.rows import (
    COLUMNS,
    TOMBSTONE_COLUMNS,
    Row,
    configuration_from_row,
    row_from_configuration,
    row_from_tombstone,
    text_from_time,
    tombstone_from_row,
)
from adapters.sqlite.schema import create_file, migrate
from domain.adoption import Adoption
from domain.configurations import Configuration, newest_first
from domain.errors import LimitReached, NotFound, RevisionMismatch, StoreUnavailable
from domain.events import Event
from domain.idempotency import Tombstone
from domain.ports import AddResult, ConfigurationStore
from domain.times import random_between

log = logging.getLogger(__name__)

DEFAULT_TIMEOUT = 5.0
"""Seconds to wait for another writer where the request has no deadline."""

RETRY_AFTER = timedelta(seconds=1), timedelta(seconds=5)

RECENT = timedelta(days=7)
MIN_DAYS_IN_USE = 3
"""Days with writes within the `RECENT` ones that confirm the clock, before most of the data is deleted."""

_GET = f"SELECT {COLUMNS} FROM configurations WHERE user_id = ? AND config_id = ?"  # nosec # noqa: S608 - constants only
_LIST = f"SELECT {COLUMNS} FROM configurations WHERE user_id = ?"  # nosec # noqa: S608 - constants only
_COUNT = "SELECT count(*) FROM configurations WHERE user_id = ?"
_INSERT = f"INSERT INTO configurations ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # nosec # noqa: S608 - constants only
_UPDATE = f"""UPDATE configurations SET ({COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    WHERE user_id = ? AND config_id = ?"""  # nosec # noqa: S608 - constants only
_DELETE_ALL = "DELETE FROM configurations WHERE user_id = ?"
_DELETE = "DELETE FROM configurations WHERE user_id = ? AND config_id = ?"
_ADOPT = "UPDATE configurations SET user_id = ?, expires_at = NULL WHERE user_id = ? AND config_id = ?"
_KEYS_IN_USE = """SELECT config_id FROM configurations WHERE user_id = ?
    UNION SELECT config_id FROM tombstones WHERE user_id = ? AND expires_at > ?"""
_CREATES = "SELECT config_id, request_fingerprint FROM configurations WHERE user_id = ?"
_EXTEND = "UPDATE configurations SET expires_at = ? WHERE user_id = ? AND expires_at < ?"
_PURGE = "DELETE FROM configurations WHERE expires_at < ?"
_COUNT_EXPIRED = "SELECT count(*) FILTER (WHERE expires_at < ?), count(expires_at) FROM configurations"
_COUNT_DAYS_IN_USE = (
    "SELECT count(DISTINCT substr(updated_at, 1, 10)) FROM configurations WHERE updated_at BETWEEN ? AND ?"
)
_GET_TOMBSTONE = f"SELECT {TOMBSTONE_COLUMNS} FROM tombstones WHERE user_id = ? AND config_id = ?"  # nosec # noqa: S608 - constants only
_INSERT_TOMBSTONE = f"INSERT OR REPLACE INTO tombstones (user_id, {TOMBSTONE_COLUMNS}) VALUES (?, ?, ?, ?, ?)"  # nosec # noqa: S608 - constants only
_PURGE_TOMBSTONES = "DELETE FROM tombstones WHERE expires_at <= ?"
_CHECK = "INSERT INTO health (id, checks) VALUES (1, 1) ON CONFLICT DO UPDATE SET checks = checks + 1"


class SQLiteStore(ConfigurationStore):
    """A ConfigurationStore in the file at `path`, which is created if it is missing.

    A write waits for other writers until the deadline of the request, or `default_timeout` seconds without one. An
    error of SQLite that is not a bug of the service becomes StoreUnavailable and a log line; the next request tries
    again.
    The constructor raises DatabaseUnusable. `connection_factory` is the `factory` of `sqlite3.connect`.
    """

    def __init__(
        self,
        path: Path,
        *,
        rng: random.Random,
        default_timeout: float = DEFAULT_TIMEOUT,
        connection_factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        self._path = path.absolute()
        self._random = rng
        try:
            create_file(self._path)
            self._pool = ConnectionPool(self._path, default_timeout=default_timeout, factory=connection_factory)
            # No connection stays open, because the process may fork.
            with closing(self._pool.connect(busy_timeout=default_timeout)) as connection:
                migrate(connection, self._path)
        except OSError as error:
            remedy = "It must be a file, in a directory that the service's user may write."
            raise DatabaseUnusable(f"{path}: {error.strerror}. {remedy}") from error
        except sqlite3.Error as error:
            if remedy_for(error) is None:
                raise
            raise DatabaseUnusable(f"{path}: {error}. {remedy_for(error)}") from error

    def add(self, configuration: Configuration, *, limit: int) -> AddResult:
        user_id = configuration.user_id
        with self._transaction() as execute:
            earlier = _find_replay(
                lambda statement, key: execute(statement, key).fetchall(),
                (user_id, configuration.config_id),
                configuration.request_fingerprint,
                now=configuration.created_at,
            )
            if earlier is not None:
                return earlier
            (count,) = execute(_COUNT, (user_id,)).fetchone()
            if count >= limit:
                raise LimitReached(limit)
            execute(_INSERT, row_from_configuration(configuration))
        return AddResult(configuration, replayed=False)

    def find_replay(
        self, user_id: str, config_id: str, request_fingerprint: str | None, *, now: datetime
    ) -> AddResult | None:
        with self._translated_errors():
            return _find_replay(self._pool.read, (user_id, config_id), request_fingerprint, now=now)

    def get(self, user_id: str, config_id: str) -> Configuration:
        with self._translated_errors():
            rows = self._pool.read(_GET, (user_id, config_id))
            if not rows:
                raise NotFound
            return configuration_from_row(rows[0])

    def list(self, user_id: str) -> tuple[Configuration, ...]:
        with self._translated_errors():
            return newest_first(self._readable(self._pool.read(_LIST, (user_id,))))

    def update(self, user_id: str, config_id: str, change: Callable[[Configuration], Configuration]) -> Configuration:
        with self._transaction() as execute:
            configuration = change(self._stored(execute, user_id, config_id))
            execute(_UPDATE, (*row_from_configuration(configuration), user_id, config_id))
        return configuration

    def remove(self, user_id: str, config_id: str, *, now: datetime, revisions: frozenset[str] | None = None) -> None:
        with self._transaction() as execute:
            stored = self._stored(execute, user_id, config_id)
            if revisions is not None and stored.revision not in revisions:
                raise RevisionMismatch
            execute(_DELETE, (user_id, config_id))
            _insert_tombstones(execute, user_id, [(config_id, stored.request_fingerprint)], now=now)

    def extend(self, user_id: str, *, expires_at: datetime) -> None:
        with self._transaction() as execute:
            execute(_EXTEND, (text_from_time(expires_at), user_id, text_from_time(expires_at)))

    def adopt(self, adoption: Adoption, *, limit: int, now: datetime) -> tuple[Configuration, ...]:
        anonymous_id, member_id = adoption.anonymous_id, adoption.member_id
        with self._transaction() as execute:
            held = newest_first(self._readable(execute(_LIST, (anonymous_id,)).fetchall()))
            in_use = {row[0] for row in execute(_KEYS_IN_USE, (member_id, member_id, text_from_time(now)))}
            selected = [each for each in adoption.select(held) if each.config_id not in in_use]
            (count,) = execute(_COUNT, (member_id,)).fetchone()
            if selected and count + len(selected) > limit:
                raise LimitReached(limit, adopting=len(selected))
            for each in selected:
                execute(_ADOPT, (member_id, anonymous_id, each.config_id))
            creates = [(each.config_id, each.request_fingerprint) for each in selected]
            _insert_tombstones(execute, anonymous_id, creates, now=now)
        return tuple(adoption.adopted(each) for each in selected)

    def erase(self, user_id: str, *, now: datetime) -> None:
        with self._transaction() as execute:
            creates = execute(_CREATES, (user_id,)).fetchall()
            execute(_DELETE_ALL, (user_id,))
            _insert_tombstones(execute, user_id, creates, now=now)

    def check(self) -> None:
        """Commits a change of one page: a database that can only be read, or a full disk, counts as unavailable."""
        with self._transaction() as execute:
            execute(_CHECK)

    def purge(self, now: datetime) -> int:
        """Delete what expired before `now` and return the number of rows. Raises StoreUnavailable.

        Called at the start of the service. The session of an owner has ended long before, so no user sees a difference.
        Deletes nothing if that looks like the effect of a clock that was set forward.
        """
        time = text_from_time(now)
        with self._transaction() as execute:
            expired, can_expire = execute(_COUNT_EXPIRED, (time,)).fetchone()
            if expired > can_expire / 2 and not _clock_is_plausible(execute, now):
                log.warning(
                    "expired rows kept", extra={"event": Event.PURGE_REFUSED, "rows": expired, "path": str(self._path)}
                )
                return 0
            execute(_PURGE_TOMBSTONES, (time,))
            execute(_PURGE, (time,))
        if expired:
            log.info("expired rows deleted", extra={"event": Event.PURGED, "rows": expired, "path": str(self._path)})
        return int(expired)

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with self._translated_errors(), self._pool.transaction() as execute:
            yield execute

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Turn errors of SQLite that an operator can remedy into StoreUnavailable, with a log line."""
        try:
            yield
        except sqlite3.Error as error:
            remedy = remedy_for(error)
            if remedy is None:
                raise
            log.error(  # noqa: TRY400 - the cause is in the line; the trace adds nothing
                "the database failed",
                extra={
                    "event": Event.DATABASE_FAILED,
                    "path": str(self._path),
                    "sqlite_error": str(error),
                    "remedy": remedy,
                },
            )
            raise StoreUnavailable(
                "The store cannot be used now.", retry_after=random_between(*RETRY_AFTER, self._random)
            ) from error

    def _stored(self, execute: Callable[..., sqlite3.Cursor], user_id: str, config_id: str) -> Configuration:
        row = execute(_GET, (user_id, config_id)).fetchone()
        if row is None:
            raise NotFound
        return configuration_from_row(row)

    def _readable(self, rows: Iterable[Row]) -> Iterator[Configuration]:
        """The configurations of the rows; one that cannot be read is logged and does not hide the others."""
        for row in rows:
            try:
                yield configuration_from_row(row)
            except sqlite3.OperationalError as error:
                log.error(  # noqa: TRY400 - the cause is in the line; the trace adds nothing
                    "unreadable item left out",
                    extra={
                        "event": Event.ITEM_UNREADABLE,
                        "path": str(self._path),
                        "config_id": row[0],
                        "cause": str(error.__cause__),
                    },
                )


def _insert_tombstones(
    execute: Callable[..., sqlite3.Cursor], user_id: str, creates: Iterable[tuple[str, str | None]], *, now: datetime
) -> None:
    """The tombstones of creates that had a key; the user's expired ones are deleted."""
    execute(f"{_PURGE_TOMBSTONES} AND user_id = ?", (text_from_time(now), user_id))
    for config_id, fingerprint in creates:
        if (tombstone := Tombstone.of_create(config_id, fingerprint, deleted_at=now)) is not None:
            execute(_INSERT_TOMBSTONE, (user_id, *row_from_tombstone(tombstone)))


def _clock_is_plausible(execute: Callable[..., sqlite3.Cursor], now: datetime) -> bool:
    """Whether the service was in use on some of the last days before `now`: not so after the clock jumped forward."""
    recent = text_from_time(now - RECENT), text_from_time(now)
    (days,) = execute(_COUNT_DAYS_IN_USE, recent).fetchone()
    return bool(days >= MIN_DAYS_IN_USE)


def _find_replay(
    read: Callable[[str, tuple[str, str]], Sequence[Row]],
    key: tuple[str, str],
    request_fingerprint: str | None,
    *,
    now: datetime,
) -> AddResult | None:
    for row in read(_GET, key):
        return AddResult.replay(configuration_from_row(row), request_fingerprint)
    for row in read(_GET_TOMBSTONE, key):
        tombstone = tombstone_from_row(row)
        if not tombstone.is_expired(now):
            tombstone.refuse(request_fingerprint)
    return None
