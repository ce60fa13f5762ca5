"""The scenarios that are explored: what a few clients of one user do at the same time, and what goes wrong.

`a` is stored before, and the limit leaves one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

from verification.proof.linearizability import Operation
from verification.simulation.operations import (
    ADOPT,
    ERASE,
    LIST,
    OTHER_MEMBER,
    RENEW,
    Plan,
    create,
    delete,
    get,
    of_member,
    update,
)

STORED = (create("a"),)
LIMIT = 2

REQUESTS = {
    "create b": create("b"),
    "create without a key": create("n1"),
    "create b with another body": create("b", body="other"),
    "repeat create a": create("a"),
    "delete a": delete("a"),
    "delete a at its revision": delete("a", expected="0"),
    "update a": update("a"),
    "update a at its revision": update("a", expected="0"),
    "get a": get("a"),
    "list": LIST,
}
THREE = ("create b", "create without a key", "repeat create a", "delete a", "update a", "list")
"""Of these, three are combined."""

Clients = tuple[tuple[Operation, ...], ...]

LATE_DUPLICATES: dict[str, Clients] = {
    "a late duplicate of a create whose configuration is deleted": ((create("b"), delete("b")), (create("b"),)),
    "a late duplicate beside the delete": ((delete("a"),), (create("a"),)),
    "a late duplicate beside the delete, and another create": ((delete("a"),), (create("a"),), (create("b"),)),
    "a late duplicate with another body": ((delete("a"),), (create("a", body="other"),)),
    "the client's retry after its delete": ((create("b"), delete("b"), create("b")), (create("c"),)),
}
"""A create that comes after its configuration was deleted must not create it again."""

SESSIONS: dict[str, Clients] = LATE_DUPLICATES | {
    "create, then the client's retry": ((create("b"), create("b")), (delete("a"),)),
    "create, then delete, beside another create": ((create("b"), delete("b")), (create("c"),)),
    "create and delete without a key, beside another create": ((create("n1"), delete("n1")), (create("c"),)),
    "delete, then create, beside another create": ((delete("a"), create("b")), (create("c"),)),
    "update twice beside an update": ((update("a"), update("a")), (update("a"),)),
    "update, then delete, beside an update": ((update("a"), delete("a")), (update("a"),)),
    "create, then list, beside a delete": ((create("b"), LIST), (delete("a"),)),
}

ACCOUNTS: dict[str, Clients] = {
    "adopt beside a create": ((ADOPT,), (create("b"),)),
    "adopt beside a create without a key": ((ADOPT,), (create("n1"),)),
    "adopt beside a late duplicate": ((ADOPT,), (create("a"),)),
    "adopt beside a delete": ((ADOPT,), (delete("a"),)),
    "adopt beside an update": ((ADOPT,), (update("a"),)),
    "adopt beside another member's adoption": ((ADOPT,), (replace(ADOPT, owner=OTHER_MEMBER),)),
    "adopt twice": ((ADOPT, ADOPT), (ADOPT,)),
    "adopt beside the member's creates": ((ADOPT,), (of_member(create("b")), of_member(create("c")))),
    "adopt, then delete as the member": ((ADOPT, of_member(delete("a"))), (create("a"),)),
    "adopt beside a renewal": ((ADOPT,), (RENEW,)),
    "adopt beside an erasure": ((ADOPT,), (ERASE,)),
    "erase beside a create": ((ERASE,), (create("b"),)),
    "erase beside an update": ((ERASE,), (update("a"),)),
    "renew beside a create": ((RENEW,), (create("b"),)),
    "renew beside a delete": ((RENEW,), (delete("a"),)),
    "renew beside an update": ((RENEW,), (update("a"),)),
}


def quick() -> Iterator[Plan]:
    """Small enough for every test run."""
    for name, clients in (SESSIONS | ACCOUNTS).items():
        yield _plan(name, clients)
    for name, other in (("delete", delete("n1")), ("update", update("a"))):
        two = create("a"), create("n1")
        yield Plan(f"adopt two beside {name}", ((ADOPT,), (other,)), LIMIT, two, {"conflicts": 1})
    for name, clients in _together(2, REQUESTS):
        yield _plan(name, clients)
    for name, clients in _together(2, THREE):
        yield _plan(f"{name}, one response lost", clients, lost_responses=1)
    yield _plan("the same create twice, a crash", ((create("b"),), (create("b"),)), crashes=1)


def thorough() -> Iterator[Plan]:
    """All pairs with every trouble, triples with one lost response, and clients that send several requests."""
    for name, clients in _together(2, REQUESTS):
        yield _plan(name, clients, lost_responses=2, crashes=1)
    for name, clients in _together(3, THREE):
        yield _plan(name, clients, lost_responses=1)
    for name, clients in ACCOUNTS.items():
        yield _plan(f"{name}, one response lost", clients, lost_responses=1)
    for name, clients in SESSIONS.items():
        yield _plan(name, clients, lost_responses=1, crashes=1)
        yield _plan(f"{name}, while tokens expire", clients, lost_responses=1, tokens_may_expire=True)
    yield _plan("conflicts until no attempt is left", ((create("b"),), (create("b"),)), conflicts=7)


def large() -> Iterator[Plan]:
    """Too large to visit every state: random schedules only."""
    fault_limits = {"conflicts": 20, "lost_responses": 4, "crashes": 2}
    rest = (update("a"), get("a"), LIST)
    yield _plan("five creates for one place", tuple((create(name),) for name in "bcdef"), **fault_limits)
    yield _plan("the same create five times", ((create("b"),),) * 5, **fault_limits)
    yield _plan("create and delete, again and again", tuple((create(n), delete(n)) for n in "bcde"), **fault_limits)
    yield _plan("everything", ((create("b"), delete("b")), (create("c"), LIST), rest, (delete("a"),)), **fault_limits)
    yield _plan("updates", ((*rest, update("a")), (*rest, update("a")), rest), **fault_limits)


def _plan(name: str, clients: Clients, **fault_limits: Any) -> Plan:
    return Plan(name, clients, LIMIT, STORED, {"conflicts": 1} | fault_limits)


def _together(number: int, names: Iterable[str]) -> Iterator[tuple[str, Clients]]:
    for chosen in combinations_with_replacement(names, number):
        yield " | ".join(chosen), tuple((REQUESTS[name],) for name in chosen)
