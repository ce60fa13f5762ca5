"""Which calls to AWS our code makes, written down by botocore's own event hooks."""

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
    """One call, and the capacity units that DynamoDB took for it."""

    service: str
    operation: str
    params: Mapping[str, Any]
    units: float = 0.0


@dataclass
class Calls:
    """All of them, in order."""

    made: list[Call] = field(default_factory=list)

    def actions(self) -> set[str]:
        """The IAM actions that they need."""
        return {action for call in self.made for action in _actions(call)}


@contextmanager
def recording() -> Iterator[Calls]:
    """What clients that are made in this block call, then and later."""
    calls = Calls()

    def ask_for_units(params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.made.append(Call(model.service_model.service_name, model.name, dict(params)))

    def note_units(parsed: Mapping[str, Any], **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        each = consumed if isinstance(consumed, list) else [consumed]
        calls.made[-1].units = sum(table["CapacityUnits"] for table in each)

    hooks = [
        *[(f"provide-client-params.dynamodb.{name}", ask_for_units) for name in _COUNTED],
        ("before-parameter-build.*.*", note),
        ("after-call.dynamodb.*", note_units),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, *hooks])
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # one that was made earlier has no hooks of ours
        yield calls


_COUNTED = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems", "TransactGetItems")
_IN_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}


def _actions(call: Call) -> Iterator[str]:
    if call.operation == "TransactWriteItems":  # has no action of its own
        for item in call.params["TransactItems"]:
            yield from (f"dynamodb:{_IN_TRANSACTIONS[kind]}" for kind in item)
    else:
        yield f"{call.service}:{call.operation}"
    if (call.service, call.operation) == ("s3", "GetObject"):
        yield "s3:ListBucket"  # without it, S3 answers 403 where there is no object
