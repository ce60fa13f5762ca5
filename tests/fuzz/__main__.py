"""A long attack: `python -m tests.fuzz --requests 100000`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.attack import attack

MIB = 2**20


def main() -> None:
    """Attack, and say what came of it; the exit code says whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    began = time.monotonic()
    outcome = attack(asked.requests, seed=asked.seed, warm_up=asked.requests // 10)
    lines = [
        f"{asked.requests:,} requests in {time.monotonic() - began:.0f} s, seed {asked.seed}",
        f"answers: {dict(sorted(outcome.statuses.items()))}; the slowest took {outcome.slowest:.2f} s",
        f"memory: {outcome.resident_before / MIB:.1f} MiB when warm, {outcome.resident_after / MIB:.1f} in the end",
        *outcome.complaints,
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(outcome.complaints))


if __name__ == "__main__":
    main()
