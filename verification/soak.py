"""The history test for as long as you like: `python -m verification.soak --minutes 20 --seed 7`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import verification.environment.credentials  # noqa: F401 made-up ones
from verification.environment.fault_proxy import at_random, fault_proxy
from verification.environment.ministack import a_table, ministack
from verification.environment.service import dynamodb_settings, serving
from verification.history import CLIENTS, History, miscounts, record, settled_share

USERS, REQUESTS_EACH = 10, 15
RESTART_EVERY = 10
"""Rounds. A restart takes longer than a round."""


def soak(minutes: float, seed: int) -> bool:
    """Run rounds until the time is over and print the sums. Returns whether every promise was kept."""
    say(f"seed {seed}, {minutes} minutes, {USERS * CLIENTS} clients, 30 % of the calls to DynamoDB fail")
    end = time.monotonic() + minutes * 60
    histories: list[History] = []
    broken: list[str] = []
    checking, restarts = 0.0, 0
    with ministack() as aws, fault_proxy(aws) as proxy, tempfile.TemporaryDirectory() as directory:
        table = a_table(aws)
        proxy.plan = at_random(0.3, seed=seed)
        with serving(dynamodb_settings(proxy.endpoint, table), Path(directory) / "log") as service:
            number = 0
            while time.monotonic() < end:
                restart = int(number % RESTART_EVERY == 1)
                found = record(service, seed=seed + number, users=USERS, requests_each=REQUESTS_EACH, restarts=restart)
                began = time.monotonic()
                broken += [violation for history in found if (violation := history.violation())]
                checking += time.monotonic() - began
                histories += found
                restarts += restart
                number += 1
                proxy.script()
                if number % 10 == 0:
                    say(f"{sum(len(history.events) for history in histories)} operations, {len(broken)} violations")
        broken += miscounts(aws, table)
    summary = _summary(histories) | {
        "seed": seed,
        "restarts": restarts,
        "checked_in_seconds": round(checking, 1),
        "violations": broken[:20],
    }
    say(json.dumps(summary, indent=2))
    return not broken and settled_share(histories) >= 0.999


def _summary(histories: Sequence[History]) -> dict[str, object]:
    events = [event for history in histories for event in history.events]
    seconds = sorted(second for history in histories for second in history.seconds)
    return {
        "users": len(histories),
        "operations": len(events),
        "settled_at_first_ask": round(settled_share(histories), 6),
        "refusals": dict(Counter(refusal for history in histories for refusal in history.refusals)),
        "seconds": {str(share): round(seconds[int(len(seconds) * share)], 3) for share in (0.5, 0.9, 0.99, 0.999)},
        "outcomes": dict(Counter(f"{event.operation.kind}: {event.outcome}" for event in events).most_common()),
    }


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Exit with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    sys.exit(not soak(arguments.minutes, arguments.seed))


if __name__ == "__main__":
    main()
