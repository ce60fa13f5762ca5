"""What a measurement found: as a table on the terminal, and as a section of a Markdown page."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.plots import Plot


@dataclass(frozen=True, slots=True)
class Section:
    """One measurement. `about` and `findings` are Markdown; `text` is what another program printed."""

    title: str
    about: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    plots: Mapping[str, Plot] = field(default_factory=dict)
    findings: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A number that was to be reached: `worst` is the largest that will do, or the smallest where `at_least`."""

    what: str
    worst: float
    at_least: bool = False

    def verdict(self, measured: float) -> str:
        """The number, what it was to be, and whether it is."""
        reached = measured >= self.worst if self.at_least else measured <= self.worst
        sign = "≥" if self.at_least else "≤"
        return f"{self.what}: {measured:.2f} ({sign} {self.worst:.2f} {'reached' if reached else '**missed**'})"


def show(console: Console, section: Section) -> None:
    """Print a section."""
    table = Table(title=section.title, title_justify="left", title_style="bold")
    for number, column in enumerate(section.columns):
        table.add_column(column, justify="right" if number else "left")
    for row in section.rows:
        table.add_row(*row)
    if section.rows:
        console.print(table)
    console.print(section.text + section.findings, markup=False)


def write(page: Path, sections: Sequence[Section]) -> None:
    """The page, and its plots beside it in `plots/`."""
    plots = page.parent / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Performance",
        "",
        "Written by `make bench`: one run on one machine, and ratios are against a floor in the same run.",
        "",
        *(f"* {line}" for line in machine()),
        "",
    ]
    for section in sections:
        lines += [f"## {section.title}", "", section.about, ""]
        if section.rows:
            lines += [_row(section.columns), _row(["---", *["---:"] * (len(section.columns) - 1)])]
            lines += [*map(_row, section.rows), ""]
        if section.text:
            lines += ["```text", section.text.rstrip(), "```", ""]
        if section.findings:
            lines += [section.findings, ""]
        for name, plot in section.plots.items():
            (plots / f"{name}.svg").write_text(plot.svg(), encoding="utf-8")
            lines += [f"![{plot.title}](plots/{name}.svg)", ""]
    page.write_text("\n".join(lines), encoding="utf-8")


def machine() -> list[str]:
    """What the numbers depend on."""
    return [
        f"{_processor()}, {os.cpu_count()} cores, {_memory():.0f} GiB; {platform.system()} {platform.release()}",
        (
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, Flask {version('flask')}, "
            f"gunicorn {version('gunicorn')}, botocore {version('botocore')}, PynamoDB {version('pynamodb')}"
        ),
        f"load while measuring: {os.getloadavg()[1]:.1f} (of five minutes, the measurement included)",
    ]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """How many times the floor: the median over rounds, in each of which both had the same machine."""
    return statistics.median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
