"""A profile of a warm request: `python -m benchmarks.profile create`.

The service with recorded responses of DynamoDB, under pyinstrument. A raw boto3 call also takes the time below
`botocore`.
"""

from __future__ import annotations

import argparse
import sys
import time

from pyinstrument import Profiler

import verification.environment.credentials  # noqa: F401 - removes the developer's AWS credentials from the environment
from benchmarks.bench_requests import OPERATIONS, WARM_UP, all_contenders, play, request_of, silence
from verification.environment.ministack import ministack

REQUESTS = 3_000
INTERVAL = 0.0002
"""Seconds between two samples; a request takes about five of them."""


def main() -> None:
    """Profile one operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", nargs="?", choices=OPERATIONS, default="list")
    request = request_of(parser.parse_args().operation, config_id="any")
    with ministack() as endpoint, silence():
        name, service = next(all_contenders(endpoint))
        assert service is not None
        play({name: service}, WARM_UP, time.perf_counter)
        service.wire.replay()
        method, path, body = request
        user = service.new_user()
        with Profiler(interval=INTERVAL) as profiler:
            for _ in range(REQUESTS):
                service.handle(method, path, user, body)
    print(profiler.output_text(color=sys.stdout.isatty(), show_all=True))


if __name__ == "__main__":
    main()
