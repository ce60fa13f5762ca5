"""Repeat the test suite in random order while every core is busy, and list each failed test with its seed.

Hypothesis tries new examples in each run. The output of a run that failed is kept in .cache/.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

OUTPUTS = Path(__file__).resolve().parent.parent / ".cache"
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def keep_core_busy() -> None:
    """Keep one core busy until the process is terminated."""
    while True:
        pass


def run(seed: int, arguments: list[str]) -> list[str]:
    """Run the suite once; the tests that failed."""
    workers = ["-n", "2", "--dist", "loadgroup"]
    command = [sys.executable, "-m", "pytest", "-q", *workers, "-p", "randomly", "--hypothesis-profile", "explore"]
    done = subprocess.run(
        [*command, f"--randomly-seed={seed}", *arguments], capture_output=True, text=True, check=False
    )
    failed = FAILED.findall(done.stdout)
    if done.returncode and not failed:
        sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    if failed:
        OUTPUTS.mkdir(exist_ok=True)
        (OUTPUTS / f"steady-{seed}.txt").write_text(done.stdout, encoding="utf-8")
    return failed


def main() -> None:
    """Exits with 1 if a test failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often (default: %(default)s)")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help='for pytest, after "--"')
    options = parser.parse_args()
    busy = [multiprocessing.Process(target=keep_core_busy, daemon=True) for _ in range(2 * (os.cpu_count() or 1))]
    for process in busy:
        process.start()
    failures: list[tuple[int, str]] = []
    try:
        for number in range(1, options.runs + 1):
            seed, started = random.randrange(2**32), time.monotonic()
            failed = run(seed, options.arguments)
            failures += [(seed, test) for test in failed]
            seconds = time.monotonic() - started
            print(f"run {number} of {options.runs}, seed {seed}: {len(failed)} failed, {seconds:.0f} s", flush=True)
    finally:
        for process in busy:
            process.terminate()
            process.join()
    for seed, test in failures:
        print(f"FAILED {test}  (repeat: pytest -p randomly --randomly-seed={seed} {test})")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
