"""A process that stores configurations and says so for each, until it is killed or refused."""

from __future__ import annotations

import random
import resource
import sys
from pathlib import Path

from adapters.sqlite.store import SQLiteStore
from domain.errors import StoreUnavailable
from entrypoints import logs
from tests.builders import a_configuration


def write_until_killed(path: Path, user: str) -> None:
    store = SQLiteStore(path, rng=random.Random(0))
    while True:
        configuration = a_configuration(user)
        store.add(configuration, limit=1_000_000)
        say(configuration.config_id)


def write_until_the_disk_is_full(path: Path, user: str) -> None:
    """No file of ours may grow beyond 300 KB; then it may again."""
    store = SQLiteStore(path, rng=random.Random(0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most))
    try:
        while True:
            configuration = a_configuration(user, name="x" * 50)
            store.add(configuration, limit=1_000_000)
            say(configuration.config_id)
    except StoreUnavailable:
        say("full")
    store.list(user)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    configuration = a_configuration(user)
    store.add(configuration, limit=1_000_000)
    say(configuration.config_id)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logs.configure("INFO")
    act = {"until-killed": write_until_killed, "until-full": write_until_the_disk_is_full}[sys.argv[1]]
    act(Path(sys.argv[2]), sys.argv[3])
