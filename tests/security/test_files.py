"""What lies on a disk is its owner's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.memory import MemoryStore
from entrypoints.settings import StoreKind
from tests.api.conftest import MakeApp


@pytest.fixture
def _open_handed() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_handed")
@pytest.mark.parametrize("store", [None, MemoryStore()], ids=["with the database", "alone"])
def test_nobody_else_may_read_the_key_that_is_made(
    make_app: MakeApp, tmp_path: Path, store: MemoryStore | None
) -> None:
    path = tmp_path / "var" / "db.sqlite3"

    make_app(store=store, settings={"store": StoreKind.SQLITE, "sqlite_path": path, "secret_keys": ()})

    assert stat.S_IMODE(path.with_suffix(".key").stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not list(path.parent.glob("*.key.*"))
