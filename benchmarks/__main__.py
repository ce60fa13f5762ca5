"""`make bench`: all measurements, on the terminal and in docs/performance.md.

`python -m benchmarks served growth` runs only these and writes no page. `SHORT=1` in the environment reduces the
rounds to a fifth.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

import verification.environment.credentials  # noqa: F401 - removes the developer's AWS credentials from the environment
from benchmarks import bench_crowds, bench_growth, bench_requests, bench_served, bench_start
from benchmarks.report import Section, show, write

PAGE = Path("docs/performance.md")


def printed_by(module: str, title: str, about: str) -> Callable[[], list[Section]]:
    """A measurement in a module of its own, which prints its table."""

    def measure() -> list[Section]:
        command = [sys.executable, "-m", f"benchmarks.{module}"]
        text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return [Section(title, about, text=text)]

    return measure


MEASUREMENTS: Mapping[str, Callable[[], list[Section]]] = {
    "served": bench_served.measure,
    "requests": bench_requests.measure,
    "start": bench_start.measure,
    "tickers": printed_by("bench_tickers", "The ticker list", "In memory, compared with a plain implementation."),
    "page": printed_by("bench_page", "The dashboard", "The files that a browser loads, compressed."),
    "crowds": bench_crowds.measure,
    "growth": bench_growth.measure,
}


def main(names: list[str]) -> None:
    """Run the named measurements, or all."""
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"No such measurement: {', '.join(unknown)}. Choose from: {', '.join(MEASUREMENTS)}")
    console = Console()
    sections: list[Section] = []
    for name in names or MEASUREMENTS:
        for section in MEASUREMENTS[name]():
            show(console, section)
            sections.append(section)
    if not names and not os.environ.get("SHORT"):
        write(PAGE, sections)
        console.print(f"Written: {PAGE}, with its plots")


if __name__ == "__main__":
    main(sys.argv[1:])
