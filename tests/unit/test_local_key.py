"""The key file beside a SQLite database."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.identity.local_key import MIN_LENGTH, KeyFileUnusable, local_key

KEY = "k" * MIN_LENGTH


@pytest.fixture
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_database_keeps_its_key(tmp_path: Path) -> None:
    first = local_key(tmp_path / "var" / "app.sqlite3")

    assert len(first) >= MIN_LENGTH
    assert local_key(tmp_path / "var" / "app.sqlite3") == first


def test_processes_that_start_at_once_use_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as processes:
        keys = set(processes.map(local_key, [tmp_path / "app.sqlite3"] * 32))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["app.sqlite3.key"]


@pytest.mark.parametrize("files", [[], ["app.dev"], ["app.dev", "app.dev-wal", "app.prod"]], ids=str)
def test_the_key_file_of_an_earlier_release_stays_in_use(tmp_path: Path, files: list[str]) -> None:
    (tmp_path / "app.key").write_text(f"{KEY}\n")
    for name in files:
        (tmp_path / name).touch()

    assert local_key(tmp_path / "app.dev") == KEY


def test_a_new_database_does_not_take_over_the_key_file_of_another_one(tmp_path: Path) -> None:
    (tmp_path / "app.key").write_text(KEY)
    (tmp_path / "app.dev").touch()

    assert local_key(tmp_path / "app.prod") != KEY
    assert local_key(tmp_path / "app.dev") == KEY


def test_a_database_is_not_read_as_a_key_file(tmp_path: Path) -> None:
    (tmp_path / "app.key").write_text("SQLite format 3" + "\0" * 100)

    assert "SQLite" not in local_key(tmp_path / "app.key")


@pytest.mark.parametrize("content", [b"", b"short", b" \n", b"\xff" * 40])
def test_a_damaged_key_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "app.sqlite3.key").write_bytes(content)

    with pytest.raises(KeyFileUnusable, match=r"app\.sqlite3\.key is damaged"):
        local_key(tmp_path / "app.sqlite3")


def test_a_path_below_a_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(KeyFileUnusable, match="CONFIG_API_SECRET_KEYS"):
        local_key(tmp_path / "file" / "app.sqlite3")


@pytest.mark.parametrize("database", [".", os.devnull])
def test_no_key_file_is_created_beside_a_directory_or_a_device(tmp_path: Path, database: str) -> None:
    with pytest.raises(KeyFileUnusable, match="is not a file"):
        local_key(tmp_path / database)

    assert list(tmp_path.parent.glob(f"{tmp_path.name}.key")) == []


@pytest.mark.usefixtures("_no_umask")
def test_only_the_owner_may_read_the_key_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "app.sqlite3"

    local_key(path)

    assert stat.S_IMODE((path.parent / "app.sqlite3.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
