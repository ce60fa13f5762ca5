"""The time of an operation on SQLite by the number of users, and of configurations per user."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from adapters.sqlite.rows import row_from_configuration
from adapters.sqlite.store import _INSERT, SQLiteStore
from benchmarks.plots import Plot
from benchmarks.report import Section
from domain.configurations import Configuration
from tests.builders import APPLE, BERKSHIRE, NOW, a_configuration

USERS = (1, 10, 100, 1_000, 10_000)
HELD = (1, 2, 5, 10, 20, 50, 100)
SAMPLES = 100
LIMIT = 1_000
OPERATIONS = ("list", "get", "create", "update", "delete")


def measure() -> list[Section]:
    """One table by users, and one by configurations per user."""
    with a_store() as store:
        by_users, users = {}, 0
        for size in USERS:
            fill(store, (f"user-{number}" for number in range(users, size)), held=2)
            users = size
            by_users[size] = costs(store, [f"user-{random.Random(size).randrange(size)}" for _ in range(SAMPLES)])
    with a_store() as store:
        by_held = {}
        for held in HELD:
            names = [f"user-{held}-{number}" for number in range(10)]
            fill(store, names, held=held)
            by_held[held] = costs(store, (names * SAMPLES)[:SAMPLES])
    return [
        _section(
            "Growth: users",
            "The SQLite store itself, `synchronous=FULL`; each user has two configurations. Median milliseconds of "
            f"{SAMPLES} operations for random users. All should be constant: the rows of "
            "a user are stored next to each other.",
            "users",
            by_users,
            Plot("Cost of an operation by the number of users", "users", "ms", _lines(by_users), logarithmic=True),
            "growth-users",
        ),
        _section(
            "Growth: configurations of one user",
            "The same by the number of configurations of the user. A list grows with its result, and a create "
            "counts the user's rows; the others should be constant. The largest limit that can be set is 100.",
            "configurations",
            by_held,
            Plot(
                "Cost of an operation by what the user holds", "configurations", "ms", _lines(by_held), logarithmic=True
            ),
            "growth-configurations",
        ),
    ]


def costs(store: SQLiteStore, users: Sequence[str]) -> Mapping[str, float]:
    """The median of each operation in milliseconds. Afterwards the stored configurations are the same as before."""
    times: dict[str, list[float]] = {operation: [] for operation in OPERATIONS}
    for user in users:
        extra = a_configuration(user)
        acts: Mapping[str, Callable[[], object]] = {
            "create": partial(store.add, extra, limit=LIMIT),
            "list": partial(store.list, user),
            "get": partial(store.get, user, extra.config_id),
            "update": partial(store.update, user, extra.config_id, _renamed),
            "delete": partial(store.remove, user, extra.config_id, now=NOW),
        }
        for operation, act in acts.items():
            began = time.perf_counter()
            act()
            times[operation].append((time.perf_counter() - began) * 1000)
    return {operation: statistics.median(measured) for operation, measured in times.items()}


def fill(store: SQLiteStore, users: Iterator[str] | Sequence[str], *, held: int) -> None:
    """Insert `held` configurations for each user in one transaction, as ten thousand creates would take a minute."""
    with store._transaction() as execute:
        for user in users:
            for _ in range(held):
                execute(_INSERT, row_from_configuration(a_configuration(user, APPLE, BERKSHIRE)))


@contextmanager
def a_store() -> Iterator[SQLiteStore]:
    """An empty store."""
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(SQLiteStore(Path(directory) / "store.sqlite3", rng=random.Random(1))) as store,
    ):
        yield store


def _renamed(configuration: Configuration) -> Configuration:
    return replace(configuration, name="Renamed", revision=str(uuid4()))


def _lines(found: Mapping[int, Mapping[str, float]]) -> Mapping[str, Sequence[tuple[float, float]]]:
    return {
        name: [(size, costs_[name]) for size, costs_ in found.items()] for name in ("list", "get", "create", "update")
    }


def _section(
    title: str, about: str, size: str, found: Mapping[int, Mapping[str, float]], plot: Plot, name: str
) -> Section:
    rows = [(f"{each:,}", *(f"{costs_[operation]:.3f}" for operation in OPERATIONS)) for each, costs_ in found.items()]
    return Section(title, about, (size, *OPERATIONS), rows, {name: plot})
