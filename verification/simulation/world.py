"""Several clients of one user and the table: every state that they can be in, and what may happen next.

What the model leaves open, the explorer chooses: which client or which request in progress makes the next step,
in which order the items of a transaction are prepared and committed, which responses are lost, whether the request
then was never received or is still carried out, and when a client crashes. A response that is not lost is received at
once, and what the client then does without the table (sleep, decide) belongs to the same step: no other client can
tell the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from verification.proof.linearizability import Event, Operation, Outcome
from verification.simulation.dynamodb import CONFLICT, Call, advance
from verification.simulation.programs import LOST, Node, Observation, Program, Result
from verification.simulation.requests import Request
from verification.simulation.state import Frozen, Item, Key, State

Author = tuple[int, int]
"""Which operation of which client."""
CallName = tuple[Author, Node]
"""Each operation sends at most one call from each node."""


@dataclass(frozen=True)
class Step:
    """One operation of a client, with the program that carries it out."""

    operation: Operation
    program: Program


@dataclass(frozen=True)
class Scenario:
    """What the clients do, each one operation after the other, and how often what may go wrong.

    A schedule that needs more `conflicts` is cut where it needs them. `tokens_may_expire`: ten minutes may pass at
    any time, while a client is suspended. `stale_reads`: a read that is not consistent may see
    the item before its last change.
    """

    name: str
    clients: tuple[tuple[Step, ...], ...]
    limit: int
    stored: State
    lost_responses: int = 0
    crashes: int = 0
    conflicts: int = 2
    tokens_may_expire: bool = False
    stale_reads: bool = False


class Client(NamedTuple):
    """What a client has done: its results, the call that it waits for, and what had returned before each invocation."""

    results: tuple[Result, ...] = ()
    node: Node | None = None
    waiting: CallName | None = None
    before: tuple[frozenset[Author], ...] = ()


class World(NamedTuple):
    """A state of everything.

    `effects` counts how often each operation changed a configuration; `given_up` are the operations of which an attempt
    had no response and may still be carried out.
    """

    table: State
    clients: tuple[Client, ...]
    calls: Frozen[CallName, Call] = Frozen()
    effects: Frozen[Author, int] = Frozen()
    lost: int = 0
    crashes: int = 0
    conflicts: int = 0
    expiries: int = 0
    given_up: frozenset[Author] = frozenset()

    @property
    def over(self) -> bool:
        """Whether every client and the server are done."""
        return not self.calls and all(client.waiting is None for client in self.clients)


Next = tuple[str, World]
"""What happens, and the world after it."""


def initial_state(scenario: Scenario) -> World:
    """The world before anything happens."""
    clients = tuple(Client() for _ in scenario.clients)
    expiries = int(scenario.tokens_may_expire)
    previous: Frozen[Key, Item | None] | None = Frozen() if scenario.stale_reads else None
    return World(
        scenario.stored._replace(previous=previous),
        clients,
        lost=scenario.lost_responses,
        crashes=scenario.crashes,
        conflicts=scenario.conflicts,
        expiries=expiries,
    )


def next_steps(scenario: Scenario, world: World) -> Iterator[Next]:
    """Everything that may happen next."""
    for number, client in enumerate(world.clients):
        if client.waiting is None:
            if len(client.results) < len(scenario.clients[number]):
                yield _invoke(scenario, world, number)
            continue
        if world.lost:
            yield from _lose(scenario, world, number)
        if world.crashes:
            yield from _crash(scenario, world, number)
    for name, call in world.calls.items():
        yield from _serve(scenario, world, name, call)
    if world.expiries and any(token.done for token in world.table.tokens.values()):
        running = {name: token for name, token in world.table.tokens.items() if not token.done}
        forgetful = world.table._replace(tokens=Frozen(running))
        # No request is on its way for ten minutes; DynamoDB refuses an old signature.
        waiting = {client.waiting for client in world.clients}
        lost = [name for name, call in world.calls.items() if name not in waiting and not call.started]
        yield (
            "ten minutes pass: tokens expire",
            world._replace(table=forgetful, calls=world.calls.without(*lost), expiries=world.expiries - 1),
        )


def events(scenario: Scenario, world: World) -> list[Event]:
    """The history of the clients, in an order of invocations and returns that is consistent with theirs."""
    found: list[Event] = []
    returned_before = {
        (number, index): before
        for number, client in enumerate(world.clients)
        for index, before in enumerate(client.before)
    }
    for (number, index), before in returned_before.items():
        results = world.clients[number].results
        result = results[index] if index < len(results) else Result(Outcome.UNKNOWN)
        if may_still_delete(scenario, world, (number, index), result):
            result = Result(Outcome.UNKNOWN)
        later = [len(each) for each in returned_before.values() if (number, index) in each]
        operation = scenario.clients[number][index].operation
        if operation.kind == "erase":
            found += [Event(each, Outcome.UNKNOWN, invoked=len(before)) for each in _deletes(scenario, operation)]
            continue
        found.append(
            Event(
                operation,
                result.outcome,
                result.seen,
                invoked=len(before),
                returned=float("inf") if result.outcome is Outcome.UNKNOWN else min(later, default=float("inf")) - 0.5,
            )
        )
    return found


def _deletes(scenario: Scenario, erasure: Operation) -> Iterator[Operation]:
    """An erasure is not atomic: each configuration that its user may hold may be deleted at another time."""
    ids = {step.operation.config_id for steps in scenario.clients for step in steps}
    ids |= {sort_key.removeprefix("CONFIG#") for _, sort_key in scenario.stored.items}
    return (replace(erasure, kind="delete", config_id=config_id) for config_id in sorted(ids - {""}))


def may_still_delete(scenario: Scenario, world: World, author: Author, result: Result) -> bool:
    """Whether a refused delete may be carried out later: an attempt without a response is on its way."""
    kind = scenario.clients[author[0]][author[1]].operation.kind
    return kind == "delete" and result.outcome in {Outcome.GONE, Outcome.OUTDATED} and author in world.given_up


def _invoke(scenario: Scenario, world: World, number: int) -> Next:
    client = world.clients[number]
    index = len(client.results)
    returned = frozenset(
        (other, each) for other, client in enumerate(world.clients) for each in range(len(client.results))
    )
    step = scenario.clients[number][index]
    client = client._replace(before=(*client.before, returned))
    world = _enter_node(world, number, client, step.program.root)
    return f"{step.program.name} begins", world


def _enter_node(world: World, number: int, client: Client, node: Node) -> World:
    """The world in which the client has come to the node: it sends the next call, or it is done."""
    author = number, len(client.results)
    if isinstance(node.action, Request):
        name = author, node
        client = client._replace(node=node, waiting=name)
        world = world._replace(calls=world.calls.set(name, Call(node.action)))
    else:
        client = client._replace(results=(*client.results, node.action), node=None, waiting=None)
    return _with_client(world, number, client)


def _with_client(world: World, number: int, client: Client) -> World:
    clients = list(world.clients)
    clients[number] = client
    return world._replace(clients=tuple(clients))


def _observe(scenario: Scenario, world: World, number: int, observation: Observation) -> World:
    client = world.clients[number]
    assert client.node
    program = scenario.clients[number][len(client.results)].program
    return _enter_node(world, number, client, program.after(client.node, observation))


def _lose(scenario: Scenario, world: World, number: int) -> Iterator[Next]:
    """The client gives up waiting: the call was never received, or it is still carried out."""
    name = world.clients[number].waiting
    assert name
    world = world._replace(lost=world.lost - 1)
    who = _who(scenario, world, number)
    if not world.calls[name].started:
        dropped = world._replace(calls=world.calls.without(name))
        yield f"{who}: the request is lost", _observe(scenario, dropped, number, LOST)
    world = world._replace(given_up=world.given_up | {name[0]})
    yield f"{who}: no response in time, the request is still in progress", _observe(scenario, world, number, LOST)


def _crash(scenario: Scenario, world: World, number: int) -> Iterator[Next]:
    client = world.clients[number]
    who, name = _who(scenario, world, number), client.waiting
    after = client._replace(results=(*client.results, Result(Outcome.UNKNOWN)), node=None, waiting=None)
    assert name
    world = _with_client(world._replace(crashes=world.crashes - 1), number, after)
    if not world.calls[name].started:
        yield f"{who} crashes, the request is lost", world._replace(calls=world.calls.without(name))
    yield f"{who} crashes, the request is still in progress", world


def _serve(scenario: Scenario, world: World, name: CallName, call: Call) -> Iterator[Next]:
    (number, index), _ = name
    waits = world.clients[number].waiting == name
    who = scenario.clients[number][index].program.name
    for what, table, after in advance(world.table, name, call):
        conflicts = world.conflicts - (CONFLICT.lower() in what.lower())
        if conflicts < 0:
            continue
        label = f"{who}: {what}" if waits else f"{who}, given up: {what}"
        served = _count_effects(world._replace(table=table, conflicts=conflicts), world.table, (number, index))
        if after.response is None:
            yield label, served._replace(calls=world.calls.set(name, after))
            continue
        served = served._replace(calls=world.calls.without(name))
        if not waits:
            yield label, served
            continue
        yield label, _observe(scenario, served, number, after.response)
        if world.lost:
            lost = _observe(scenario, served._replace(lost=world.lost - 1), number, LOST)
            yield f"{label}; the response is lost", lost


def _count_effects(world: World, before: State, author: Author) -> World:
    if world.table.items is before.items:
        return world
    changed = any(
        key[1].startswith("CONFIG#") and world.table.items.get(key) is not before.items.get(key)
        for key in {*before.items, *world.table.items}
    )
    return world._replace(effects=world.effects.set(author, world.effects.get(author, 0) + 1)) if changed else world


def _who(scenario: Scenario, world: World, number: int) -> str:
    return scenario.clients[number][len(world.clients[number].results)].program.name
