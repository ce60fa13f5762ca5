"""The secret key of a SQLite installation, in a file beside the database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

MIN_LENGTH = 32
"""Characters. A shorter key weakens HMAC-SHA-256 (RFC 2104 §3)."""


class KeyFileUnusable(Exception):
    """The key file cannot be created or read, or holds no key; the message names it and the remedy."""


def local_key(database: Path) -> str:
    """The key in `<database>.key`, which the first process creates, readable by its owner only.

    A key file of an earlier release stays in use. Raises KeyFileUnusable.
    """
    path = database.with_name(f"{database.name}.key")
    # Nothing is created beside a directory or a device.
    if database.exists() and not database.is_file():
        raise KeyFileUnusable(f"{database} is not a file: choose the path of a file, which is created if it is missing")
    try:
        if not path.exists():
            path = _earlier_key_file(database) or path
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        problem = f"the key file {path} cannot be created or read ({error.strerror}): choose a path in a directory that"
        raise KeyFileUnusable(f"{problem} the service may write to, or set CONFIG_API_SECRET_KEYS") from error
    except UnicodeDecodeError:
        key = ""
    # Anyone could sign with an empty or guessable key.
    if len(key) < MIN_LENGTH:
        raise KeyFileUnusable(
            f"the key file {path} is damaged: restore it, or delete it, which ends all anonymous sessions"
        )
    return key


def _earlier_key_file(database: Path) -> Path | None:
    """The key file as earlier releases named it, if it belongs to this database.

    They replaced the suffix, so `app.dev` and `app.prod` shared `app.key`. A new database does not take over a file
    that another database uses.
    """
    earlier = database.with_suffix(".key")
    if earlier == database or not earlier.exists():
        return None
    others = {path for path in database.parent.iterdir() if path.stem == database.stem} - {database, earlier}
    return earlier if database.exists() or not others else None


def _create(path: Path) -> None:
    """Create the file with a new key atomically, unless another process does so first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    try:
        with draft.open("w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces a file.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
