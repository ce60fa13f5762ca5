"""DynamoDB's expressions: parsed into trees, and evaluated on items.

A tree is a tuple whose first element names it:

* operands: `("path", (name, …))`, `("value", {"N": "1"})`, `("size", operand)`;
* conditions: `("and" | "or", left, right)`, `("not", condition)`, `("compare", operator, left, right)`,
  `("between", operand, low, high)`, `("in", operand, (operand, …))`, `("call", function, (operand, …))`;
* values of SET: an operand, `("+" | "-", left, right)` or `("call", function, (operand, …))`;
* actions of an update: `("SET" | "REMOVE" | "ADD" | "DELETE", path, value or None)`.

The proof translates the same trees for z3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

Tree = tuple[Any, ...]
Attribute = Mapping[str, Any]
"""A value with its type: `{"S": "Tech"}`."""
Attributes = Mapping[str, Attribute]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[-=<>(),+.\[\]]|[#:]?\w+)")
_COMPARATORS = {"=", "<>", "<", "<=", ">", ">="}
_CLAUSES = {"SET", "REMOVE", "ADD", "DELETE"}


class InvalidExpression(ValueError):
    """DynamoDB answers such an expression with a ValidationException."""


class Parser:
    """Parses the expressions of one request; `finish` checks that each name and value was used."""

    def __init__(self, names: Mapping[str, str] | None = None, values: Mapping[str, Attribute] | None = None) -> None:
        self._names = names or {}
        self._values = values or {}
        self._unused = {*self._names, *self._values}
        self._tokens: list[str] = []

    def condition(self, text: str) -> Tree:
        """The tree of a condition, key condition or filter expression."""
        self._start(text)
        tree = self._or()
        self._end()
        return tree

    def update(self, text: str) -> tuple[Tree, ...]:
        """The actions of an update expression."""
        self._start(text)
        actions: list[Tree] = []
        while self._tokens:
            clause = self._take().upper()
            if clause not in _CLAUSES:
                raise InvalidExpression(f"{clause} is no clause of an update expression")
            actions.append(self._action(clause))
            while self._accept(","):
                actions.append(self._action(clause))
        paths = [action[1] for action in actions]
        if len(set(paths)) < len(paths):
            raise InvalidExpression("Two document paths overlap with each other")
        return tuple(actions)

    def projection(self, text: str) -> tuple[str, ...]:
        """The top-level attributes that a projection expression names."""
        self._start(text)
        names = [self._operand()[1][0]]
        while self._accept(","):
            names.append(self._operand()[1][0])
        self._end()
        return tuple(names)

    def finish(self) -> None:
        """Raises InvalidExpression for a name or value that no expression used."""
        if self._unused:
            raise InvalidExpression(f"Unused in expressions: {sorted(self._unused)}")

    def _start(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text) or not self._tokens:
            raise InvalidExpression(f"Syntax error: {text!r}")

    def _end(self) -> None:
        if self._tokens:
            raise InvalidExpression(f"Syntax error near {self._tokens[0]}")

    def _take(self) -> str:
        if not self._tokens:
            raise InvalidExpression("The expression ends too early")
        return self._tokens.pop(0)

    def _accept(self, *texts: str) -> str | None:
        if self._tokens and self._tokens[0].upper() in texts:
            return self._tokens.pop(0).upper()
        return None

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise InvalidExpression(f"{text} is missing before {self._tokens[:1]}")

    def _or(self) -> Tree:
        tree = self._and()
        while self._accept("OR"):
            tree = ("or", tree, self._and())
        return tree

    def _and(self) -> Tree:
        tree = self._not()
        while self._accept("AND"):
            tree = ("and", tree, self._not())
        return tree

    def _not(self) -> Tree:
        return ("not", self._not()) if self._accept("NOT") else self._comparison()

    def _comparison(self) -> Tree:
        if self._accept("("):
            tree = self._or()
            self._expect(")")
            return tree
        left = self._operand()
        if operator := self._accept(*_COMPARATORS):
            return ("compare", operator, left, self._operand())
        if self._accept("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            return ("between", left, low, self._operand())
        if self._accept("IN"):
            return ("in", left, self._arguments())
        if left[0] != "call":
            raise InvalidExpression(f"{left} is no condition")
        return left

    def _arguments(self) -> tuple[Tree, ...]:
        self._expect("(")
        arguments = [self._operand()]
        while self._accept(","):
            arguments.append(self._operand())
        self._expect(")")
        return tuple(arguments)

    def _operand(self) -> Tree:
        token = self._take()
        if token.startswith(":"):
            return ("value", self._look_up(self._values, token))
        if self._tokens[:1] == ["("]:
            arguments = self._arguments()
            return ("size", arguments[0]) if token == "size" else ("call", token, arguments)
        path: list[str | int] = [self._name(token)]
        while separator := self._accept(".", "["):
            path.append(self._name(self._take()) if separator == "." else int(self._take()))
            if separator == "[":
                self._expect("]")
        return ("path", tuple(path))

    def _name(self, token: str) -> str:
        return str(self._look_up(self._names, token)) if token.startswith("#") else token

    def _look_up(self, known: Mapping[str, Any], token: str) -> Any:
        self._unused.discard(token)
        try:
            return known[token]
        except KeyError:
            raise InvalidExpression(f"{token} is not defined") from None

    def _action(self, clause: str) -> Tree:
        path = self._operand()
        if path[0] != "path":
            raise InvalidExpression(f"{path} is no path")
        if clause == "REMOVE":
            return (clause, path[1], None)
        if clause in {"ADD", "DELETE"}:
            return (clause, path[1], self._operand())
        self._expect("=")
        value = self._operand()
        while operator := self._accept("+", "-"):
            value = (operator, value, self._operand())
        return (clause, path[1], value)


def holds(condition: Tree, item: Attributes) -> bool:  # noqa: PLR0911 one for each kind of condition
    """Whether the condition is true of the item; a missing item has no attributes."""
    match condition:
        case ("and", left, right):
            return holds(left, item) and holds(right, item)
        case ("or", left, right):
            return holds(left, item) or holds(right, item)
        case ("not", inner):
            return not holds(inner, item)
        case ("compare", operator, left, right):
            return _compare(operator, value_of(left, item), value_of(right, item))
        case ("between", operand, low, high):
            value = value_of(operand, item)
            return _compare(">=", value, value_of(low, item)) and _compare("<=", value, value_of(high, item))
        case ("in", operand, choices):
            value = value_of(operand, item)
            return any(_compare("=", value, value_of(choice, item)) for choice in choices)
        case ("call", function, arguments):
            return _test(function, [value_of(argument, item) for argument in arguments])
    raise InvalidExpression(f"{condition} is no condition")


def updated(actions: Sequence[Tree], item: Attributes) -> dict[str, Attribute]:
    """The item after the update; every value is computed from the item before it."""
    after = dict(item)
    for clause, path, operand in actions:
        if len(path) > 1:
            raise InvalidExpression("Nested paths are not simulated")
        before = item.get(path[0])
        if clause == "REMOVE":
            after.pop(path[0], None)
            continue
        value = value_of(operand, item)
        if value is None:
            raise InvalidExpression("An attribute in the expression does not exist in the item")
        if clause == "SET":
            after[path[0]] = value
        elif clause == "ADD" and "N" in value and (before is None or "N" in before):
            after[path[0]] = _number(Decimal((before or {"N": "0"})["N"]) + Decimal(value["N"]))
        else:
            raise InvalidExpression(f"{clause} with {value} on {before}")
    return after


def value_of(operand: Tree, item: Attributes) -> Attribute | None:
    """The value of an operand; None where the item has none."""
    match operand:
        case ("value", value):
            return cast("Attribute", value)
        case ("path", (name, *rest)):
            return _descend(item.get(name), rest)
        case ("size", inner):
            value = value_of(inner, item)
            return None if value is None else _number(Decimal(len(next(iter(value.values())))))
        case ("call", "if_not_exists", (path, default)):
            return value_of(path, item) or value_of(default, item)
        case (("+" | "-") as operator, left, right):
            a, b = value_of(left, item), value_of(right, item)
            if a is None or b is None:
                return None
            return _number(Decimal(a["N"]) + (Decimal(b["N"]) if operator == "+" else -Decimal(b["N"])))
    raise InvalidExpression(f"{operand} is not simulated")


def _descend(value: Attribute | None, path: Sequence[str | int]) -> Attribute | None:
    for step in path:
        inner = (value or {}).get("M" if isinstance(step, str) else "L", {})
        try:
            value = inner[step]
        except (KeyError, IndexError):
            return None
    return value


def _compare(operator: str, left: Attribute | None, right: Attribute | None) -> bool:
    if operator == "<>":
        return not _compare("=", left, right)
    if left is None or right is None or left.keys() != right.keys():
        return False
    kind = next(iter(left))
    if operator == "=":
        return left[kind] == right[kind] if kind != "N" else Decimal(left[kind]) == Decimal(right[kind])
    if kind not in {"N", "S", "B"}:
        return False
    a, b = (Decimal(side[kind]) if kind == "N" else side[kind].encode() for side in (left, right))
    ordered: bool = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]
    return ordered


def _test(function: str, arguments: Sequence[Attribute | None]) -> bool:
    first = arguments[0]
    if function in {"attribute_exists", "attribute_not_exists"}:
        return (first is not None) == (function == "attribute_exists")
    second = arguments[1]
    if first is None or second is None:
        return False
    if function == "begins_with":
        return str(first.get("S", "")).startswith(second["S"])
    if function == "attribute_type":
        return second["S"] in first
    if function == "contains":
        return any(second["S"] in held for held in _strings(first))
    raise InvalidExpression(f"{function} is no function of a condition")


def _strings(value: Attribute) -> Iterator[Any]:
    if "S" in value:
        yield value["S"]
    yield from ([each] for each in value.get("SS", ()))


def _number(value: Decimal) -> Attribute:
    return {"N": f"{value.normalize():f}"}
