"""Checks whether a recorded history of one user's operations is linearizable.

The checker searches an order of the operations that a sequential model of the service explains, such that each
operation takes effect between its invocation and its return (Wing and Gong, "Testing and Verifying Concurrent
Objects", 1993). Positions that were searched before are remembered (Lowe, "Testing for Linearizability", 2017).
An operation whose outcome is unknown takes effect at any time after its invocation, or never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from verification.simulation.state import Frozen


class Outcome(StrEnum):
    """What the caller of an operation learns."""

    ADDED = "added"
    REPLAYED = "replayed"
    REUSED = "idempotency key reused"
    FULL = "limit reached"
    DELETED_SINCE = "deleted since"
    DONE = "done"
    GONE = "not found"
    OUTDATED = "revision mismatch"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of a user.

    `kind` is create, update, delete, get, list, renew or adopt. `owner` is "" for the anonymous user, or the prefix of
    a member's keys, such as `member/`; an adoption moves everything from the anonymous user to the owner.
    `fingerprint` is of the body of a create, None for one without an idempotency key. `expected` is the revision that
    an update or a delete requires; `revision` is the one that a create or an update leaves.
    """

    kind: str
    config_id: str = ""
    revision: str = ""
    fingerprint: str | None = None
    expected: str | None = None
    owner: str = ""

    @property
    def key(self) -> str:
        """Where the configuration is stored in the model: each user has ids of their own."""
        return f"{self.owner}{self.config_id}"


Seen = str | Mapping[str, str] | None
"""The revision that was returned; for a list, the revision of each id."""


@dataclass(frozen=True, slots=True)
class Event:
    """An operation with its outcome. Times are of any unit; one without a response returns at infinity."""

    operation: Operation
    outcome: Outcome
    seen: Seen = None
    invoked: float = 0.0
    returned: float = float("inf")


class Entry(NamedTuple):
    """A stored configuration, or (without a revision) the tombstone of one."""

    revision: str | None
    fingerprint: str | None


Stored = Frozen[str, Entry]
"""What each user has, by key."""


def held_by(owner: str, stored: Stored) -> dict[str, Entry]:
    """The stored configurations of one user, by id."""
    return {
        key.removeprefix(owner): entry
        for key, entry in stored.items()
        if entry.revision is not None and key.rpartition("/")[0] == owner.rstrip("/")
    }


def carry_out(stored: Stored, operation: Operation, limit: int) -> tuple[Outcome, Seen, Stored]:
    """The sequential model: the outcome of the operation, what it returns, and what is stored after it."""
    if operation.kind == "list":
        return Outcome.DONE, _revisions(held_by(operation.owner, stored)), stored
    if operation.kind == "renew":
        return Outcome.DONE, None, stored
    if operation.kind == "adopt":
        return _adopt(stored, operation.owner, limit)
    entry = stored.get(operation.key)
    if operation.kind == "create":
        return _create(stored, entry, operation, limit)
    return _use(stored, entry, operation)


def _revisions(entries: Mapping[str, Entry]) -> dict[str, str]:
    return {config_id: entry.revision for config_id, entry in entries.items() if entry.revision}


def _adopt(stored: Stored, member: str, limit: int) -> tuple[Outcome, Seen, Stored]:
    moving = held_by("", stored)
    if moving and len(held_by(member, stored)) + len(moving) > limit:
        return Outcome.FULL, None, stored
    for config_id, entry in moving.items():
        stored = _without(stored, config_id, entry).set(f"{member}{config_id}", entry)
    return Outcome.DONE, _revisions(moving), stored


def _without(stored: Stored, key: str, entry: Entry) -> Stored:
    """Without a configuration; one that was created with an idempotency key leaves a tombstone."""
    return stored.without(key) if entry.fingerprint is None else stored.set(key, entry._replace(revision=None))


def _use(stored: Stored, entry: Entry | None, operation: Operation) -> tuple[Outcome, Seen, Stored]:
    if entry is None or entry.revision is None:
        return Outcome.GONE, None, stored
    if operation.kind == "get":
        return Outcome.DONE, entry.revision, stored
    if operation.expected not in {None, entry.revision}:
        return Outcome.OUTDATED, None, stored
    if operation.kind == "update":
        after = stored.set(operation.key, entry._replace(revision=operation.revision))
        return Outcome.DONE, operation.revision, after
    return Outcome.DONE, None, _without(stored, operation.key, entry)


