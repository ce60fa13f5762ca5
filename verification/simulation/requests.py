"""Requests and responses of DynamoDB: the operation and the parameters as botocore sends them, parsed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from verification.simulation.expressions import Attributes, InvalidExpression, Parser, Tree, holds, updated
from verification.simulation.state import Item, Key

Parameters = Mapping[str, Any]

WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}


@dataclass(frozen=True, eq=False)
class Action:
    """One write, or one check, of one item. Equal only to itself."""

    kind: str
    key: Key
    condition: Tree | None
    changes: tuple[Tree, ...]
    item: Attributes
    returns_item: bool


@cache
def allows(action: Action, before: Item | None) -> bool:
    """Whether the condition holds."""
    return action.condition is None or holds(action.condition, before.attributes if before else {})


@cache
def result(action: Action, before: Item | None) -> Item | None:
    """The item after the action."""
    if action.kind == "ConditionCheck":
        return before
    if action.kind == "Delete":
        return None
    if action.kind == "Put":
        return Item.of(action.item)
    pk, sk = action.key
    return Item.of(updated(action.changes, before.attributes if before else {"PK": {"S": pk}, "SK": {"S": sk}}))


@dataclass(frozen=True, eq=False)
class Request:
    """A request as botocore sends it, parsed. Equal only to itself."""

    operation: str
    parameters: Parameters
    actions: tuple[Action, ...] = ()
    invalid: str | None = None

    @staticmethod
    def of(operation: str, parameters: Parameters) -> Request:
        """Parse the expressions; what is wrong with them is told when the request is carried out."""
        try:
            actions = tuple(_actions(operation, parameters))
        except InvalidExpression as error:
            return Request(operation, parameters, invalid=str(error))
        keys = [action.key for action in actions]
        repeated = "Transaction request cannot include multiple operations on one item"
        return Request(operation, parameters, actions, repeated if len(set(keys)) < len(keys) else None)

    @property
    def token(self) -> str | None:
        """The client request token."""
        token: str | None = self.parameters.get("ClientRequestToken")
        return token

    @cached_property
    def fingerprint(self) -> str:
        """Equal for requests that differ in the token only."""
        return json.dumps({name: value for name, value in self.parameters.items() if name != "ClientRequestToken"})


@dataclass(frozen=True)
class Response:
    """What the client receives: the body, or an error's code with its fields, as JSON."""

    text: str
    error: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The fields of the response."""
        body: dict[str, Any] = json.loads(self.text)
        return body


def read_key(attributes: Attributes) -> Key:
    """The key in a request. Raises InvalidExpression for an empty one."""
    key = attributes["PK"]["S"], attributes["SK"]["S"]
    if not all(key):
        raise InvalidExpression("A key attribute is empty")
    return key


def _actions(operation: str, parameters: Parameters) -> Iterator[Action]:
    if operation == "TransactWriteItems":
        for entry in parameters["TransactItems"]:
            ((kind, action),) = entry.items()
            yield _action(kind, action)
    elif operation in WRITES:
        yield _action(WRITES[operation], parameters)


def _action(kind: str, parameters: Parameters) -> Action:
    parser = Parser(parameters.get("ExpressionAttributeNames"), parameters.get("ExpressionAttributeValues"))
    condition, update = parameters.get("ConditionExpression"), parameters.get("UpdateExpression")
    item = parameters.get("Item", {})
    action = Action(
        kind=kind,
        key=read_key(item or parameters["Key"]),
        condition=parser.condition(condition) if condition else None,
        changes=parser.update(update) if update else (),
        item=item,
        returns_item=parameters.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
    )
    parser.finish()
    if any(change[1][0] in {"PK", "SK"} for change in action.changes):
        raise InvalidExpression("Cannot update an attribute that is part of the key")
    return action
