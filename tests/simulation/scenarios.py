"""The scenarios that are explored: what a few clients of one user do at the same time, and what goes wrong.

`a` is stored before, and the limit leaves one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations_with_replacement
from typing import Any

from tests.proof.linearizability import Operation
from tests.simulation.operations import LIST, Plan, create, delete, get, update

STORED = (create("a"),)
LIMIT = 2

REQUESTS = {
    "create b": create("b"),
    "create c": create("c"),
    "create b with another body": create("b", body="other"),
    "repeated create a": create("a"),
    "delete a": delete("a"),
    "delete a at its revision": delete("a", expected="0"),
    "update a": update("a"),
    "update a at its revision": update("a", expected="0"),
    "get a": get("a"),
    "list": LIST,
}

SESSIONS: dict[str, tuple[tuple[Operation, ...], ...]] = {
    "create, then the client's retry": ((create("b"), create("b")), (delete("a"),)),
    "create, then delete, beside another create": ((create("b"), delete("b")), (create("c"),)),
    "delete, then create, beside another create": ((delete("a"), create("b")), (create("c"),)),
    "update twice beside an update": ((update("a"), update("a")), (update("a"),)),
    "update, then delete, beside an update": ((update("a"), delete("a")), (update("a"),)),
    "create, then list, beside a delete": ((create("b"), LIST), (delete("a"),)),
}

LATE_DUPLICATES: dict[str, tuple[tuple[Operation, ...], ...]] = {
    "a late duplicate of a create whose configuration is deleted": ((create("b"), delete("b")), (create("b"),)),
    "a late duplicate, and another create": ((delete("a"),), (create("a"),), (create("b"),)),
    "a late duplicate beside the delete": ((delete("a"),), (create("a"),)),
    "the client's retry after its delete": ((create("b"), delete("b"), create("b")), (create("c"),)),
    "a late duplicate with another body": ((delete("a"),), (create("a", body="other"),)),
}
"""A create that comes after its configuration was deleted must not create it again."""


def quick() -> Iterator[Plan]:
    """A few, small enough for every test run."""
    for name, clients in SESSIONS.items():
        yield _plan(name, clients, lost_responses=1)
    for names, operations in _together(2):
        yield _plan(names, operations)


def thorough() -> Iterator[Plan]:
    """All pairs with every trouble, all triples with one lost response, and what one client does in a row."""
    for names, operations in _together(2):
        yield _plan(names, operations, lost_responses=2, crashes=1)
    for names, operations in _together(3):
        yield _plan(names, operations, lost_responses=1)
    for name, clients in SESSIONS.items():
        yield _plan(name, clients, lost_responses=2, crashes=1)
    yield _plan("two creates that conflict without end", ((create("b"),), (create("c"),)), conflicts=99)
    for name, clients in SESSIONS.items():
        yield _plan(f"{name}, while tokens expire", clients, lost_responses=1, tokens_may_expire=True)


def large() -> Iterator[Plan]:
    """Too large to visit every state: random schedules only."""
    troubles = {"conflicts": 20, "lost_responses": 4, "crashes": 2}
    rest = (update("a"), get("a"), LIST)
    yield _plan("five creates for one place", tuple((create(name),) for name in "bcdef"), **troubles)
    yield _plan("the same create five times", ((create("b"),),) * 5, **troubles)
    yield _plan("create and delete, again and again", tuple((create(n), delete(n)) for n in "bcde"), **troubles)
    yield _plan("everything", ((create("b"), delete("b")), (create("c"), LIST), rest, (delete("a"),)), **troubles)
    yield _plan("updates", ((*rest, update("a")), (*rest, update("a")), rest), **troubles)


def _plan(name: str, clients: tuple[tuple[Operation, ...], ...], **troubles: Any) -> Plan:
    return Plan(name, clients, LIMIT, STORED, {"conflicts": 1} | troubles)


def _together(number: int) -> Iterator[tuple[str, tuple[tuple[Operation], ...]]]:
    for chosen in combinations_with_replacement(REQUESTS.items(), number):
        operations = [operation for _, operation in chosen]
        if not _recreates(operations):
            yield " | ".join(name for name, _ in chosen), tuple((operation,) for operation in operations)


def _recreates(operations: Iterable[Operation]) -> bool:
    ids = {kind: {each.config_id for each in operations if each.kind == kind} for kind in ("create", "delete")}
    return bool(ids["create"] & ids["delete"])
