"""Explore every scenario, then random schedules of larger ones: `python -m verification.simulation` (minutes)."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import sys
import time
from contextlib import suppress
from itertools import repeat
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import verification.environment.credentials  # noqa: F401 made-up ones
from verification.simulation.explorer import Report, explore, walk
from verification.simulation.operations import Plan
from verification.simulation.scenarios import large, thorough

TARGET = 1_000_000
"""Distinct states, at least."""
WALKS = 400
"""Random schedules of each large scenario."""


def main() -> None:
    """Exit with 1 if an invariant was violated, or fewer states than promised were visited."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    started = time.monotonic()
    plans = sorted(thorough(), key=lambda plan: sum(map(len, plan.clients)), reverse=True)
    counted = multiprocessing.Value("q", 0)
    with multiprocessing.Pool(arguments.processes, initializer=_share, initargs=(counted,)) as pool:
        reports = _shown(pool.imap_unordered(_explore, plans), len(plans), counted)
        walks = pool.starmap(_walk, zip(large(), repeat(arguments.seed)))
    sys.exit(not _summary(reports, walks, arguments.seed, time.monotonic() - started))


_counted: Any = None


def _share(counted: Any) -> None:
    global _counted  # noqa: PLW0603 a pool's process has no other place for what it is born with
    _counted = counted
    logging.disable(logging.CRITICAL)


def _count(states: int) -> None:
    with _counted.get_lock():
        _counted.value += states


def _explore(plan: Plan) -> Report:
    return explore(plan.scenario(), on_progress=_count)


def _walk(plan: Plan, seed: int) -> list[Report]:
    scenario, rng = plan.scenario(), random.Random(f"{seed} {plan.name}")
    return [walk(scenario, rng) for _ in range(WALKS)]


def _shown(reports: Any, number: int, counted: Any) -> list[Report]:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("scenarios, {task.fields[states]:,} states"))
    done: list[Report] = []
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=number, states=0)
        while len(done) < number:
            with suppress(multiprocessing.TimeoutError):
                done.append(reports.next(timeout=1))
            progress.update(task, completed=len(done), states=counted.value)
    return done


def _summary(reports: list[Report], walks: list[list[Report]], seed: int, seconds: float) -> bool:
    states = sum(report.states for report in reports)
    random_walks = [report for some in walks for report in some]
    findings = [report for report in (*reports, *random_walks) if report.finding]
    steps, ends = sum(report.steps for report in reports), sum(report.ends for report in reports)
    schedules, longest = sum(report.schedules for report in reports), max(report.longest for report in reports)
    lines = [
        f"{len(reports)} scenarios: {states:,} distinct states, {steps:,} steps, {ends:,} ends",
        f"{schedules:.3g} schedules, the longest of {longest} steps",
        (
            f"{len(random_walks):,} random schedules of {len(walks)} larger scenarios, seed {seed}: "
            f"{sum(len(report.trace) for report in random_walks):,} steps"
        ),
        f"{len(findings)} findings in {seconds:.0f} s",
    ]
    for report in findings[:5]:
        lines += ["", f"{report.scenario}: {report.finding}", *report.trace]
    sys.stdout.write("\n".join(lines) + "\n")
    return not findings and states >= TARGET


if __name__ == "__main__":
    main()
