"""Databases of other applications, and of earlier and later schema versions."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite import schema
from adapters.sqlite.rows import COLUMNS, row_from_configuration
from adapters.sqlite.schema import MIGRATIONS
from tests.builders import NOW, a_configuration
from tests.robustness.conftest import OpenStore, assert_start_refused, database


@pytest.mark.parametrize("statement", ["CREATE TABLE t (x)", "PRAGMA user_version=1", "PRAGMA application_id=7"])
def test_the_database_of_another_application_stops_the_start_unchanged(
    open_store: OpenStore, path: Path, statement: str
) -> None:
    with database(path) as other:
        other.execute(statement)
    before = path.read_bytes()

    assert_start_refused(open_store, path, "another application")

    assert path.read_bytes() == before


def test_the_database_of_a_newer_release_stops_the_start_unchanged(open_store: OpenStore, path: Path) -> None:
    open_store()
    newer = len(MIGRATIONS) + 1
    with database(path) as other:
        other.execute(f"PRAGMA user_version={newer}")

        assert_start_refused(open_store, path, "newer release")

        assert other.execute("PRAGMA user_version").fetchone() == (newer,)


def test_a_database_is_migrated_while_the_older_release_still_runs(
    open_store: OpenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, before = open_store(), a_configuration()
    older.add(before, limit=9)
    migration = ("ALTER TABLE configurations ADD COLUMN note TEXT",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, migration))

    newer, after = open_store(), a_configuration(at=NOW + timedelta(days=1))
    with database(path) as other:
        other.execute("UPDATE configurations SET note = 'kept'")
        older.add(after, limit=9)
        renamed = older.update("ann", before.config_id, lambda current: replace(current, name="Renamed"))

        assert newer.list("ann") == (after, renamed)
        notes = other.execute("SELECT note FROM configurations ORDER BY created_at").fetchall()
        assert notes == [("kept",), (None,)]


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_earlier_schema_version_is_migrated(
    open_store: OpenStore, path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    configuration = a_configuration()
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "MIGRATIONS", MIGRATIONS[: version + 1])
        open_store().close()
    with database(path) as other:
        marks = ", ".join("?" * len(row_from_configuration(configuration)))
        other.execute(f"INSERT INTO configurations ({COLUMNS}) VALUES ({marks})", row_from_configuration(configuration))

    store = open_store()

    assert store.list("ann") == (configuration,)
    store.check()


def test_a_failed_migration_changes_nothing(open_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    older, configuration = open_store(), a_configuration()
    older.add(configuration, limit=9)
    migration = ("DELETE FROM configurations", "NO SUCH STATEMENT")
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, migration))

    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        open_store()

    assert older.list("ann") == (configuration,)
