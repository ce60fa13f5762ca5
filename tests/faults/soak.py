"""The history test for as long as you like: `python -m tests.faults.soak --minutes 20 --seed 7`."""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import time
from collections import Counter

import tests.conftest  # noqa: F401 no credentials but made-up ones
from tests.faults.history import CLIENTS, ConfigurationList, Outcome, play, violations
from tests.support.fault_proxy import at_random, fault_proxy
from tests.support.ministack import a_dynamodb_store, a_table, ministack, read_state

USERS, REQUESTS_EACH = 12, 40


class GivenUp(logging.Handler):
    """Counts why requests were given up, instead of a line for each."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.reasons[record.__dict__.get("reason", record.getMessage())] += 1


def soak(minutes: float, seed: int) -> bool:
    """Play rounds until the time is over, print the sums; whether every promise was kept."""
    say(f"seed {seed}, {minutes} minutes, {USERS * CLIENTS} clients, 30 % of the calls fail")
    logging.getLogger("adapters").addHandler(given_up := GivenUp())
    end = time.monotonic() + minutes * 60
    broken: list[str] = []
    outcomes: Counter[str] = Counter()
    waits: list[float] = []
    with ministack() as aws, fault_proxy(aws) as proxy:
        table = a_table(aws)
        stores = [a_dynamodb_store(proxy.endpoint, table, seed=seed + number) for number in range(4)]
        proxy.plan = at_random(0.3, seed=seed)
        calls = 0
        for number in range(sys.maxsize):
            record = play(
                stores,
                lambda user: ConfigurationList(*read_state(aws, table, user)),
                seed=seed + number,
                users=USERS,
                requests_each=REQUESTS_EACH,
            )
            broken += violations(record)
            outcomes.update(request.outcome for request in record.requests)
            waits += [request.ended - request.started for request in record.requests]
            calls += len(proxy.calls)
            proxy.script()
            if number % 10 == 0:
                say(f"{sum(outcomes.values())} requests, {len(broken)} violations")
            if time.monotonic() > end:
                break
    waits.sort()
    requests = sum(outcomes.values())
    settled = 1 - outcomes[Outcome.UNSETTLED] / requests
    summary = {
        "seed": seed,
        "requests": requests,
        "calls": calls,
        "settled_at_first_ask": round(settled, 6),
        "seconds": {str(share): round(waits[int(requests * share)], 3) for share in (0.5, 0.9, 0.99, 0.999)},
        "outcomes": dict(outcomes),
        "given_up": dict(given_up.reasons),
        "violations": broken[:20],
    }
    say(json.dumps(summary, indent=2))
    return not broken and settled >= 0.999


def say(text: str) -> None:
    """Tell whoever watches."""
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
