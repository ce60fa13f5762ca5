"""Explicit-state model checking: visit every reachable state of a scenario, and check the invariants in each.

A state is stored once, as numbers that stand for its parts ("collapse compression", as in SPIN). No schedule visits
a state twice, so the states form a directed acyclic graph and the schedules can be counted.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

from verification.simulation.invariants import violation
from verification.simulation.world import Next, Scenario, World, initial_state, next_steps

PROGRESS_EVERY = 5000


@dataclass
class Report:
    """What was explored. `states` counts distinct states, `schedules` distinct ways from the start to an end."""

    scenario: str
    states: int = 0
    steps: int = 0
    ends: int = 0
    schedules: int = 0
    longest: int = 0
    complete: bool = True
    finding: str | None = None
    trace: list[str] = field(default_factory=list)


OnProgress = Callable[[int], None]
"""Is told how many new states were visited since it was last called."""


def explore(scenario: Scenario, *, most: int = 10**9, on_progress: OnProgress = lambda _: None) -> Report:
    """Visit all states, depth first, up to `most`; stop at the first violation, with the shortest schedule to it."""
    report = Report(scenario.name)
    keys = _Keys()
    schedules: dict[tuple[int, ...], int] = {}
    first = initial_state(scenario)
    stack: list[_Frame] = []

    def visit(world: World) -> bool:
        """Put a new state on the stack; whether to continue."""
        report.states += 1
        if report.states % PROGRESS_EVERY == 0:
            on_progress(PROGRESS_EVERY)
        steps = list(next_steps(scenario, world))
        report.ends += not steps
        stack.append(_Frame(keys.of(world), iter(steps), 0 if steps else 1))
        schedules[stack[-1].key] = 0
        report.longest = max(report.longest, len(stack) - 1)
        return violation(scenario, world, final=not steps) is None

    good = visit(first)
    while stack and good:
        frame = stack[-1]
        for _, world in frame.steps:
            report.steps += 1
            key = keys.of(world)
            if key in schedules:
                frame.schedules += schedules[key]
                continue
            if report.states >= most:
                report.complete = False
                continue
            good = visit(world)
            break
        else:
            stack.pop()
            schedules[frame.key] = frame.schedules
            if stack:
                stack[-1].schedules += frame.schedules
            report.schedules = frame.schedules
    on_progress(report.states % PROGRESS_EVERY)
    if not good:
        report.complete = False
        report.finding, report.trace = _shortest(scenario)
    return report


def walk(scenario: Scenario, rng: random.Random) -> Report:
    """One random schedule."""
    report = Report(scenario.name, complete=False)
    world = initial_state(scenario)
    while steps := list(next_steps(scenario, world)):
        what, world = rng.choice(steps)
        report.trace.append(what)
        report.finding = violation(scenario, world, final=not any(next_steps(scenario, world)))
        if report.finding:
            break
    return report


@dataclass
class _Frame:
    key: tuple[int, ...]
    steps: Iterator[Next]
    schedules: int


class _Keys:
    """Numbers for the parts of states."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, world: World) -> tuple[int, ...]:
        """Equal for equal states."""
        numbers = self._numbers
        return tuple(
            numbers.setdefault(part, len(numbers))
            for part in (world.table, world.clients, world.calls, (world.effects, *world[4:]))
        )


def _shortest(scenario: Scenario) -> tuple[str, list[str]]:
    """Breadth first: a shortest schedule to a violation, and the violation."""
    keys = _Keys()
    first = initial_state(scenario)
    origins: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {keys.of(first): None}
    queue = deque([first])
    while queue:
        world = queue.popleft()
        steps = list(next_steps(scenario, world))
        if found := violation(scenario, world, final=not steps):
            trace = []
            origin = origins[keys.of(world)]
            while origin:
                key, what = origin
                trace.append(what)
                origin = origins[key]
            return found, trace[::-1]
        for what, after in steps:
            if keys.of(after) not in origins:
                origins[keys.of(after)] = keys.of(world), what
                queue.append(after)
    raise AssertionError("a violation was found depth first and not breadth first")
