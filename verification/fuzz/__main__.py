"""A long attack: `python -m verification.fuzz --requests 100000`."""

from __future__ import annotations

import argparse
import sys
import time

from verification.fuzz.attack import attack

MIB = 2**20


def main() -> None:
    """Run the attack and print its outcome; the exit status is 1 if there were complaints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    started = time.monotonic()
    outcome = attack(arguments.requests, seed=arguments.seed, warm_up=arguments.requests // 10)
    lines = [
        f"{arguments.requests:,} requests in {time.monotonic() - started:.0f} s, seed {arguments.seed}",
        f"answers: {dict(sorted(outcome.statuses.items()))}; the slowest took {outcome.slowest:.2f} s",
        f"memory: {outcome.resident_before / MIB:.1f} MiB when warm, {outcome.resident_after / MIB:.1f} at the end",
        *outcome.complaints,
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(outcome.complaints))


if __name__ == "__main__":
    main()
