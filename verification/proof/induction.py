"""An inductive proof, for any number of requests, that `count = stored <= limit`.

Each write that the store sends is recorded from its own code. Its expressions, parsed as the simulated table parses
them, are translated to z3: the conditions restrict the items before the write, the updates define the items after it.
Then z3 looks for items that satisfy the invariant and the conditions, and do not satisfy the invariant after the
write. If there are none, then the invariant, which is true of an empty table, is true after any number of
transactions, whatever their order: DynamoDB's transactions are serializable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import z3

from verification.proof.linearizability import Operation
from verification.simulation.expressions import Attribute, Tree
from verification.simulation.operations import act, create, delete, run_alone, table_with
from verification.simulation.programs import Defect, Program
from verification.simulation.requests import Action, Request
from verification.simulation.state import Key

QUOTA = "QUOTA"
MAX_ADOPTED = 49
"""Configurations that one transaction adds at most."""

Writes = dict[str, Request]

SYMBOLIC_LIMIT = 7919
"""The limit with which the writes are recorded: where this number occurs, the proof reads any limit of at least 1."""

KINDS = ("S", "N", "BOOL", "NULL", "L", "M")
"""The types of attributes that the table holds."""


@dataclass
class SymbolicItem:
    """An item with any attributes of any type. Strings are compared as numbers, each text with one of its own."""

    name: str
    exists: Any = None
    attributes: dict[str, SymbolicValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.exists is None:
            self.exists = z3.Bool(f"{self.name} exists")

    def value(self, attribute: str) -> SymbolicValue:
        """The attribute, which a missing item has not."""
        if attribute not in self.attributes:
            self.attributes[attribute] = SymbolicValue.any(f"{self.name}.{attribute}", self.exists)
        return self.attributes[attribute]

    def after(self, name: str, exists: Any) -> SymbolicItem:
        """A copy to be changed."""
        return SymbolicItem(name, exists, dict(self.attributes))


@dataclass(frozen=True)
class SymbolicValue:
    """An attribute's value: whether it exists, its type (an index of KINDS), and the value itself as a number."""

    exists: Any
    kind: Any
    value: Any

    @staticmethod
    def any(name: str, item_exists: Any) -> SymbolicValue:
        """An attribute of which nothing is known."""
        exists = z3.And(item_exists, z3.Bool(f"{name} exists"))
        return SymbolicValue(exists, z3.Int(f"{name} type"), z3.Int(f"{name}"))

    @staticmethod
    def of(attribute: Attribute, limit: Any) -> SymbolicValue:
        """A constant."""
        ((kind, value),) = attribute.items()
        if kind == "N":
            # An adoption compares with the limit less what it adds.
            below = SYMBOLIC_LIMIT - int(value)
            number = limit - below if 0 <= below <= MAX_ADOPTED else z3.IntVal(int(value))
        elif kind == "BOOL":
            number = z3.IntVal(int(value))
        else:
            number = z3.IntVal(_number_of(str(value)))
        return SymbolicValue(z3.BoolVal(val=True), z3.IntVal(KINDS.index(kind)), number)


_texts: dict[str, int] = {}


def _number_of(text: str) -> int:
    return _texts.setdefault(text, len(_texts))


def invariant(items: Mapping[Key, SymbolicItem]) -> Any:
    """`count = stored <= limit` for each user; no count means 0, and any number of other items is stored."""
    formulas = []
    for user in sorted({partition for partition, _ in items}):
        others, limit = z3.Int(f"others of {user}"), limit_of(user)
        count = items[user, QUOTA].value("config_count")
        number = z3.If(count.exists, count.value, 0)
        stored = others + z3.Sum(
            [z3.If(is_stored(item), 1, 0) for key, item in items.items() if key[0] == user and key[1] != QUOTA]
        )
        well_typed = z3.Implies(count.exists, count.kind == KINDS.index("N"))
        formulas += [others >= 0, well_typed, number == stored, stored <= limit]
    return z3.And(formulas)


def limit_of(user: str) -> Any:
    """The user's limit, which may be any number."""
    return z3.Int(f"limit of {user}")


def is_stored(item: SymbolicItem) -> Any:
    """Whether it is a configuration that is not deleted: contract.md §4, not the store's own condition."""
    status, is_active = item.value("status"), item.value("is_active")
    inactive = z3.And(status.exists, status.kind == KINDS.index("S"), status.value == _number_of("inactive"))
    not_active = z3.And(is_active.exists, is_active.kind == KINDS.index("BOOL"), is_active.value == 0)
    return z3.And(item.exists, z3.Not(z3.Or(inactive, not_active)))


def counterexample(actions: Sequence[Action], *, recorded_at: int = SYMBOLIC_LIMIT) -> str | None:
    """Items for which a transaction of these actions breaks the invariant; None if there are none."""
    users = {action.key[0] for action in actions}
    keys = {*(action.key for action in actions), *((user, QUOTA) for user in users)}
    before = {key: SymbolicItem("/".join(key)) for key in sorted(keys)}
    after, conditions = dict(before), []
    for action in actions:
        item, limit = before[action.key], limit_of(action.key[0])
        after[action.key] = _after(action, item, limit)
        if action.condition:
            conditions.append(translated(action.condition, item, limit))
    solver = z3.Solver()
    limits = [limit_of(user) for user in users]
    # The store accepts a missing count only where the limit is not below what it adds.
    added = max(1, sum(action.kind == "Put" for action in actions))
    solver.add(*(limit >= added if recorded_at == SYMBOLIC_LIMIT else limit == recorded_at for limit in limits))
    solver.add(invariant(before), *conditions, z3.Not(invariant(after)))
    if solver.check() == z3.unsat:
        return None
    model = solver.model()
    return ", ".join(sorted(f"{name} = {model[name]}" for name in model))


