"""The database file: its creation, its schema versions, and the write-ahead log."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from adapters.sqlite.errors import DatabaseUnusable, is_busy

APPLICATION_ID = int.from_bytes(b"CfgA")
"""Identifies the databases of this service (https://sqlite.org/pragma.html#pragma_application_id)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Without a rowid, the rows of one user are stored next to each other.
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
        """,
    ),
    (
        """
        CREATE TABLE tombstones (
            user_id TEXT NOT NULL,
            config_id TEXT NOT NULL,
            request_fingerprint TEXT NOT NULL,
            deleted_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            PRIMARY KEY (user_id, config_id)
        ) WITHOUT ROWID
        """,
        "CREATE TABLE health (id INTEGER PRIMARY KEY, checks INTEGER NOT NULL)",
    ),
)
"""The statements that lead from each schema version to the next. Append only; never edit a released one."""


def create_file(path: Path) -> None:
    """Create the file and its directory where they are missing, accessible to this user only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, mode=0o600))
    except FileExistsError:
        return


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to this release's version and switch to the write-ahead log.

    Of several processes that start at the same time, one migrates and the others wait.
    Raises DatabaseUnusable, sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application_id != APPLICATION_ID and (application_id or version or objects):
        raise DatabaseUnusable(f"{path} is the database of another application. Choose another path.")
    if version > len(MIGRATIONS):
        raise DatabaseUnusable(
            f"{path} was written by a newer release: its schema version is {version}, and this release knows "
            f"{len(MIGRATIONS)}. Start that release, or restore an older backup."
        )
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if version < len(MIGRATIONS):
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
    # BEGIN IMMEDIATE succeeds on a read-only file; only a write statement fails.
    connection.execute("DELETE FROM configurations WHERE 0")
    connection.execute("COMMIT")
    _switch_to_wal(connection, path)


def _switch_to_wal(connection: sqlite3.Connection, path: Path) -> None:
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            # The switch does not use the busy timeout; an exclusive transaction does.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        else:
            break
    if mode != "wal":
        raise DatabaseUnusable(f"{path} is on a file system without shared memory. Put it on a local disk.")
