"""A simulated DynamoDB table: an immutable state, and the steps in which the server carries out a request.

A transaction has two phases, as in "Distributed Transactions at Scale in Amazon DynamoDB" (USENIX ATC '23):
each item is prepared (its condition evaluated, the item locked) in a step of its own, then each is committed
in a step of its own, or all locks are released. Reads see committed items at any time, so a Query, which reads
item by item, may see half of a transaction. `advance` lists the possible next steps of a request; who calls it
decides which one happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from verification.simulation.expressions import Attributes, InvalidExpression, Parser, holds
from verification.simulation.requests import WRITES, Action, Parameters, Request, Response, allows, read_key, result
from verification.simulation.state import Frozen, Item, Key, Name, State, Token

CONFLICT, FAILED, OK, DONE = "TransactionConflict", "ConditionalCheckFailed", "OK", "Done"


class Call(NamedTuple):
    """A request in progress: how far each action is, what a query has read, and in the end the response."""

    request: Request
    progress: tuple[str | None, ...] | tuple[Item, ...] = ()
    cursor: str | None = None
    response: Response | None = None

    @property
    def started(self) -> bool:
        """Whether the server has done anything for it."""
        return bool(self.progress) or self.cursor is not None


Step = tuple[str, State, Call]
"""What happens, and what is then."""


def decided(items: Frozen[Key, Item], calls: Iterable[Call]) -> Frozen[Key, Item]:
    """The items once every transaction that can no longer be cancelled is committed to the end."""
    for call in calls:
        if call.request.operation == "TransactWriteItems" and call.progress and {*call.progress} <= {OK, DONE}:
            for action, progress in zip(call.request.actions, call.progress, strict=True):
                if progress == OK:
                    item = result(action, items.get(action.key))
                    items = items.without(action.key) if item is None else items.set(action.key, item)
    return items


def advance(state: State, name: Name, call: Call) -> Iterator[Step]:
    """Every possible next step of the call, which has no response yet."""
    request = call.request
    if request.invalid:
        yield "refuse", state, call._replace(response=_error("ValidationException", request.invalid))
    elif request.operation == "TransactWriteItems":
        yield from _transact(state, name, call)
    elif request.operation in WRITES:
        yield _write(state, call)
    elif request.operation == "GetItem":
        yield from _get(state, call)
    elif request.operation == "Query":
        yield _query(state, call)
    else:
        yield "refuse", state, call._replace(response=_error("UnknownOperationException", request.operation))


def _transact(state: State, name: Name, call: Call) -> Iterator[Step]:
    request, progress = call.request, cast("tuple[str | None, ...]", call.progress)
    if not progress:
        if response := _answer_by_token(state, request):
            yield "answer by token", state, call._replace(response=response)
            return
        if request.token:
            token = Token(request.fingerprint, state.now, done=False)
            state = state._replace(tokens=state.tokens.set(request.token, token))
        progress = (None,) * len(request.actions)
    if None in progress:
        for index, action in enumerate(request.actions):
            if progress[index] is None:
                after, verdict = _prepare(state, name, action)
                yield (
                    f"prepare {action.kind} {action.key[1]}: {verdict}",
                    after,
                    call._replace(progress=_with(progress, index, verdict)),
                )
    elif any(each not in {OK, DONE} for each in progress):
        mine = [key for key, holder in state.locks.items() if holder == name]
        tokens = state.tokens.without(request.token) if request.token else state.tokens
        after = state._replace(locks=state.locks.without(*mine), tokens=tokens)
        yield "cancel", after, call._replace(response=_cancelled(progress))
    else:
        for index, action in enumerate(request.actions):
            if progress[index] == OK:
                yield _commit(state, call, index, action)


def _prepare(state: State, name: Name, action: Action) -> tuple[State, str]:
    if action.key in state.locks:
        return state, CONFLICT
    before = state.items.get(action.key)
    if not allows(action, before):
        shown = before.attributes if before and action.returns_item else None
        return state, FAILED if shown is None else f"{FAILED} {json.dumps(shown, sort_keys=True)}"
    try:
        result(action, before)
    except InvalidExpression:
        return state, "ValidationError"
    return state._replace(locks=state.locks.set(action.key, name)), OK


def _commit(state: State, call: Call, index: int, action: Action) -> Step:
    progress = _with(cast("tuple[str | None, ...]", call.progress), index, DONE)
    after = state.write(action.key, result(action, state.items.get(action.key)))
    after = after._replace(locks=after.locks.without(action.key))
    call = call._replace(progress=progress)
    if all(each == DONE for each in progress):
        if token := call.request.token:
            after = after._replace(tokens=after.tokens.set(token, after.tokens[token]._replace(done=True)))
        call = call._replace(response=_body({}))
    return f"commit {action.kind} {action.key[1]}", after, call


def _answer_by_token(state: State, request: Request) -> Response | None:
    known = state.tokens.get(request.token) if request.token else None
    if known is None:
        return None
    if known.parameters != request.fingerprint:
        return _error("IdempotentParameterMismatchException", "The parameters differ")
    return _body({}) if known.done else _error("TransactionInProgressException", "The token is in use")


def _write(state: State, call: Call) -> Step:
    (action,) = call.request.actions
    before = state.items.get(action.key)
    if action.key in state.locks:
        return CONFLICT, state, call._replace(response=_error("TransactionConflictException", "in a transaction"))
    if not allows(action, before):
        item = {"Item": before.attributes} if before and action.returns_item else {}
        response = _error("ConditionalCheckFailedException", "The conditional request failed", **item)
        return "condition fails", state, call._replace(response=response)
    try:
        after = result(action, before)
    except InvalidExpression as error:
        return "refuse", state, call._replace(response=_error("ValidationException", str(error)))
    returned = {"ALL_OLD": before, "ALL_NEW": after}.get(call.request.parameters.get("ReturnValues", "NONE"))
    body = {"Attributes": returned.attributes} if returned else {}
    return f"{action.kind} {action.key[1]}", state.write(action.key, after), call._replace(response=_body(body))


def _get(state: State, call: Call) -> Iterator[Step]:
    parameters = call.request.parameters
    key = read_key(parameters["Key"])
    seen = [state.items.get(key)]
    if not parameters.get("ConsistentRead") and state.previous is not None and key in state.previous:
        seen.append(state.previous[key])
    for item in seen:
        body = {"Item": _projected(parameters, item)} if item else {}
        yield f"read {key[1]}", state, call._replace(response=_body(body))


def _query(state: State, call: Call) -> Step:
    """Read the next item in the order of the keys; the last step finds none."""
    parameters = call.request.parameters
    condition = Parser(
        parameters.get("ExpressionAttributeNames"), parameters.get("ExpressionAttributeValues")
    ).condition(parameters["KeyConditionExpression"])
    after = call.cursor or parameters.get("ExclusiveStartKey", {}).get("SK", {"S": ""})["S"]
    later = sorted(
        (key, item) for key, item in state.items.items() if key[1] > after and holds(condition, item.attributes)
    )
    read = cast("tuple[Item, ...]", call.progress)
    full = len(read) == parameters.get("Limit")
    if later and not full:
        key, item = later[0]
        return f"read {key[1]}", state, call._replace(progress=(*read, item), cursor=key[1])
    body: dict[str, Any] = {"Items": [_projected(parameters, item) for item in read], "Count": len(read)}
    if full:
        body["LastEvaluatedKey"] = {name: read[-1].attributes[name] for name in ("PK", "SK")}
    return "end of the query", state, call._replace(response=_body(body))


def _projected(parameters: Parameters, item: Item) -> Attributes:
    expression = parameters.get("ProjectionExpression")
    if not expression:
        return item.attributes
    wanted = Parser(parameters.get("ExpressionAttributeNames")).projection(expression)
    return {name: value for name, value in item.attributes.items() if name in wanted}


def _with(progress: Iterable[str | None], index: int, verdict: str) -> tuple[str | None, ...]:
    return tuple(verdict if position == index else each for position, each in enumerate(progress))


def _cancelled(progress: Iterable[str | None]) -> Response:
    reasons: list[dict[str, Any]] = []
    for verdict in progress:
        code, _, item = (verdict or "").partition(" ")
        reasons.append({"Code": "None" if code == OK else code, **({"Item": json.loads(item)} if item else {})})
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{len(reasons)}]"
    return _error("TransactionCanceledException", message, CancellationReasons=reasons)


def _body(fields: Mapping[str, Any]) -> Response:
    return Response(json.dumps(fields, sort_keys=True))


def _error(code: str, message: str, **fields: Any) -> Response:
    return Response(json.dumps({"message": message, **fields}, sort_keys=True), code)
