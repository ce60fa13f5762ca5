"""Where the time of a warm request goes: `python -m benchmarks.profile create`.

Ours, on a DynamoDB that answers at once, under pyinstrument. What stands below `botocore` the floor pays as well.
"""

from __future__ import annotations

import argparse
import sys
import time

from pyinstrument import Profiler

from benchmarks.bench_requests import OPERATIONS, WARM_UP, all_contestants, play, request_of, silence
from tests import conftest  # noqa: F401 - no measurement may find a developer's credentials
from tests.support.ministack import ministack

REQUESTS = 3_000
INTERVAL = 0.0002
"""Seconds between two looks; a request takes some five of them."""


def main() -> None:
    """Profile one operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", nargs="?", choices=OPERATIONS, default="list")
    request = request_of(parser.parse_args().operation, config_id="any")
    with ministack() as endpoint, silence():
        name, ours = next(all_contestants(endpoint))
        assert ours is not None
        play({name: ours}, WARM_UP, time.perf_counter)
        ours.wire.replay()
        method, path, body = request
        user = ours.new_user()
        with Profiler(interval=INTERVAL) as profiler:
            for _ in range(REQUESTS):
                ours.handle(method, path, user, body)
    print(profiler.output_text(color=sys.stdout.isatty(), show_all=True))


if __name__ == "__main__":
    main()
