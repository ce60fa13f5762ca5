"""The linearizability checker accepts what can be explained, and nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from verification.proof.linearizability import Event, Operation, Outcome, Stored, carry_out, unexplained
from verification.simulation.state import Frozen

LIMIT = 2
CREATE = Operation("create", "a", "1", "body")
UPDATE = Operation("update", "a", "2")
DELETE = Operation("delete", "a")
GET = Operation("get", "a")
LIST = Operation("list")


def history(*events: tuple[Operation, Outcome] | tuple[Operation, Outcome, object]) -> list[Event]:
    """One operation after the other; an outcome that is unknown stays so for ever."""
    found = []
    for at, (operation, outcome, *seen) in enumerate(events):
        end = float("inf") if outcome is Outcome.UNKNOWN else at + 0.5
        found.append(Event(operation, outcome, seen[0] if seen else None, at, end))  # type: ignore[arg-type]
    return found


def test_a_history_without_concurrency_is_explained() -> None:
    events = history(
        (CREATE, Outcome.ADDED, "1"),
        (UPDATE, Outcome.DONE, "2"),
        (CREATE, Outcome.REPLAYED, "2"),
        (replace(CREATE, fingerprint="other"), Outcome.REUSED),
        (replace(DELETE, expected="1"), Outcome.OUTDATED),
        (LIST, Outcome.DONE, {"a": "2"}),
        (DELETE, Outcome.DONE),
        (GET, Outcome.GONE),
        (CREATE, Outcome.DELETED_SINCE),
    )

    assert unexplained(events, limit=LIMIT) is None


@pytest.mark.parametrize("effect", [True, False], ids=["took effect", "did not take effect"])
def test_an_unknown_outcome_explains_both(effect: bool) -> None:  # noqa: FBT001 a parameter
    found = (GET, Outcome.DONE, "1") if effect else (GET, Outcome.GONE)

    assert unexplained(history((CREATE, Outcome.UNKNOWN), found), limit=LIMIT) is None


def test_an_unknown_outcome_may_take_effect_late() -> None:
    events = history((CREATE, Outcome.UNKNOWN), (GET, Outcome.GONE), (GET, Outcome.DONE, "1"))

    assert unexplained(events, limit=LIMIT) is None


def test_concurrent_operations_may_take_effect_in_any_order() -> None:
    read = Event(GET, Outcome.DONE, "1", 0, 5)

    assert unexplained([read, Event(CREATE, Outcome.ADDED, "1", 1, 4)], limit=LIMIT) is None
    assert unexplained([replace(read, returned=0.5), Event(CREATE, Outcome.ADDED, "1", 1, 4)], limit=LIMIT)


OTHER, THIRD = replace(CREATE, config_id="b"), replace(CREATE, config_id="c")
TWO = (CREATE, Outcome.ADDED, "1"), (OTHER, Outcome.ADDED, "1")


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(history((CREATE, Outcome.ADDED), (CREATE, Outcome.ADDED)), id="a key that creates twice"),
        pytest.param(history(*TWO, (THIRD, Outcome.ADDED)), id="one more than the limit"),
        pytest.param(history(TWO[0], (OTHER, Outcome.FULL)), id="a refusal below the limit"),
        pytest.param(history(TWO[0], (DELETE, Outcome.DONE), (CREATE, Outcome.ADDED)), id="a late duplicate"),
        pytest.param(history(TWO[0], (GET, Outcome.GONE)), id="a lost create"),
        pytest.param(history(TWO[0], (LIST, Outcome.DONE, {})), id="a list that lacks one"),
        pytest.param(history(TWO[0], (UPDATE, Outcome.DONE, "2"), (GET, Outcome.DONE, "1")), id="a stale read"),
        pytest.param(history(TWO[0], (DELETE, Outcome.DONE), (UPDATE, Outcome.DONE)), id="an update of a deleted one"),
        pytest.param(history(TWO[0], (DELETE, Outcome.DONE), (DELETE, Outcome.DONE)), id="two deletes of one"),
        pytest.param(history(TWO[0], (replace(UPDATE, expected="0"), Outcome.DONE)), id="an ignored revision"),
        pytest.param(
            history(TWO[0], (replace(CREATE, fingerprint="other"), Outcome.REPLAYED)), id="a reused key that replays"
        ),
        pytest.param(history((CREATE, Outcome.FULL), (GET, Outcome.DONE, "1")), id="a refused create that is stored"),
        pytest.param(history((CREATE, Outcome.REPLAYED)), id="a replay of nothing"),
        pytest.param(
            history(TWO[0], (DELETE, Outcome.UNKNOWN), (GET, Outcome.GONE), (GET, Outcome.DONE)),
            id="a deleted one that comes back",
        ),
    ],
)
def test_what_no_order_explains_is_found(events: list[Event]) -> None:
    assert unexplained(events, limit=LIMIT)


def random_history(rng: random.Random, operations: int) -> list[Event]:
    """A history of concurrent operations that take effect in the order of their list, a tenth of them unknown."""
    stored: Stored = Frozen()
    events = []
    for at in range(operations):
        kind = rng.choice(["create", "create", "update", "delete", "get", "list"])
        operation = Operation(kind, rng.choice("abcde") + str(at // 8), f"{at}", rng.choice("xxxy"))
        outcome, seen, stored = carry_out(stored, operation, LIMIT)
        invoked, returned = at - rng.random() * 3, at + rng.random() * 3
        if rng.random() < 0.1:
            events.append(Event(operation, Outcome.UNKNOWN, None, invoked))
        else:
            events.append(Event(operation, outcome, seen, invoked, returned))
    return events


def test_ten_thousand_operations_of_many_users_are_explained() -> None:
    rng = random.Random(7)

    verdicts = {unexplained(random_history(rng, 40), limit=LIMIT) for _ in range(250)}

    assert verdicts == {None}
