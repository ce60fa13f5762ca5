"""Records the AWS calls of the code, through botocore's event hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore import handlers


@dataclass
class Call:
    """One call, and its capacity units in DynamoDB."""

    service: str
    operation: str
    params: Mapping[str, Any]
    units: float = 0.0


@dataclass
class Calls:
    """All calls in order."""

    made: list[Call] = field(default_factory=list)

    def actions(self) -> set[str]:
        """The IAM actions that the calls need."""
        return {action for call in self.made for action in _actions(call)}


@contextmanager
def recording() -> Iterator[Calls]:
    """Records the calls of all clients that are created in this block, also after its end."""
    calls = Calls()

    def request_units(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.made.append(Call(model.service_model.service_name, model.name, dict(params)))

    def record_units(parsed: Mapping[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        each = consumed if isinstance(consumed, list) else [consumed]
        calls.made[-1].units = sum(table["CapacityUnits"] for table in each)

    hooks = [
        *[(f"provide-client-params.dynamodb.{name}", request_units) for name in _COUNTED],
        ("before-parameter-build.*.*", record),
        ("after-call.dynamodb.*", record_units),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, *hooks])
        # An existing session has no such hooks.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield calls


_COUNTED = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems", "TransactGetItems")
_IN_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}


def _actions(call: Call) -> Iterator[str]:
    # A transaction needs the actions of its items.
    if call.operation == "TransactWriteItems":
        for item in call.params["TransactItems"]:
            yield from (f"dynamodb:{_IN_TRANSACTIONS[kind]}" for kind in item)
    else:
        yield f"{call.service}:{call.operation}"
    if (call.service, call.operation) == ("s3", "GetObject"):
        # Without it, S3 responds with 403 instead of 404 if the object does not exist.
        yield "s3:ListBucket"
