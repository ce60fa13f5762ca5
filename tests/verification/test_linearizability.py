"""The linearizability checker accepts what can be explained, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verification.proof.linearizability import Event, Operation, Outcome, unexplained

LIMIT = 2
CREATE = Operation("create", "a", "1", "body")
UPDATE = Operation("update", "a", "2")
DELETE = Operation("delete", "a")
GET = Operation("get", "a")
LIST = Operation("list")


Entry = tuple[Operation, Outcome] | tuple[Operation, Outcome, object]
"""An operation, its outcome, and what the client saw."""


def history(*events: Entry) -> list[Event]:
    """One operation after the other; an outcome that is unknown stays so for ever."""
    found = []
    for at, (operation, outcome, *seen) in enumerate(events):
        end = float("inf") if outcome is Outcome.UNKNOWN else at + 0.5
        found.append(Event(operation, outcome, seen[0] if seen else None, at, end))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    "events",
    [
        history(
            (CREATE, Outcome.ADDED, "1"),
            (UPDATE, Outcome.DONE, "2"),
            (CREATE, Outcome.REPLAYED, "2"),
            (replace(CREATE, fingerprint="other"), Outcome.REUSED),
            (replace(DELETE, expected="1"), Outcome.OUTDATED),
            (LIST, Outcome.DONE, {"a": "2"}),
            (DELETE, Outcome.DONE),
            (GET, Outcome.GONE),
            (CREATE, Outcome.DELETED_SINCE),
        ),
        history((CREATE, Outcome.UNKNOWN), (GET, Outcome.DONE, "1")),
        history((CREATE, Outcome.UNKNOWN), (GET, Outcome.GONE)),
        history((CREATE, Outcome.UNKNOWN), (GET, Outcome.GONE), (GET, Outcome.DONE, "1")),
    ],
    ids=["no concurrency", "an unknown effect", "an unknown effect that did not happen", "a late effect"],
)
def test_what_an_order_explains_is_accepted(events: list[Event]) -> None:
    assert unexplained(events, limit=LIMIT) is None


def test_concurrent_operations_may_take_effect_in_any_order() -> None:
    read = Event(GET, Outcome.DONE, "1", 0, 5)

    assert unexplained([read, Event(CREATE, Outcome.ADDED, "1", 1, 4)], limit=LIMIT) is None
    assert unexplained([replace(read, returned=0.5), Event(CREATE, Outcome.ADDED, "1", 1, 4)], limit=LIMIT)


OTHER, THIRD = replace(CREATE, config_id="b"), replace(CREATE, config_id="c")
ONE, TWO = (CREATE, Outcome.ADDED, "1"), [(CREATE, Outcome.ADDED, "1"), (OTHER, Outcome.ADDED, "1")]


UNEXPLAINED: dict[str, list[Entry]] = {
    "a key that creates twice": [(CREATE, Outcome.ADDED), (CREATE, Outcome.ADDED)],
    "one more than the limit": [*TWO, (THIRD, Outcome.ADDED)],
    "a refusal below the limit": [ONE, (OTHER, Outcome.FULL)],
    "a late duplicate": [ONE, (DELETE, Outcome.DONE), (CREATE, Outcome.ADDED)],
    "a lost create": [ONE, (GET, Outcome.GONE)],
    "a list that lacks one": [ONE, (LIST, Outcome.DONE, {})],
    "a stale read": [ONE, (UPDATE, Outcome.DONE, "2"), (GET, Outcome.DONE, "1")],
    "an update of a deleted one": [ONE, (DELETE, Outcome.DONE), (UPDATE, Outcome.DONE)],
    "two deletes of one": [ONE, (DELETE, Outcome.DONE), (DELETE, Outcome.DONE)],
    "an ignored revision": [ONE, (replace(UPDATE, expected="0"), Outcome.DONE)],
    "a reused key that replays": [ONE, (replace(CREATE, fingerprint="other"), Outcome.REPLAYED)],
    "a refused create that is stored": [(CREATE, Outcome.FULL), (GET, Outcome.DONE, "1")],
    "a replay of nothing": [(CREATE, Outcome.REPLAYED)],
    "a deleted one that comes back": [ONE, (DELETE, Outcome.UNKNOWN), (GET, Outcome.GONE), (GET, Outcome.DONE)],
}


@pytest.mark.parametrize("name", UNEXPLAINED)
def test_what_no_order_explains_is_found(name: str) -> None:
    assert unexplained(history(*UNEXPLAINED[name]), limit=LIMIT)
