"""When the machine fails the embedded store, nothing that was answered is lost, and each failure says its way out."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from adapters import sqlite
from adapters.sqlite import MIGRATIONS, RETRY, DatabaseUnusable, SQLiteStore
from domain.deadline import within
from domain.errors import LimitReached, NotFound, StoreUnavailable
from tests.builders import NOW, a_configuration
from tests.contract.stages import Interruption, SQLiteStage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config-api.sqlite3"


def a_store(path: Path, seed: int = 0) -> SQLiteStore:
    return SQLiteStore(path, rng=random.Random(seed))


# --- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_writers_are_killed_again_and_again(path: Path) -> None:
    acknowledged: dict[str, list[str]] = {}
    for round_ in range(4):
        writers = {f"writer-{round_}-{i}": _a_writer("until-killed", path, f"writer-{round_}-{i}") for i in range(2)}
        for name, writer in writers.items():
            assert writer.stdout is not None
            acknowledged[name] = [writer.stdout.readline() for _ in range(1 + 7 * round_)]
        for name, writer in writers.items():
            with writer:
                writer.kill()
                assert writer.stdout is not None
                acknowledged[name] += writer.stdout.readlines()

    store = a_store(path)
    for name, lines in acknowledged.items():
        stored = {configuration.config_id for configuration in store.list(name)}
        said = {line.strip() for line in lines if line.endswith("\n")}  # not what it was about to say
        assert said <= stored
        assert len(stored - said) <= 1  # stored, and killed before it could say so
    with store._lent() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.slow
def test_a_file_that_may_not_grow_loses_nothing_and_is_written_again_when_it_may(path: Path) -> None:
    writer = _a_writer("until-full", path, "ann")
    out, error = writer.communicate(timeout=30)

    assert writer.returncode == 0, error
    before, _, after = out.partition("full\n")
    said = set((before + after).split())
    assert len(said) > 10
    assert after
    assert {configuration.config_id for configuration in a_store(path).list("ann")} == said
    assert str(path) in error
    assert "file system" in error


def test_a_full_disk_refuses_in_our_words_and_loses_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = a_store(path)
    with store._lent() as connection:  # the next act takes the same connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 2}")
    kept: list[str] = []

    def fill() -> None:
        while True:
            configuration = a_configuration(name="x" * 50)
            store.add(configuration, limit=1000)
            kept.append(configuration.config_id)

    with pytest.raises(StoreUnavailable):
        fill()

    assert kept
    assert {each.config_id for each in store.list("ann")} == set(kept)
    assert "make room" in _remedy(caplog)
    store.remove("ann", kept[0])


@pytest.mark.slow
def test_a_fork_inherits_neither_connections_nor_a_write_that_was_going_on(path: Path) -> None:
    script = (
        "import os, random, sys; from pathlib import Path; from adapters.sqlite import SQLiteStore;"
        "from tests.builders import a_configuration;"
        "store = SQLiteStore(Path(sys.argv[1]), rng=random.Random(0)); store.add(a_configuration(), limit=9);"
        "parents = store._idle[0]; store._turn.acquire(); child = os.fork(); child and store._turn.release();"
        "store.add(a_configuration(), limit=9);"
        "assert (store._idle[0] is parents) == bool(child);"
        "child and sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert len(a_store(path).list("ann")) == 3


def test_a_store_opened_before_a_fork_leaves_nothing_open_to_inherit(path: Path) -> None:
    assert a_store(path)._idle == []


def test_what_is_written_is_on_the_disk_before_it_is_answered(path: Path) -> None:
    with a_store(path)._lent() as connection:
        settings = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")]

    assert settings == [("wal",), (2,)]  # 2 is FULL


# --- several at once --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_several_processes_may_start_at_once_on_no_file_at_all(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(4)

    with ProcessPoolExecutor(4, mp_context=spawn, initializer=_meet, initargs=(together,)) as crowd:
        for round_ in range(3):
            database = path.with_name(f"round-{round_}") / "config-api.sqlite3"
            assert sorted(crowd.map(_start_and_add, [database] * 4)) == [False, False, True, True]
            assert len(a_store(database).list("ann")) == 2


def test_a_write_waits_for_another_s_end(path: Path) -> None:
    stage = SQLiteStage(path)
    store, waiting = stage.open(), Event()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def end() -> None:
            waiting.wait()
            other.execute("COMMIT")

        with ThreadPoolExecutor(1) as thread, stage.interrupt(store, Interruption(0, waiting.set)):
            ended = thread.submit(end)
            store.add(a_configuration(), limit=1)
            ended.result()

    assert len(store.list("ann")) == 1


def test_a_write_is_never_turned_away_by_one_that_came_between(path: Path) -> None:
    stage = SQLiteStage(path)
    seam, happened = 0, True
    while happened:
        ours, theirs = stage.open(), stage.open()

        def rival(theirs: SQLiteStore = theirs) -> None:
            with within(0):
                try:
                    theirs.add(a_configuration(), limit=1000)
                except StoreUnavailable:
                    return

        interruption = Interruption(seam, rival)
        with stage.interrupt(ours, interruption):
            ours.add(a_configuration(), limit=1000)
        seam, happened = seam + 1, interruption.happened
    assert seam > 3


def test_a_reader_never_waits_for_a_writer(path: Path) -> None:
    store = a_store(path)
    configuration = a_configuration()
    store.add(configuration, limit=1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, within(0):
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM configurations")

        assert store.list("ann") == (configuration,)
        assert store.get("ann", configuration.config_id) == configuration


def test_a_lock_that_outlasts_the_deadline_is_refused_in_our_words(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = a_store(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with within(0):
            for act in (lambda: store.add(a_configuration(), limit=1), store.check, lambda: store.remove("ann", "x")):
                with pytest.raises(StoreUnavailable):
                    act()

    with store._turn, within(0), pytest.raises(StoreUnavailable):  # the others may be our own threads
        store.check()

    assert "Another process holds the database" in _remedy(caplog)
    store.add(a_configuration(), limit=1)


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(4.97, 4900), (5.0, 5000), (0.1, 100), (0.09, 0), (0, 0), (-3, 0)]
)
def test_a_connection_waits_no_longer_than_there_is_time(path: Path, seconds: float, milliseconds: int) -> None:
    store = a_store(path)
    with store._lent() as connection:
        connection.wait_up_to(seconds)

        assert connection.execute("PRAGMA busy_timeout").fetchone() == (milliseconds,)


def test_without_a_deadline_a_write_waits_as_long_as_it_was_told_to(path: Path) -> None:
    store = SQLiteStore(path, rng=random.Random(0), patience=1.5)
    with store._lent() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (1500,)
    with within(0.1), store._lent() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (0,)
    with store._lent() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (1500,)


def test_threads_that_came_and_went_leave_no_connection_each(path: Path) -> None:
    store = a_store(path)

    for _ in range(5):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(store.list, "ann").result()

    assert len(store._idle) == 1


def test_each_thread_that_is_at_work_has_a_connection_of_its_own(path: Path) -> None:
    store, together = a_store(path), Barrier(3)

    def work(_: int) -> int:
        with store._lent() as connection:
            together.wait()
            return id(connection)

    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(work, range(3)))) == 3
    store.close()
    assert store._idle == []
    assert store.list("ann") == ()


# --- files that cannot be used ----------------------------------------------------------------------------------------


def test_a_path_in_a_directory_that_does_not_exist_yet_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ä b%20?#.sqlite3"

    a_store(path).add(a_configuration(), limit=1)

    assert path.is_file()


def test_nobody_else_may_read_what_people_keep(tmp_path: Path) -> None:
    path = tmp_path / "var" / "config-api.sqlite3"
    store = a_store(path)
    store.add(a_configuration(), limit=1)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert set(modes.values()) == {0o600}
    assert f"{path.name}-wal" in modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_directory_in_the_place_of_the_file_stops_the_start(path: Path) -> None:
    path.mkdir()

    _refuses_to_start(path, "It must be a file")


def test_a_file_in_the_place_of_the_directory_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")

    _refuses_to_start(tmp_path / "var" / "config-api.sqlite3", "in a directory that the service's user may write")


@pytest.mark.parametrize("content", [b"not a database, and long enough to be looked at" * 50, b"SQLite format 3\0" * 9])
def test_a_file_that_is_no_database_stops_the_start_and_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    _refuses_to_start(path, "restore a backup")

    assert path.read_bytes() == content


def test_another_application_s_database_stops_the_start_and_is_left_alone(path: Path) -> None:
    for statement in ("CREATE TABLE theirs (x)", "PRAGMA user_version=1", "PRAGMA application_id=7"):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as theirs:
            theirs.execute(statement)
            theirs.commit()
        before = path.read_bytes()

        _refuses_to_start(path, "another application")

        assert path.read_bytes() == before


def test_a_locked_file_stops_the_start_after_a_while(path: Path) -> None:
    a_store(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnusable, match="Another process holds the database"):
            SQLiteStore(path, rng=random.Random(0), patience=0)


def test_a_rival_that_starts_at_once_does_not_keep_us_from_the_write_ahead_log(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_write_ahead_log(path)
    steps = []
    with closing(sqlite3.connect(path, isolation_level=None)) as rival:

        class InTheMiddle(sqlite._Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                steps.append(sql)
                if sql == "PRAGMA journal_mode=WAL" and steps.count(sql) == 1:
                    rival.execute("BEGIN IMMEDIATE")
                if sql == "BEGIN EXCLUSIVE":
                    rival.execute("COMMIT")
                return super().execute(sql, *parameters)

        monkeypatch.setattr(sqlite, "_Connection", InTheMiddle)
        with a_store(path)._lent() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    assert steps.count("PRAGMA journal_mode=WAL") == 2


def test_a_file_system_without_shared_memory_stops_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutSharedMemory(sqlite._Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("=WAL", "=DELETE"), *parameters)

    monkeypatch.setattr(sqlite, "_Connection", WithoutSharedMemory)

    _refuses_to_start(path, "Put it on a local disk")


def test_a_damaged_page_is_refused_in_our_words(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = a_store(path)
    for _ in range(200):
        store.add(a_configuration(), limit=1000)
    store.close()  # what was written is in the file now
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)

    for act in (lambda: store.list("ann"), lambda: store.add(a_configuration(), limit=1000)):
        with pytest.raises(StoreUnavailable):
            act()

    assert "The file is damaged" in _remedy(caplog)


@pytest.mark.parametrize(
    "damage",
    [
        "tickers = '[{'",
        "tickers = '[1]'",
        'tickers = \'[{"symbol": "AAPL"}]\'',
        "created_at = 'yesterday'",
        "updated_at = 7",
        "name = CAST(x'ff' AS TEXT)",
    ],
)
def test_a_row_that_makes_no_sense_is_refused_in_our_words(
    path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    store = a_store(path)
    store.add(a_configuration(), limit=1)
    with store._lent() as connection:
        connection.execute(f"UPDATE configurations SET {damage}")

    with pytest.raises(StoreUnavailable):
        store.list("ann")

    assert "The file is damaged" in _remedy(caplog)


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that anybody can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_file_stops_the_start(shared_directory: Path) -> None:
    path = shared_directory / "config-api.sqlite3"
    a_store(path).add(a_configuration(), limit=1)
    path.chmod(0o444)

    for mode in (0o755, 0o777):
        shared_directory.chmod(mode)
        with _somebody_without_privileges():
            _refuses_to_start(path, "the service's user")


def test_a_directory_that_may_not_be_written_stops_the_start(shared_directory: Path) -> None:
    shared_directory.chmod(0o555)

    with _somebody_without_privileges():
        _refuses_to_start(shared_directory / "config-api.sqlite3", "the service's user may write")


def test_a_file_that_becomes_read_only_refuses_writes_until_it_is_mended(
    shared_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = shared_directory / "config-api.sqlite3"
    shared_directory.chmod(0o777)
    with _somebody_without_privileges():
        store = a_store(path)
        store.add(a_configuration(), limit=2)
        store.close()
        path.chmod(0o444)

        for act in (lambda: store.add(a_configuration(), limit=2), store.check):
            with pytest.raises(StoreUnavailable):
                act()
        assert len(store.list("ann")) == 1

        store.close()
        for file in shared_directory.iterdir():  # SQLite gives the files beside it the mode of the first
            file.chmod(0o600)
        store.add(a_configuration(), limit=2)
    assert "the service's user write" in _remedy(caplog)


def test_a_file_that_went_away_or_was_replaced_takes_no_write_that_nobody_would_find(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, aside = a_store(path), path.with_name("aside")
    store.add(a_configuration(), limit=9)
    path.rename(aside)

    for act in (lambda: store.add(a_configuration(), limit=9), store.check):
        with pytest.raises(StoreUnavailable):
            act()
    assert not path.exists()
    assert "put it back, or restart" in _remedy(caplog)

    path.write_bytes(aside.read_bytes())
    with pytest.raises(StoreUnavailable):
        store.add(a_configuration(), limit=9)
    with store._lent(), pytest.raises(StoreUnavailable):  # the idle one is taken: this opens another
        store.list("ann")

    aside.replace(path)
    store.add(a_configuration(), limit=9)
    assert len(store.list("ann")) == 2


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_failure_names_the_file_to_the_operator_and_never_to_the_caller(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = a_store(path)
    path.unlink()

    with pytest.raises(StoreUnavailable) as refusal:
        store.check()

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert vars(record)["path"] == str(path)
    assert vars(record)["sqlite_error"]
    assert str(path) not in str(refusal.value)


def test_a_crowd_that_was_refused_does_not_come_back_at_once(path: Path) -> None:
    store = a_store(path, seed=1)
    path.unlink()
    waits: list[timedelta] = []
    for _ in range(50):
        with pytest.raises(StoreUnavailable) as refusal:
            store.check()
        waits.append(refusal.value.retry_after)

    low, high = RETRY
    assert all(low <= wait <= high for wait in waits)
    assert max(waits) - min(waits) > (high - low) / 2


def test_a_mistake_of_ours_is_not_called_an_outage(path: Path) -> None:
    store = a_store(path)
    with pytest.raises(sqlite3.Error, match=r"not supported|binding"):
        store.add(a_configuration(name=object()), limit=1)  # no such value is ever made
    with store._lent() as connection:
        connection.execute("DROP TABLE configurations")

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.list("ann")


# --- the schema -------------------------------------------------------------------------------------------------------


def test_a_newer_release_s_database_stops_the_start_and_is_left_alone(path: Path) -> None:
    store = a_store(path)
    with store._lent() as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")

    _refuses_to_start(path, "newer release")

    with store._lent() as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


def test_an_older_release_s_database_is_brought_up_to_date_while_that_release_still_runs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, before = a_store(path), a_configuration()
    older.add(before, limit=9)
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*MIGRATIONS, ("ALTER TABLE configurations ADD COLUMN note TEXT",)))

    newer, after = a_store(path), a_configuration(at=NOW + timedelta(days=1))
    with newer._lent() as connection:
        connection.execute("UPDATE configurations SET note = 'kept'")
    older.add(after, limit=9)
    renamed = older.update("ann", before.config_id, lambda current: replace(current, name="Renamed"))

    assert newer.list("ann") == (after, renamed)
    with newer._lent() as connection:
        assert connection.execute("SELECT note FROM configurations ORDER BY created_at").fetchall() == [
            ("kept",),
            (None,),
        ]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older, configuration = a_store(path), a_configuration()
    older.add(configuration, limit=9)
    monkeypatch.setattr(sqlite, "MIGRATIONS", (*MIGRATIONS, ("DELETE FROM configurations", "NO SUCH STATEMENT")))

    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        a_store(path)

    assert older.list("ann") == (configuration,)


# --- age --------------------------------------------------------------------------------------------------------------


def test_a_purge_deletes_what_expired_and_nothing_else(path: Path) -> None:
    store = a_store(path)
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


# --- how it is played -------------------------------------------------------------------------------------------------


def _a_writer(act: str, path: Path, user: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.robustness.writer", act, str(path), user]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _without_write_ahead_log(path: Path) -> None:
    store = a_store(path)
    with store._lent() as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    store.close()


def _remedy(caplog: pytest.LogCaptureFixture) -> str:
    (remedy,) = {vars(record)["remedy"] for record in caplog.records}
    assert isinstance(remedy, str)
    return remedy


def _refuses_to_start(path: Path, remedy: str) -> None:
    with pytest.raises(DatabaseUnusable) as refusal:
        a_store(path)
    assert str(path) in str(refusal.value)
    assert remedy in str(refusal.value)
    assert "None" not in str(refusal.value)


@contextmanager
def _somebody_without_privileges() -> Iterator[None]:
    """File modes say nothing to root; everybody else has them respected already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def _meet(barrier: Barrier) -> None:
    global _together  # noqa: PLW0603 - a pool's process has no other place for what it is born with
    _together = barrier


_together: Barrier


def _start_and_add(path: Path) -> bool:
    _together.wait()
    try:
        a_store(path).add(a_configuration(), limit=2)
    except LimitReached:
        return False
    return True
