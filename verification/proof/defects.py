"""Seeded defects: changes of what the store sends and receives, as wrong code would make them.

Each is a wrapper of the wire call, so it needs to know nothing of the store's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import count
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from verification.simulation.programs import Defect, WireCall
from verification.simulation.requests import Parameters

Entry = dict[str, dict[str, Any]]
"""One action of a transaction: `{"Update": {…}}`."""
Names = Mapping[str, str]
"""The placeholder of each attribute name."""
Values = dict[str, Any]
Change = Callable[[list[Entry]], None]


def on_transactions(change: Change) -> Defect:
    """A defect that changes the actions of each transaction, in place."""

    def defect(call: WireCall) -> WireCall:
        def send(operation: str, parameters: Parameters) -> dict[str, Any]:
            if operation == "TransactWriteItems":
                parameters = deepcopy(dict(parameters))
                change(parameters["TransactItems"])
            return call(operation, parameters)

        return send

    return defect


def on_parameters(operation: str, change: Callable[[dict[str, Any]], None]) -> Defect:
    """A defect that changes the parameters of an operation, in place."""

    def defect(call: WireCall) -> WireCall:
        def send(name: str, parameters: Parameters) -> dict[str, Any]:
            changed = deepcopy(dict(parameters))
            if name == operation:
                change(changed)
            return call(name, changed)

        return send

    return defect


def on_errors(answer: Callable[[Exception, Parameters], dict[str, Any] | None]) -> Defect:
    """A defect that takes an error of a transaction for something else: for a result, or the error it raises."""

    def defect(call: WireCall) -> WireCall:
        def send(operation: str, parameters: Parameters) -> dict[str, Any]:
            try:
                return call(operation, parameters)
            except (ClientError, ReadTimeoutError) as error:
                result = answer(error, parameters) if operation == "TransactWriteItems" else None
                if result is None:
                    raise
                return result

        return send

    return defect


def not_atomic(first: str, second: str) -> Defect:
    """Plain writes instead of a transaction: the action on the sort key `first`, then the other."""
    operations = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}

    def defect(call: WireCall) -> WireCall:
        def send(operation: str, parameters: Parameters) -> dict[str, Any]:
            if operation != "TransactWriteItems" or len(parameters["TransactItems"]) == 1:
                return call(operation, parameters)
            for key in (first, second):
                (kind, action) = _action(parameters["TransactItems"], key)
                call(operations[kind], action)
            return {}

        return send

    return defect


def without_condition(key: str, *, kinds: tuple[str, ...] = ("Put", "Update", "Delete"), together: int = 0) -> Defect:
    """The action on the sort key has no condition; `together`: only in transactions of so many actions."""

    def change(entries: list[Entry]) -> None:
        found = _action(entries, key)
        if found and found[0] in kinds and together in {0, len(entries)}:
            for name in ("ConditionExpression", "ReturnValuesOnConditionCheckFailure"):
                found[1].pop(name, None)
            _tidy(found[1])

    return on_transactions(change)


def of_adoption(user: str, key: str, *, condition_only: bool) -> Defect:
    """An adoption lacks its actions on the sort key of one of the two users, or only their conditions."""

    def change(entries: list[Entry]) -> None:
        if len({_key(entry)["PK"]["S"] for entry in entries}) == 1:
            return
        found = [entry for entry in entries if _is_on(entry, user, key)]
        if not condition_only:
            entries[:] = [entry for entry in entries if entry not in found]
            return
        for entry in found:
            for action in entry.values():
                for name in ("ConditionExpression", "ReturnValuesOnConditionCheckFailure"):
                    action.pop(name, None)
                _tidy(action)

    return on_transactions(change)


def _key(entry: Entry) -> Mapping[str, Any]:
    ((_, action),) = entry.items()
    key: Mapping[str, Any] = action.get("Key") or action["Item"]
    return key


def _is_on(entry: Entry, user: str, key: str) -> bool:
    found = _key(entry)
    return bool(found["PK"]["S"] == f"USER#{user}" and found["SK"]["S"].startswith(key))


def with_update(key: str, change: Callable[[str, Names, Values], str]) -> Defect:
    """`change` makes another update expression of the one on the sort key, given the names and the values."""

    def apply(entries: list[Entry]) -> None:
        found = _action(entries, key)
        if found and found[0] == "Update":
            action = found[1]
            values = action.setdefault("ExpressionAttributeValues", {})
            names = {name: placeholder for placeholder, name in action.get("ExpressionAttributeNames", {}).items()}
            action["UpdateExpression"] = change(action["UpdateExpression"], names, values)
            _tidy(action)

    return on_transactions(apply)


def adding(factor: int, *, when: Callable[[int], bool]) -> Defect:
    """The count changes by `factor` times as much, where the change is one that `when` accepts."""

    def change(text: str, names: Names, values: Values) -> str:
        match = re.search(rf"{names.get('config_count', 'no count')} (:\w+)", text)
        if match and when(int(values[match[1]]["N"])):
            values[":other"] = {"N": str(factor * int(values[match[1]]["N"]))}
            return text[: match.start(1)] + ":other" + text[match.end(1) :]
        return text

    return with_update("QUOTA", change)


def new_token_for_each_attempt(call: WireCall) -> WireCall:
    """The token is made inside of the retry loop."""
    numbers = count()

    def send(operation: str, parameters: Parameters) -> dict[str, Any]:
        token = {"ClientRequestToken": f"{parameters.get('ClientRequestToken')}-{next(numbers)}"}
        return call(operation, {**parameters, **token} if operation == "TransactWriteItems" else parameters)

    return send


def new_id_for_each_attempt(call: WireCall) -> WireCall:
    """The id of a configuration is not made from the key."""
    numbers = count()

    def send(operation: str, parameters: Parameters) -> dict[str, Any]:
        changed = deepcopy(dict(parameters))
        for entry in changed.get("TransactItems", ()):
            if "Put" in entry:
                entry["Put"]["Item"]["SK"]["S"] += f"-{next(numbers)}"
            changed["ClientRequestToken"] += f"-{next(numbers)}"
        return call(operation, changed)

    return send


def count_then_put(call: WireCall) -> WireCall:
    """The count is read and compared first; the transaction has no condition on it."""

    def send(operation: str, parameters: Parameters) -> dict[str, Any]:
        if operation == "TransactWriteItems" and len(parameters["TransactItems"]) > 1:
            kind, action = _action(parameters["TransactItems"], "QUOTA")
            found = call("GetItem", {"TableName": action["TableName"], "Key": action["Key"], "ConsistentRead": True})
            read = int(found.get("Item", {}).get("config_count", {"N": "0"})["N"])
            limit = max(int(value["N"]) for value in action["ExpressionAttributeValues"].values() if "N" in value)
            if read < limit and kind == "Update":
                return without_condition("QUOTA")(call)(operation, parameters)
        return call(operation, parameters)

    return send


def count_read_before(call: WireCall) -> WireCall:
    """The count is set to a number that was computed from an earlier read."""

    def send(operation: str, parameters: Parameters) -> dict[str, Any]:
        if operation != "TransactWriteItems" or len(parameters["TransactItems"]) == 1:
            return call(operation, parameters)
        _, action = _action(parameters["TransactItems"], "QUOTA")
        found = call("GetItem", {"TableName": action["TableName"], "Key": action["Key"], "ConsistentRead": True})
        read = int(found.get("Item", {}).get("config_count", {"N": "0"})["N"])

        def change(_: str, names: Names, values: Values) -> str:
            values[":set"] = {"N": str(read + 1)}
            return f"SET {names['config_count']} = :set"

        return with_update("QUOTA", change)(call)(operation, parameters)

    return send


def retried_by_the_client(call: WireCall) -> WireCall:
    """A second retry layer, as botocore's own: the store does not learn of the lost response."""

    def send(operation: str, parameters: Parameters) -> dict[str, Any]:
        try:
            return call(operation, parameters)
        except ReadTimeoutError:
            return call(operation, parameters)

    return send


