"""A process that stores configurations and prints the id of each, until it is killed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from adapters.sqlite.store import SQLiteStore
from tests.builders import a_configuration

if __name__ == "__main__":
    store = SQLiteStore(Path(sys.argv[1]), rng=random.Random(0))
    while True:
        configuration = a_configuration(sys.argv[2])
        store.add(configuration, limit=1_000_000)
        sys.stdout.write(f"{configuration.config_id}\n")
        sys.stdout.flush()
