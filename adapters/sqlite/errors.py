"""SQLite's error codes, and what an operator can do about each."""

from __future__ import annotations

import sqlite3

_LOCKED = "Another process holds the database for too long: look for an open shell or a backup."
_NOT_WRITABLE = "Give the service's user write access to the directory and to every file of this name in it."

_REMEDIES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: "The disk is full: free some space. Writes then work again without a restart.",
    sqlite3.SQLITE_IOERR: "The disk or a quota fails: check the file system. Writes then work again without a restart.",
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
    sqlite3.SQLITE_READONLY_DBMOVED: "The file was moved or replaced while in use: put it back, or restart.",
    sqlite3.SQLITE_CANTOPEN: "It must be a file, in a directory that the service's user may write.",
    sqlite3.SQLITE_PERM: _NOT_WRITABLE,
    sqlite3.SQLITE_CORRUPT: "The file is damaged: stop the service, restore a backup, or use sqlite3's `.recover`.",
    sqlite3.SQLITE_NOTADB: "The file is not a database of this service: choose another path, or restore a backup.",
}
"""By primary or extended result code (https://sqlite.org/rescode.html). Other codes are bugs of the service."""


class DatabaseUnusable(Exception):
    """The service cannot start on this file. The message names the file, the reason and the remedy."""


def remedy_for(error: sqlite3.Error) -> str | None:
    """What the operator can do; None if the error is a bug of the service."""
    # Python raises OperationalError without a code where a text is not UTF-8.
    default = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else sqlite3.SQLITE_ERROR
    code = getattr(error, "sqlite_errorcode", default)
    return _REMEDIES.get(code) or _REMEDIES.get(_primary(code))


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another connection holds the lock that the statement needs."""
    return _primary(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) == sqlite3.SQLITE_BUSY


def operational_error(code: int, message: str) -> sqlite3.OperationalError:
    """An error with SQLite's result code `code`, for conditions that SQLite itself does not detect."""
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def _primary(code: int) -> int:
    """The primary result code: the least significant byte (https://sqlite.org/rescode.html)."""
    return code & 0xFF