def translated(condition: Tree, item: SymbolicItem, limit: Any) -> Any:  # noqa: PLR0911 one for each kind
    """A condition expression as a formula, with the same meaning as `expressions.holds`."""
    match condition:
        case ("and", left, right):
            return z3.And(translated(left, item, limit), translated(right, item, limit))
        case ("or", left, right):
            return z3.Or(translated(left, item, limit), translated(right, item, limit))
        case ("not", inner):
            return z3.Not(translated(inner, item, limit))
        case ("call", "attribute_exists", (operand,)):
            return _operand(operand, item, limit).exists
        case ("call", "attribute_not_exists", (operand,)):
            return z3.Not(_operand(operand, item, limit).exists)
        case ("in", operand, choices):
            return z3.Or([translated(("compare", "=", operand, choice), item, limit) for choice in choices])
        case ("compare", "<>", left, right):
            return z3.Not(translated(("compare", "=", left, right), item, limit))
        case ("compare", operator, left, right):
            a, b = _operand(left, item, limit), _operand(right, item, limit)
            order = {"=": a.value == b.value, "<": a.value < b.value, "<=": a.value <= b.value}
            order |= {">": a.value > b.value, ">=": a.value >= b.value}
            return z3.And(a.exists, b.exists, a.kind == b.kind, order[operator])
        case ("call", "attribute_type", (operand, ("value", {"S": kind}))):
            value = _operand(operand, item, limit)
            return z3.And(value.exists, value.kind == KINDS.index(kind))
    raise NotImplementedError(condition)


def _operand(operand: Tree, item: SymbolicItem, limit: Any) -> SymbolicValue:
    match operand:
        case ("path", (("PK" | "SK"),)):
            return SymbolicValue(item.exists, z3.IntVal(KINDS.index("S")), z3.IntVal(_number_of("a key")))
        case ("path", (name,)):
            return item.value(name)
        case ("value", value):
            return SymbolicValue.of(value, limit)
        case ("call", "if_not_exists", (path, default)):
            value, other = _operand(path, item, limit), _operand(default, item, limit)
            return SymbolicValue(
                z3.Or(value.exists, other.exists),
                z3.If(value.exists, value.kind, other.kind),
                z3.If(value.exists, value.value, other.value),
            )
        case (("+" | "-") as operator, left, right):
            a, b = _operand(left, item, limit), _operand(right, item, limit)
            result = a.value + b.value if operator == "+" else a.value - b.value
            return SymbolicValue(z3.And(a.exists, b.exists), a.kind, result)
    raise NotImplementedError(operand)


def _after(action: Action, item: SymbolicItem, limit: Any) -> SymbolicItem:
    """The item after the action."""
    if action.kind == "ConditionCheck":
        return item
    name = f"{item.name} after"
    if action.kind == "Delete":
        return item.after(name, z3.BoolVal(val=False))
    if action.kind == "Put":
        put = SymbolicItem(name, z3.BoolVal(val=True))
        put.attributes = {key: SymbolicValue.of(value, limit) for key, value in action.item.items()}
        absent = SymbolicValue(z3.BoolVal(val=False), z3.IntVal(0), z3.IntVal(0))
        put.attributes |= {key: absent for key in ("status", "is_active") if key not in put.attributes}
        return put
    after = item.after(name, z3.BoolVal(val=True))
    for attribute in ("config_count", "status", "is_active"):
        after.attributes[attribute] = item.value(attribute)
    for clause, (attribute, *_), operand in action.changes:
        after.attributes[attribute] = _changed(clause, item.value(attribute), operand, item, limit)
    return after


def _changed(clause: str, before: SymbolicValue, operand: Tree, item: SymbolicItem, limit: Any) -> SymbolicValue:
    if clause == "REMOVE":
        return SymbolicValue(z3.BoolVal(val=False), before.kind, before.value)
    value = _operand(operand, item, limit)
    if clause == "SET":
        return value
    if clause != "ADD":
        raise NotImplementedError(clause)
    return SymbolicValue(value.exists, value.kind, z3.If(before.exists, before.value, 0) + value.value)


def recorded(operations: Iterable[Operation], *, limit: int = SYMBOLIC_LIMIT, defect: Defect | None = None) -> Writes:
    """Every different write that the store sends for these operations on `a` or on new configurations, by a name.

    They are sent to a table that holds `a`, to one in which it is not counted (an older service wrote it), and to one
    in which it was deleted.
    """
    stored = table_with([create("a"), create("n1")])
    uncounted = stored._replace(items=stored.items.without(*(key for key in stored.items if key[1] == QUOTA)))
    _, deleted = run_alone(Program("before", act(delete("a"), limit=9)), stored)
    found: Writes = {}
    for operation, state in product(operations, (stored, uncounted, deleted)):
        requests, _ = run_alone(Program("recorded", act(operation, limit), defect=defect), state)
        for request in requests:
            if request.actions:
                shape = " and ".join(f"{action.kind} {_shape(action)}" for action in request.actions)
                found.setdefault(f"{operation.kind}: {shape}", request)
    return found


def _shape(action: Action) -> str:
    changes = ", ".join(f"{clause} {'.'.join(map(str, path))}" for clause, path, _ in action.changes)
    return f"{action.key[1].partition('#')[0]} ({changes or 'whole'})"
