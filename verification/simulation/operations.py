"""Operations on the port, and scenarios made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.adoption import Adoption
from domain.configurations import Configuration, WatchedTicker
from domain.errors import RevisionMismatch
from domain.idempotency import config_id_for
from domain.limits import SESSION
from domain.ports import ConfigurationStore
from domain.tickers import Ticker
from verification.environment import NOW
from verification.proof.linearizability import Operation, Outcome, Seen
from verification.simulation.dynamodb import Call, advance
from verification.simulation.programs import Act, Defect, Program
from verification.simulation.requests import Request
from verification.simulation.state import Frozen, State
from verification.simulation.world import Scenario, Step

USER = "ann"
MEMBER, OTHER_MEMBER = "member/", "other/"
USERS = {"": USER, MEMBER: "bob", OTHER_MEMBER: "cy"}
"""The user of each owner of the model."""


_names: dict[str, str] = {}


def id_of(name: str) -> str:
    """The id of a configuration in the scenarios: derived from the name as from an idempotency key, but `n1` is not."""
    number = int.from_bytes(name.encode(), "big")
    config_id = str(UUID(int=number, version=4)) if name.startswith("n") else config_id_for(USER, name)
    _names[config_id] = name
    return config_id


def create(name: str, *, body: str | None = "body") -> Operation:
    """A create; the same name and body are the same intention. `n1` is created without an idempotency key."""
    return Operation("create", id_of(name), fingerprint=None if name.startswith("n") else body)


def update(name: str, *, expected: str | None = None) -> Operation:
    """An update, of any revision or of the expected one."""
    return Operation("update", id_of(name), expected=expected)


def delete(name: str, *, expected: str | None = None) -> Operation:
    """A delete, at any revision or at the expected one."""
    return Operation("delete", id_of(name), expected=expected)


def get(name: str) -> Operation:
    """A read of one configuration."""
    return Operation("get", id_of(name))


LIST = Operation("list")
RENEW = Operation("renew")
ERASE = Operation("erase")
ADOPT = Operation("adopt", owner=MEMBER)


def of_member(operation: Operation) -> Operation:
    """The same operation of the member who adopts."""
    return replace(operation, owner=MEMBER)


def act(operation: Operation, limit: int, *, users: Mapping[str, str] = USERS) -> Act:
    """The call of the port that carries out the operation, and what it returns."""
    user = users[operation.owner]

    def carry_out(store: ConfigurationStore) -> tuple[Outcome, Seen]:
        match operation.kind:
            case "create":
                added = store.add(_configuration(operation, user), limit=limit)
                return Outcome.REPLAYED if added.replayed else Outcome.ADDED, added.configuration.revision
            case "list":
                return Outcome.DONE, _revisions(store.list(user))
            case "adopt":
                adopted = store.adopt(Adoption(users[""], user), limit=limit, now=NOW)
                return Outcome.DONE, _revisions(adopted)
            case _:
                return Outcome.DONE, _use(store, user, operation)

    return carry_out


def _revisions(configurations: Sequence[Configuration]) -> Seen:
    return Frozen({each.config_id: each.revision for each in configurations})


def _use(store: ConfigurationStore, user: str, operation: Operation) -> Seen:
    match operation.kind:
        case "update":
            return store.update(user, operation.config_id, _change(operation)).revision
        case "get":
            return store.get(user, operation.config_id).revision
        case "delete":
            expected = None if operation.expected is None else frozenset({operation.expected})
            store.remove(user, operation.config_id, now=NOW, revisions=expected)
        case "renew":
            store.extend(user, expires_at=NOW + SESSION)
        case "erase":
            store.erase(user, now=NOW)
    return None


@dataclass(frozen=True)
class Plan:
    """A scenario that is not built yet: clients, each with its operations, and how often what may go wrong."""

    name: str
    clients: tuple[tuple[Operation, ...], ...]
    limit: int = 2
    stored: tuple[Operation, ...] = ()
    fault_limits: Mapping[str, Any] = field(default_factory=dict)

    def scenario(self, defect: Defect | None = None) -> Scenario:
        """The scenario, on a table in which the creates `stored` were carried out before."""

        def step(number: int, index: int, operation: Operation) -> Step:
            operation = replace(operation, revision=f"{number}.{index}")
            title = f"client {number}, {operation.kind} {_names.get(operation.config_id, '')} ({index})"
            return Step(operation, Program(title, act(operation, self.limit), defect=defect))

        clients = tuple(
            tuple(step(number, index, operation) for index, operation in enumerate(operations))
            for number, operations in enumerate(self.clients)
        )
        return Scenario(self.name, clients, self.limit, table_with(self.stored), **self.fault_limits)


def table_with(operations: Sequence[Operation]) -> State:
    """The table after these operations, one after the other and without trouble."""
    state = State()
    for number, operation in enumerate(operations):
        program = Program(f"before-{number}", act(replace(operation, revision="0"), limit=9))
        _, state = run_alone(program, state)
    return state._replace(tokens=Frozen())


def run_alone(program: Program, state: State) -> tuple[list[Request], State]:
    """The requests that a program sends where nothing else happens, and the table after it."""
    sent = []
    node = program.root
    while isinstance(node.action, Request):
        sent.append(node.action)
        call = Call(node.action)
        while call.response is None:
            _, state, call = next(advance(state, program.name, call))
        node = program.after(node, call.response)
    return sent, state


def _configuration(operation: Operation, user: str) -> Configuration:
    return Configuration(
        config_id=operation.config_id,
        user_id=user,
        name="Tech",
        tickers=(WatchedTicker(Ticker("AAPL", "Apple Inc.", "NASDAQ"), NOW),),
        timeframe_days=7,
        include_extended_hours=False,
        created_at=NOW,
        updated_at=NOW,
        revision=operation.revision,
        request_fingerprint=operation.fingerprint,
        expires_at=None if operation.owner else NOW,
    )


def _change(operation: Operation) -> Any:
    def change(current: Configuration) -> Configuration:
        if operation.expected not in {None, current.revision}:
            raise RevisionMismatch
        return replace(current, name=f"by {operation.revision}", revision=operation.revision)

    return change
