"""Two concurrent operations, at every interleaving."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from uuid import uuid4

from domain.deadline import within
from domain.errors import LimitReached, NotFound, RevisionMismatch, TryLater
from domain.ports import ConfigurationStore
from tests.builders import a_configuration
from tests.contract.backends import Backend, Interruption

AT_ONCE = 0.1
"""Seconds for the concurrent operation: enough for one attempt, so that no test waits at every step."""
ADDED, REPLAYED, DONE, FULL, WAIT, GONE, OUTDATED = "added", "replayed", "done", "full", "wait", "gone", "outdated"

Act = Callable[[], object]
Race = Callable[[ConfigurationStore, ConfigurationStore, str], tuple[Act, Act]]


def at_every_interleaving(backend: Backend, race: Race) -> list[tuple[ConfigurationStore, str, list[str]]]:
    """Run both operations once for each step of ours, with the concurrent one right before that step.

    Returns for each round a store, the user, and the outcomes of the concurrent operation and of ours. A concurrent
    operation that got TryLater is repeated when ours has finished.
    """
    rounds = []
    for index in count():
        ours, theirs, user = backend.open(), backend.open(), f"user-{uuid4()}"
        our_act, their_act = race(ours, theirs, user)
        outcomes: list[str] = []

        def concurrent(act: Act = their_act, outcomes: list[str] = outcomes) -> None:
            with within(AT_ONCE):
                outcomes.append(outcome_of(act))

        interruption = Interruption(index, concurrent)
        with backend.interrupt(ours, interruption):
            outcomes.append(settled(our_act))
        if not interruption.happened:
            break
        if outcomes[0] == WAIT:
            outcomes[0] = settled(their_act)
        rounds.append((theirs, user, outcomes))
    assert rounds, "no step of the store could be interrupted"
    return rounds


def outcome_of(act: Act) -> str:
    """What the operation returned, or the outcome that stands for its error."""
    try:
        return str(act() or DONE)
    except LimitReached:
        return FULL
    except NotFound:
        return GONE
    except RevisionMismatch:
        return OUTDATED
    except TryLater:
        return WAIT


def settled(act: Act) -> str:
    """The outcome of an operation that is repeated as long as it has to wait."""
    while (outcome := outcome_of(act)) == WAIT:
        pass
    return outcome


def create(store: ConfigurationStore, user: str, limit: int) -> str:
    """Add a new configuration."""
    store.add(a_configuration(user), limit=limit)
    return ADDED


def free_places(store: ConfigurationStore, user: str, limit: int) -> int:
    """How many more the store lets the user create: what it counts, not what it lists."""
    outcomes = [outcome_of(lambda: create(store, user, limit)) for _ in range(limit + 1)]
    return outcomes.count(ADDED)
