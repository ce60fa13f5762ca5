"""What must be true in every state of the model, and at the end of every schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from verification.proof.linearizability import Entry, Event, Operation, Outcome, Stored, unexplained
from verification.simulation.dynamodb import decided
from verification.simulation.operations import USERS
from verification.simulation.programs import DEADLINE, TIMEOUT, Result
from verification.simulation.state import Frozen, Item, Key
from verification.simulation.world import Author, Scenario, World, events, may_still_delete

QUOTA = "QUOTA"
MOST_CALLS = {"adopt": 32, "erase": 64, "renew": 32}
"""Wire calls of one request. Of the others 16: seven attempts to read and seven to write, and the look at what made a
condition fail."""

_EFFECTIVE = {Outcome.ADDED, Outcome.DONE}
_REFUSED = {Outcome.REUSED, Outcome.FULL, Outcome.DELETED_SINCE, Outcome.GONE, Outcome.OUTDATED}
_WRITES = {"create", "update", "delete"}


def violation(scenario: Scenario, world: World, *, final: bool) -> str | None:
    """The first invariant that does not hold, as a sentence; `final` if nothing more may happen."""
    return next(_violations(scenario, world, final=final), None)


def _violations(scenario: Scenario, world: World, *, final: bool) -> Iterator[str]:
    for user, (count, stored) in _held_by_owner(decided(world.table.items, world.calls.values())).items():
        if count != len(stored) or count > scenario.limit:
            yield f"{user or 'anonymous'}: {len(stored)} stored, {count} counted, {scenario.limit} allowed"
    for number, client in enumerate(world.clients):
        for index, result in enumerate(client.results):
            yield from _result_violations(scenario, world, (number, index), result)
        if client.node and (
            client.node.calls > MOST_CALLS.get(scenario.clients[number][len(client.results)].operation.kind, 16)
            or client.node.elapsed > DEADLINE + TIMEOUT
        ):
            yield f"a request makes {client.node.calls} calls in {client.node.elapsed:.1f} s"
    yield from _repeated_effects(scenario, world)
    if final:
        if not world.over and world.conflicts:
            yield "a client waits, and nothing can happen"
        if world.over and (problem := _history(scenario, world)):
            yield problem


def _result_violations(scenario: Scenario, world: World, author: Author, result: Result) -> Iterator[str]:
    number, index = author
    step = scenario.clients[number][index]
    effects, name = world.effects.get(author, 0), step.program.name
    if result.error:
        yield f"{name} raises {result.error}"
    if step.operation.kind in _WRITES and result.outcome in _EFFECTIVE and not effects:
        yield f"{name} is answered {result.outcome}, and has no effect"
    late = scenario.tokens_may_expire or may_still_delete(scenario, world, author, result)
    if result.outcome in _REFUSED and effects and not late:
        yield f"{name} is answered {result.outcome}, and has an effect"


def _repeated_effects(scenario: Scenario, world: World) -> Iterator[str]:
    """An operation has one effect, and so have all creates with one idempotency key together."""
    by_intention: dict[tuple[str, str | None], int] = {}
    for author, effects in world.effects.items():
        operation = scenario.clients[author[0]][author[1]].operation
        once_more = operation.kind in MOST_CALLS or (operation.kind == "update" and scenario.tokens_may_expire)
        if effects > 1 and not once_more:
            yield f"{scenario.clients[author[0]][author[1]].program.name} has {effects} effects"
        if operation.kind == "create":
            intention = operation.config_id, operation.fingerprint
            by_intention[intention] = by_intention.get(intention, 0) + effects
    for key, effects in by_intention.items():
        if effects > 1:
            yield f"the creates with one idempotency key {key} have {effects} effects together"


def _history(scenario: Scenario, world: World) -> str | None:
    if scenario.tokens_may_expire:
        return None
    left = Frozen({owner: stored for owner, (_, stored) in _held_by_owner(world.table.items).items()})
    return _explained(tuple(events(scenario, world)), scenario.limit, _entries(scenario.stored.items), left)


@cache
def _explained(
    history: tuple[Event, ...], limit: int, before: Stored, left: Frozen[str, Frozen[str, str]]
) -> str | None:
    """Linearizability, with a last look at what is left.

    A list is checked for each configuration alone: a query reads item by item, and may not yet see the item of a
    transaction that other requests are already refused by, for example at the limit.
    """
    end = float(len(history) + 1)
    known = [
        replace(event, returned=min(event.returned, end)) for event in history if event.outcome is not Outcome.UNKNOWN
    ]
    unknown = [event for event in history if event.outcome is Outcome.UNKNOWN]
    lists = [event for event in known if event.operation.kind == "list"]
    others = [event for event in (*known, *unknown) if event.operation.kind != "list"]
    last = [
        Event(Operation("list", owner=owner), Outcome.DONE, stored, end + 1, end + 2) for owner, stored in left.items()
    ]
    return unexplained([*others, *last], limit=limit, stored=before) or next(
        filter(None, (_list_explained(seen, others, before) for seen in lists)), None
    )


def _list_explained(listed: Event, others: Sequence[Event], before: Stored) -> str | None:
    """Whether the list shows a state that each configuration may have had."""
    assert isinstance(listed.seen, Frozen)
    seen: Frozen[str, str] = listed.seen
    ids = {*before, *seen, *(event.operation.config_id for event in others if event.operation.config_id)}
    for config_id in sorted(ids):
        outcome = Outcome.DONE if config_id in seen else Outcome.GONE
        read = replace(listed, operation=Operation("get", config_id), outcome=outcome, seen=seen.get(config_id))
        alone = [e for e in others if e.operation.config_id == config_id and e.outcome is not Outcome.FULL]
        if found := unexplained([*alone, read], limit=len(others) + len(before), stored=before):
            return found
    return None


@cache
def held(items: Frozen[Key, Item]) -> tuple[int, Frozen[str, str]]:
    """How many configurations of one user are counted, and the revisions of the stored ones (contract.md §4)."""
    quota = items.get(next((key for key in items if key[1] == QUOTA), ("", "")))
    count = int(quota.attributes.get("config_count", {"N": "0"})["N"]) if quota else 0
    entries = _entries(items).items()
    return count, Frozen({key.rpartition("/")[2]: entry.revision for key, entry in entries if entry.revision})


@cache
def _held_by_owner(items: Frozen[Key, Item]) -> dict[str, tuple[int, Frozen[str, str]]]:
    return {
        owner: held(Frozen({key: item for key, item in items.items() if key[0] == f"USER#{user}"}))
        for owner, user in USERS.items()
    }


def _entries(items: Frozen[Key, Item]) -> Stored:
    found = {}
    owners = {f"USER#{user}": owner for owner, user in USERS.items()}
    for (partition, sort_key), item in items.items():
        if sort_key == QUOTA:
            continue
        attributes = item.attributes
        deleted = attributes.get("status") == {"S": "inactive"} or attributes.get("is_active") == {"BOOL": False}
        fingerprint = attributes.get("request_fingerprint", {}).get("S")
        if not deleted or fingerprint:
            revision = None if deleted else attributes["revision"]["S"]
            found[owners.get(partition, "") + sort_key.removeprefix("CONFIG#")] = Entry(revision, fingerprint)
    return Frozen(found)