def _create(stored: Stored, entry: Entry | None, operation: Operation, limit: int) -> tuple[Outcome, Seen, Stored]:
    if entry is not None and entry.fingerprint != operation.fingerprint:
        return Outcome.REUSED, None, stored
    if entry is not None:
        return (Outcome.REPLAYED if entry.revision else Outcome.DELETED_SINCE), entry.revision, stored
    if len(held_by(operation.owner, stored)) >= limit:
        return Outcome.FULL, None, stored
    after = stored.set(operation.key, Entry(operation.revision, operation.fingerprint))
    return Outcome.ADDED, operation.revision, after


def unexplained(events: Sequence[Event], *, limit: int, stored: Stored | None = None) -> str | None:
    """None if the history of a user, who had `stored` before, is linearizable; else the longest explanation."""
    search = _Search(sorted(events, key=lambda event: event.invoked), limit)
    if search.explains(stored if stored is not None else Frozen()):
        return None
    return search.report()


class _Search:
    """Depth first; a position is the set of operations that are ordered already, with what is stored after them."""

    def __init__(self, events: Sequence[Event], limit: int) -> None:
        self._events = events
        self._limit = limit
        self._known = sum(1 << i for i, event in enumerate(events) if event.outcome is not Outcome.UNKNOWN)
        self._longest: list[int] = []

    def explains(self, stored: Stored) -> bool:
        """Whether an order of all operations with a known outcome exists."""
        visited = set()
        stack: list[tuple[int, Stored, tuple[int, ...]]] = [(0, stored, ())]
        while stack:
            done, stored, order = stack.pop()
            done, order = self._without_effect(done, stored, order)
            if done & self._known == self._known:
                return True
            if len(order) > len(self._longest):
                self._longest = list(order)
            if (done, stored) in visited:
                continue
            visited.add((done, stored))
            for i in self._next(done):
                after = self._effect(i, stored)
                if after is not None and after is not stored:
                    stack.append((done | 1 << i, after, (*order, i)))
        return False

    def report(self) -> str:
        """What could be explained, and what then could not."""
        explained = "\n".join(f"  {self._describe(i)}" for i in self._longest)
        others = [i for i in range(len(self._events)) if i not in self._longest and self._known >> i & 1]
        return f"No order explains this history. After\n{explained}\nremain\n" + "\n".join(
            f"  {self._describe(i)}" for i in others
        )

    def _without_effect(self, done: int, stored: Stored, order: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """Order what changes nothing as soon as it is explained: that rules out no other order."""
        found = True
        while found:
            found = False
            for i in self._next(done):
                if self._known >> i & 1 and self._effect(i, stored) is stored:
                    done, order, found = done | 1 << i, (*order, i), True
        return done, order

    def _next(self, done: int) -> list[int]:
        """The operations that nothing else must precede."""
        first_return = min(
            (event.returned for i, event in enumerate(self._events) if self._known >> i & 1 and not done >> i & 1),
            default=float("inf"),
        )
        found = []
        for i, event in enumerate(self._events):
            if event.invoked > first_return:
                break
            if not done >> i & 1:
                found.append(i)
        return found

    def _effect(self, i: int, stored: Stored) -> Stored | None:
        """What is stored after the operation; None if it cannot have this outcome now."""
        event = self._events[i]
        outcome, seen, after = carry_out(stored, event.operation, self._limit)
        fits = event.outcome is Outcome.UNKNOWN or (outcome is event.outcome and event.seen in (None, _plain(seen)))
        return after if fits else None

    def _describe(self, i: int) -> str:
        event = self._events[i]
        wanted = [f"{name}={getattr(event.operation, name)}" for name in ("key", "revision", "expected")]
        seen = "" if event.seen is None else f", {event.seen}"
        return f"{event.operation.kind} {' '.join(wanted)}: {event.outcome}{seen} [{event.invoked}, {event.returned}]"


def _plain(seen: Seen) -> object:
    """A list of revisions as a value that can be compared in a set."""
    return seen if seen is None or isinstance(seen, str) else Frozen(seen)