def deleted_without_tombstone(entries: list[Entry]) -> None:
    """The item of a configuration with a key is deleted like any other."""
    for entry in entries:
        update = entry.get("Update", {})
        if len(entries) > 1 and "deleted_at" in update.get("ExpressionAttributeNames", {}).values():
            del entry["Update"], update["UpdateExpression"]
            _tidy(update)
            entry["Delete"] = update


def key_is_free_after_delete(entries: list[Entry]) -> None:
    """A create does not look at tombstones."""
    for put in (entry["Put"] for entry in entries if "Put" in entry):
        put["ConditionExpression"] = "attribute_not_exists(PK) OR #status = :inactive"
        put["ExpressionAttributeNames"] = {"#status": "status"}
        put["ExpressionAttributeValues"] = {":inactive": {"S": "inactive"}}


def tombstone(change: Callable[[str, Names, Values], str]) -> Defect:
    """A defect of the update that leaves a tombstone."""

    def apply(text: str, names: Names, values: Values) -> str:
        return change(text, names, values) if "deleted_at" in names else text

    return with_update("CONFIG", apply)


def expires_at_once(text: str, names: Names, values: Values) -> str:
    """The tombstone has expired when it is written."""
    values[":past"] = {"N": "1"}
    return re.sub(rf"{names['expires_at']} = :\w+", f"{names['expires_at']} = :past", text)


def forgets_fingerprint(text: str, names: Names, _: Values) -> str:
    """The tombstone does not tell which request had created the configuration."""
    return f"{text}, request_fingerprint" if "REMOVE" in text and names else text


def _action(entries: list[Entry], key: str) -> Any:
    """The kind and the parameters of the action on a sort key that begins so; None if there is none."""
    for entry in entries:
        ((kind, action),) = entry.items()
        sort_key = (action.get("Key") or action["Item"])["SK"]["S"]
        if sort_key.startswith(key):
            return kind, action
    return None


def _tidy(action: dict[str, Any]) -> None:
    """Drop the names and values that no expression uses any more: DynamoDB refuses them."""
    used = " ".join(str(action.get(name, "")) for name in ("ConditionExpression", "UpdateExpression"))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {key: value for key, value in action.get(name, {}).items() if re.search(rf"{key}\b", used)}
        action.pop(name, None)
        if kept:
            action[name] = kept
