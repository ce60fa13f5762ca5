"""Model checking of the real store: every schedule of a few requests, and what the explorer reports."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest

from verification.simulation.explorer import explore, walk
from verification.simulation.operations import Plan, create, delete
from verification.simulation.scenarios import LIMIT, STORED, large, quick


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of schedules would log thousands of retries."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _named(plan: Plan) -> str:
    return plan.name


@pytest.mark.parametrize("plan", tuple(quick()), ids=_named)
def test_every_schedule_keeps_the_invariants(plan: Plan) -> None:
    report = explore(plan.scenario())

    assert report.finding is None, "\n".join([report.finding, *report.trace])
    assert report.complete


@pytest.mark.parametrize("plan", tuple(large()), ids=_named)
def test_random_schedules_of_more_requests_keep_the_invariants(plan: Plan) -> None:
    seed = random.SystemRandom().randrange(10**6)
    scenario, rng = plan.scenario(), random.Random(seed)

    for _ in range(5):
        report = walk(scenario, rng)

        assert report.finding is None, "\n".join([f"seed {seed}", report.finding, *report.trace])


def test_states_and_schedules_are_counted() -> None:
    alone = explore(Plan("", ((create("b"),),)).scenario())
    twice = explore(Plan("", ((create("b"),), (create("c"),)), fault_limits={"conflicts": 0}).scenario())

    # The two items are prepared in two orders and committed in two.
    assert (alone.schedules, alone.ends, alone.states) == (4, 1, 8)
    assert twice.schedules > alone.schedules**2
    assert twice.complete


def test_the_limit_is_not_reported_while_an_earlier_attempt_may_still_be_carried_out() -> None:
    """A delayed request could create the configuration after a delete has made room."""
    clients = (create("b"), delete("b")), (create("c"),)
    plan = Plan("", clients, LIMIT, STORED, {"conflicts": 1, "lost_responses": 1})

    report = explore(plan.scenario())

    assert report.finding is None, "\n".join([report.finding, *report.trace])
    assert report.complete
