"""`make bench`: every measurement side by side, on the terminal and in docs/performance.md.

`python -m benchmarks served growth` makes only these, and writes no page.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from benchmarks import bench_crowds, bench_growth, bench_requests, bench_served, bench_start
from benchmarks.report import Section, show, write
from tests import conftest  # noqa: F401 - no measurement may find a developer's credentials

PAGE = Path("docs/performance.md")


def printed_by(module: str, title: str, about: str) -> Callable[[], list[Section]]:
    """A measurement that prints its own table."""

    def measure() -> list[Section]:
        command = [sys.executable, "-m", f"benchmarks.{module}"]
        text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return [Section(title, about, text=text)]

    return measure


MEASUREMENTS: Mapping[str, Callable[[], list[Section]]] = {
    "served": bench_served.measure,
    "requests": bench_requests.measure,
    "start": bench_start.measure,
    "tickers": printed_by("bench_tickers", "The ticker list", "In memory, against what one would write at first."),
    "page": printed_by("bench_page", "The dashboard", "What a browser loads, compressed."),
    "crowds": bench_crowds.measure,
    "growth": bench_growth.measure,
}


def main(names: list[str]) -> None:
    """Measure what is named, or all of it."""
    if unknown := set(names) - set(MEASUREMENTS):
        sys.exit(f"No such measurement: {', '.join(unknown)}. There are: {', '.join(MEASUREMENTS)}")
    console = Console()
    sections: list[Section] = []
    for name in names or MEASUREMENTS:
        for section in MEASUREMENTS[name]():
            show(console, section)
            sections.append(section)
    if not names:
        write(PAGE, sections)
        console.print(f"Written: {PAGE}, with its plots")


if __name__ == "__main__":
    main(sys.argv[1:])
